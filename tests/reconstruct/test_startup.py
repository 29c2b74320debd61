"""What a single photograph waits for: nothing is loaded that it does not need."""

import subprocess
import sys

import bundles
from focus.datasets.images import write_png
from focus.datasets.landmark_table import write_landmark_table

HEAVY = ("torch._dynamo", "trimesh", "networkx", "sklearn", "skimage", "pillow_heif", "scipy.spatial", "rich")
CODE = """
import gc
import sys
from focus import cli
try:
    cli.app()
except SystemExit as done:
    assert not done.code, done.code
assert gc.isenabled() and gc.get_freeze_count() > 100_000
print("LOADED", *[name for name in {heavy!r} if name in sys.modules])
"""


def test_one_photograph_loads_no_more_than_it_needs(tmp_path):
    """A photograph would take seconds longer: torch's compiler alone is 1.5 s, loaded by what seems harmless.

    Nor would memory be collected for the rest of a long batch, as it is not while things load.
    """
    image, points = bundles.photo()
    write_png(tmp_path / "a.png", image)
    write_landmark_table(tmp_path / "points.csv", {"a.png": points})
    model = bundles.write_model(tmp_path)
    words = ["reconstruct", "a.png", "--model", str(model), "--fit", "2", "--landmarks", "points.csv", "--out", "out"]
    command = [sys.executable, "-c", CODE.format(heavy=HEAVY), *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "LOADED" and (tmp_path / "out/a/mesh.glb").is_file()
