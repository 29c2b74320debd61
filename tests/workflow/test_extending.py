"""docs/extending.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def blocks(title: str) -> list[str]:
    """Return the code blocks of one section of the page."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"```\w+\n(.*?)```\n", section, re.DOTALL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project with code, settings and profiles of its own."""
    for name in ("src", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return tmp_path


def insert(file: Path, anchor: str, text: str) -> None:
    """Put text before the one place where an anchor stands."""
    content = file.read_text(encoding="utf-8")
    assert content.count(anchor) == 1, (file, anchor)
    file.write_text(content.replace(anchor, text + anchor), encoding="utf-8")


def add_method(copy: Path, text: str) -> None:
    insert(copy / "params.yaml", "\ncorrected:", text)


def run(copy: Path, code: str) -> str:
    """Run code on the copy, and return what it prints."""
    variables = {**os.environ, "PYTHONPATH": os.fspath(copy / "src")}
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, env=variables, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def test_a_method(copy):
    """A method by a few lines of YAML would be refused, or be FOCUS again."""
    add_method(copy, *blocks("A method of your own making"))
    code = (
        "from focus.settings import read_params; v = read_params().variants['FOCUS-printed']; print(v.preset, v.rounds)"
    )
    assert run(copy, code) == "paper 3"


def test_a_loss_term(copy):
    """A reader's new term would be unknown to the settings, or never be computed."""
    equation, entry, name, method = blocks("A loss term")
    losses = copy / "src/focus/losses/equations.py"
    insert(losses, "def inlier_log_likelihood(", equation + "\n\n")
    insert(losses, '            "binary": lambda', entry)
    insert(copy / "src/focus/settings/terms.py", '    Term("binary"', name)
    add_method(copy, method)
    code = """
import torch
from focus.losses import equations as losses
from focus.settings import read_params
variant = read_params().variants["FOCUS-smooth"]
mask, images = torch.eye(4)[None, None], torch.zeros(1, 3, 4, 4)
given = dict(target=images, rendering=images, mask=mask, rendered_mask=torch.ones_like(mask))
_, terms = losses.segmentation_loss(variant.segmentation_weights, {}, **given)
print(round(float(terms["smoothness"]), 4))
"""
    assert run(copy, code) == "0.5"  # 6 of 12 differences down, and across, are 1


def test_a_metric(copy):
    """A reader's new metric would have no column, or be printed without its unit."""
    function, reading, entry = blocks("A metric")
    fitting = copy / "src/focus/evaluation/image_fitting.py"
    insert(fitting, "READINGS: dict", function + "\n\n")
    insert(fitting, '    "masked_mean": masked_mean', reading)
    insert(copy / "src/focus/registry/metrics.py", '    "acc": _score("ACC")', entry)
    code = """
import numpy as np
from pathlib import Path
from focus.evaluation.per_image import FITS, write_figures
from focus.registry.metrics import metric
from focus.report.results import read_images
images = np.full((2, 2, 3), 0.2), np.full((2, 2, 3), 0.6)
fit = FITS["mean_absolute"](*images, np.ones((2, 2)), np.ones((2, 2)))
row = {"testset": "AR", "subset": "scarf", "image": "a", "mean_absolute": fit, "subject": "", "occluder": ""}
write_figures(Path("metrics"), "FOCUS", [row], {})
measure = metric("mean_absolute")
print(read_images(Path("metrics/images.csv"))["mean_absolute"][0], measure.difference(fit), measure.unit)
"""
    assert run(copy, code) == "102.0 +102.000 MAE"


def test_a_table(copy):
    """A reader's new table would be refused by the settings, or lack its schema, layout or files."""
    entry, method = blocks("A table")
    insert(copy / "src/focus/registry/tables.py", '}  # fmt: skip\n"""Number -> table', entry)
    add_method(copy, method)
    code = """
import numpy as np, pandas as pd
from pathlib import Path
from focus.evaluation.per_image import write_figures
from focus.report.results import load_results
from focus.report.tables import build_tables
from focus.report.write import write_table
from focus.settings import read_params
methods = {"FOCUS-long": read_params().variants["FOCUS-long"].tables}
facts = {"testset": "AR", "subset": "sidelight", "subject": "", "occluder": "", "acc": 1, "ppv": 1, "tpr": 1}
rows = [facts | {"image": str(k), "rmse": 5 + k, "f1": 0.5} for k in range(3)]
write_figures(Path("metrics"), "FOCUS-long", rows, {})
frame = build_tables(load_results([Path("metrics")]), methods, missing={"AR": "none", "NoW": "none"})[6]
write_table(Path("tables"), 6, frame, "note")
print(Path("tables/table6.md").read_text().splitlines()[-1])
"""
    assert run(copy, code) == "| FOCUS-long | 6.00 ± 0.82 | 1.00 | 1.00 | 1.00 | 0.50 ± 0.00 |"


def test_a_claim(copy):
    """A reader's claim would not be evaluated, or change the draws of the others."""
    (row,) = blocks("A claim")
    with (copy / "src/focus/report/paper/claims.csv").open("a", encoding="utf-8") as file:
        file.write(row)
    code = """
import numpy as np
from pathlib import Path
from focus.evaluation.per_image import write_figures
from focus.report.results import load_results
from focus.report.verdicts import evaluate_claims
facts = {"testset": "NoW", "subset": "occluded", "subject": "", "occluder": ""}
for method, error in (("FOCUS", 2.0), ("FOCUS-TTA", 1.5)):
    rows = [facts | {"image": str(k), "now_median": error + k, "points": 9} for k in range(3)]
    pooled = {"median": error, "mean": error, "std": 0, "images": 3}
    write_figures(Path(method), method, rows, {"all": pooled})
found = evaluate_claims([[load_results([Path("FOCUS"), Path("FOCUS-TTA")])]], np.random.default_rng(0), resamples=9)
print(found[-1]["id"], found[-1]["margin"], found[-1]["holds"])
"""
    assert run(copy, code) == "18-NoW-Occluded 0.5 True"


def test_a_test_set(copy):
    """A reader's new test set would not be read, measured or accepted in images.csv, or DVC miss its files."""
    entry, images, split = blocks("A test set")
    testsets, dvc = copy / "src/focus/registry/testsets.py", copy / "dvc.yaml"
    insert(testsets, '        TestSet("NoW"', entry)
    insert(testsets, '    "NoW": _one("NoW")', images)
    shutil.copy(ROOT / "dvc.yaml", dvc)
    insert(dvc, "      now: {raw: now}\n", split)
    text = dvc.read_text()
    for known in ("data/packed/ar", "data/raw/ar", "results/landmarks/ar.json"):
        new = known.replace("/ar", "/street")
        text = text.replace(f"- {known}\n", f"- {known}\n      - {new}\n").replace(f", {known},", f", {known}, {new},")
    dvc.write_text(re.sub(r"(?m)^      - (.*street.*)\n(?=        - )", r"        - \1\n", text))
    code = """
import numpy as np, yaml
from dataclasses import replace
from pathlib import Path
from focus import settings
from focus.datasets.images import write_png
from focus.datasets.packed import pack
from focus.evaluation.per_image import image_row, write_figures
from focus.registry.tables import RMSE
from focus.registry.testsets import TESTSETS
from focus.report.results import load_results
from focus.report.tables import value
from focus.stages import landmarks, paths, predictions
for kind in ("sunglasses", "facemask"):
    write_png(Path(f"data/raw/street/images/{kind}/1.png"), np.full((8, 8, 3), 51, np.uint8))
    write_png(Path(f"data/raw/street/masks/{kind}/1.png"), np.full((8, 8), 255, np.uint8))
found = landmarks.samples_of(settings.load(landmarks.Settings), "street")
street, points = TESTSETS["Street"], np.zeros((68, 2))
packed = pack(paths.PACKED / street.split, [replace(sample, landmarks=points) for sample in found])
subsets, drawn = predictions.membership(street, packed), np.zeros((8, 8, 3))
rows = [image_row(packed, k, drawn, np.ones((8, 8)), None) | {"testset": "Street"} for k in range(2)]
write_figures(Path("metrics"), "FOCUS", rows, {})
print(subsets["facemask/1.png"], value(load_results([Path("metrics")]), "run", "FOCUS", "Street-sunglasses", RMSE))
stages = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
assert {"data/packed/street", "data/raw/street"} <= set(stages["evaluate"]["do"]["deps"])
assert "street" in stages["landmarks"]["foreach"]
assert all("results/landmarks/street.json" in stages[name]["deps"] for name in ("tables", "figures", "report"))
"""
    assert run(copy, code) == "facemask (51.0, 0.0, 1)"


def test_a_mask_source(copy):
    """A reader's new mask source would be refused by the settings, or not be found by its name."""
    source, name, method = blocks("A mask source")
    function, entry = source.split('\n\nMASKS["disc"]')
    masks, params = copy / "src/focus/masks/sources.py", copy / "src/focus/settings/params.py"
    insert(masks, "MASKS: dict[str, MaskSource]", function.strip() + "\n\n\n")
    insert(masks, "\ndef mask_source(", f'\nMASKS["disc"]{entry}\n')
    content = params.read_text(encoding="utf-8")
    params.write_text(re.sub(r"(T\w+Mask = Literal\[)", rf"\1{name.strip()} ", content), encoding="utf-8")
    add_method(copy, method)
    code = """
import torch
from focus.masks.sources import mask_source
from focus.settings import read_params
whole = torch.ones(1, 1, 9, 9)
variant = read_params().variants["Backbone-disc"]
mask = mask_source(variant.test_mask)(torch.zeros(1, 3, 9, 9), torch.zeros(1, 3, 9, 9), whole, None, None)
print(int(mask[0, 0, 4, 4]), int(mask[0, 0, 0, 0]), variant.training_mask)
"""
    assert run(copy, code) == "1 0 disc"


def new_file(copy: Path, name: str, content: str) -> None:
    place = copy / "src/focus" / name
    assert not place.exists()
    place.write_text(content, encoding="utf-8")


def new_profile(copy: Path, text: str) -> None:
    """Write a profile "own": demo's, with the page's sections merged into it."""
    content = yaml.safe_load((copy / "profiles/demo.yaml").read_text(encoding="utf-8"))
    for section, values in yaml.safe_load(text).items():
        content[section] = {**content[section], **values}
    (copy / "profiles/own.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def test_a_landmark_detector(copy):
    """A reader's detector would be refused by the settings, or not be found by the stage."""
    detector, profile = blocks("A landmark detector")
    new_file(copy, "landmarks/detectors/mirrored.py", detector)
    new_profile(copy, profile)
    code = """
import numpy as np
from focus.landmarks import Face
from focus.landmarks.detectors import mediapipe
from focus.settings import read_profile
from focus.stages import build

class Seeing:
    name = "seeing"
    def detect(self, images, names=()):
        points = lambda image: np.stack([np.arange(68) + image[0, 0, 0], np.arange(68)], 1).astype(np.float32)
        return [[Face(points(image), float(image[0, 0, 1]))] for image in images]

mediapipe.make = lambda *_: Seeing()
profile = read_profile("own")
image = np.zeros((8, 100, 3), np.uint8)
image[0, 0], image[0, -1] = (10, 9, 0), (20, 7, 0)
((face,),) = build.detector(profile.detector, "ar", profile.compute).detect([image])
print(face.score, *face.landmarks[27], *face.landmarks[0])
"""
    # iBUG's point 27 mirrors to itself: x = (27 + 10 + 99 - 27 - 20) / 2; point 0 to 16: (0 + 10 + 99 - 16 - 20) / 2
    assert run(copy, code) == "7.0 44.5 27.0 36.5 8.0"


def test_a_backbone(copy):
    """A reader's backbone would be refused by the settings, or R would not be built with it."""
    backbone, profile = blocks("A backbone")
    new_file(copy, "networks/encoders/plain.py", backbone)
    new_profile(copy, profile)
    code = """
import torch
from focus.model import factory
from focus.settings import read_profile
profile = read_profile("own")
class Model:
    n_shape = n_expression = n_albedo = 4
encoder = factory.face_encoder(Model, profile.image.side, profile.encoder)
theta = encoder(torch.rand(2, 3, 64, 64))
theta.sum().backward()
print(type(encoder.network).__name__, *theta.shape, int(theta.any()), int(encoder.network.fc.weight.grad.any()))
"""
    assert run(copy, code) == "PlainEncoder 2 45 0 1"


def test_a_face_model(copy):
    """A reader's face model would be refused by the settings, or stage face_model would read it as a Basel model."""
    kind, profile = blocks("A face model")
    new_file(copy, "face_model/kinds/scans.py", kind)
    new_profile(copy, profile)
    code = """
from pathlib import Path
import numpy as np
from focus.errors import FocusError
from focus.face_model import FaceModel
from focus.settings import read_params, read_profile, select
from focus.stages import face_model, paths
rng = np.random.default_rng(0)
parts = {name: rng.normal(size=(90, 50)) for name in ("shape_basis", "expression_basis", "albedo_basis")}
parts |= {name: rng.normal(size=(30, 3)) for name in ("shape_mean", "expression_mean", "albedo_mean")}
parts |= {"triangles": np.array([[0, 1, 2]]), "landmarks68": np.arange(68) % 30, "landmarks_now": np.arange(7)}
np.savez("scans.npz", **parts)
chosen = select(face_model.Settings, read_profile("own"), read_params())
chosen.assets.__dict__["bfm"] = Path("scans.npz")
face_model.work(chosen)
model = FaceModel.load(paths.RENDERED_MODEL)
print(model.name, model.n_shape, model.n_expression, model.vertex_count, end=" ")
np.savez("scans.npz", **{name: value for name, value in parts.items() if name != "albedo_mean"})
try:
    face_model.work(chosen)
except FocusError as error:
    print("scans.npz" in str(error) and "albedo_mean" in str(error))
"""
    assert run(copy, code) == "scans 40 10 30 True"
