"""Whatever a file names inside, only the file itself is opened, and nothing is started."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from focus.datasets.meshes import write_obj, write_ply
from focus.files import write_text

VERTICES = np.array([[0.0, 0, 0], [10, 0, 0], [0, 10.5, 0], [0, 0, -10]])
FACES = np.array([[0, 2, 1], [0, 1, 3]])

WATCHED = """
import sys
from pathlib import Path
from focus.datasets import images, landmark_table, meshes, now
from focus.evaluation import subsets
from focus.reconstruct import photos
reader, path = sys.argv[1], Path(sys.argv[2])
readers = {"mesh": meshes.read_mesh, "points": meshes.read_picked_points, "photo": photos.read_photo}
readers |= {"table": landmark_table.read_landmark_table, "image": images.read_image}
folder, seen = str(path.parent), set()
def hook(event, arguments):
    if event.startswith(("subprocess", "os.exec", "os.posix_spawn", "os.system", "os.fork", "socket.connect")):
        seen.add(event)
    elif event == "open" and str(arguments[0]).startswith(folder):
        seen.add(Path(str(arguments[0])).name)
sys.addaudithook(hook)
readers[reader](path)
print(*sorted(seen))
"""


def opened(reader, path):
    """Return what a reader opened beside its file, and what it started, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, reader, str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split()


def textured_ply(folder):
    """A .ply with texture coordinates at its corners, whose header names a PostScript file."""
    head = "ply\nformat ascii 1.0\ncomment TextureFile texture.png\ncomment ../x TextureFile texture.png\n"
    head += "element vertex 3\nproperty float x\nproperty float y\nproperty float z\nproperty float s\n"
    head += "property float t\nelement face 2\nproperty list uchar int vertex_indices\n"
    head += "property list uchar float texcoord\nproperty int texnumber\nend_header\n0 0 0 0 0\n1 0 0 1 0\n0 1 0 0 1\n"
    write_text(folder / "x.ply", head + "3 0 1 2 6 0 0 1 0 0 1 0\n3 0 2 1 6 .5 0 .5 0 0 .5 0\n")
    return folder / "x.ply"


def textured_obj(folder):
    """An .obj with a material library, which names the PostScript file."""
    write_obj(folder / "x.obj", VERTICES, FACES)
    write_text(folder / "x.mtl", "newmtl face\nmap_Kd texture.png\n")
    write_text(folder / "x.obj", "mtllib x.mtl\nusemtl face\n" + (folder / "x.obj").read_text())
    return folder / "x.obj"


def picked_points(folder):
    rows = "".join(f'<point x="{k}" y="0" z="0" active="1" name="{k}"/>' for k in range(7))
    text = f'<!DOCTYPE p SYSTEM "texture.png">\n<p><DataFileName name="texture.png"/>{rows}</p>'
    write_text(folder / "x.pp", text)
    return folder / "x.pp"


def photograph(folder):
    Image.new("RGB", (64, 64)).save(folder / "x.tif")
    return folder / "x.tif"


@pytest.mark.parametrize(
    ("reader", "make"),
    [
        ("mesh", textured_ply),
        ("mesh", textured_obj),
        ("points", picked_points),
        ("photo", photograph),
        ("image", photograph),
    ],
)
@pytest.mark.parametrize("texture", ["postscript", "missing"])
def test_only_the_named_file_is_opened(tmp_path, reader, make, texture):
    """A mesh from the network could start Ghostscript, or read its user's other files."""
    folder = tmp_path.resolve()
    if texture == "postscript":
        (folder / "texture.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    path = make(folder)
    assert opened(reader, path) == [path.name]


def test_the_watch_sees(tmp_path):
    """The test above could not fail."""
    write_ply(tmp_path / "x.ply", VERTICES, FACES)
    code = WATCHED.replace("readers[reader](path)", "(path.parent / 'y').write_text('')")
    done = subprocess.run([sys.executable, "-c", code, "mesh", str(Path(tmp_path, "x.ply"))], capture_output=True)
    assert done.stdout.split() == [b"y"]


def test_texture_coordinates_split_no_vertex(tmp_path):
    """A vertex number would mean another place than in the file."""
    from focus.datasets.meshes import read_mesh

    vertices, triangles, _ = read_mesh(textured_ply(tmp_path))
    assert vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]] and triangles.tolist() == [[0, 1, 2], [0, 2, 1]]
