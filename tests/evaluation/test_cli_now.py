"""`focus now evaluate` and `focus now distance` as a person types them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from focus.cli.now import app
from focus.datasets.meshes import write_obj
from focus.errors import FocusError

POINTS = "<!DOCTYPE PickedPoints>\n<PickedPoints>\n{}</PickedPoints>\n"


def write_points(path: Path, landmarks: np.ndarray) -> None:
    rows = [
        f'<point x="{x}" y="{y}" z="{z}" active="1" name="{k}"/>\n' for k, (x, y, z) in enumerate(landmarks.tolist())
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(POINTS.format("".join(rows)))


@pytest.fixture
def now_root(face, scan_set, tmp_path) -> Path:
    """NoW's published layout with one person's scan; the other's is missing."""
    from PIL import Image

    root = tmp_path / "NoW"
    for line in scan_set.names:
        picture = root / "NoW_Dataset" / "final_release_version" / "iphone_pictures" / line
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(picture)
    (root / "imagepathsvalidation.txt").write_text("\n".join(scan_set.names) + "\n")
    triangle = np.array([[0, 1, 2]])
    write_obj(root / "scans" / "FaMoS_1" / "natural_head_scan.000001.obj", face["scan_vertices"], triangle)
    write_points(
        root / "scans_lmks_onlypp" / "FaMoS_1" / "natural_head_scan.000001_picked_points.pp", face["scan_landmarks"]
    )
    return root


def test_evaluate(now_root, predictions, tmp_path) -> None:
    """If this fails the command of docs/running.md does not evaluate a set in the published layout."""
    result = CliRunner().invoke(app, ["evaluate", str(now_root), str(predictions), "--out", str(tmp_path / "out")])
    assert result.exit_code == 3, result.output  # as reconstruct: some failed
    assert "points of 3 of 4 images" in result.stdout
    assert "failed: FaMoS_2/selfie/IMG_0004.jpg" in result.stderr
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["curve.csv", "curve.png", "images.csv", "summary.json"]


def test_the_tutorials_method_is_measured(now_root, face, tmp_path, monkeypatch) -> None:
    """A reader who follows docs/tutorial.md with a method of their own would get an error in place of a value."""
    tutorial = (Path(__file__).parents[2] / "docs/tutorial.md").read_text(encoding="utf-8")
    section = tutorial[tutorial.index("## Your method on NoW") :]
    code = re.search(r"^```python\n(.*?)^```", section, re.S | re.M)[1]
    command = re.search(r"^focus (now evaluate .*)$", section, re.M)[1]
    answer = tuple(face[f"prediction_{name}"] for name in ("vertices", "triangles", "landmarks"))
    seen = []
    monkeypatch.chdir(tmp_path)  # where the fixture's NoW lies
    exec(code, {"predict": lambda picture: seen.append(picture.is_file()) or answer})
    assert seen == [True] * 4
    result = CliRunner().invoke(app, command.split()[1:])
    assert result.exit_code == 3 and "points of 3 of 4 images" in result.stdout, result.output
    named = set(re.findall(r"`(?:measured/)?(\w+\.(?:csv|png))`", section))
    assert named and all((tmp_path / "measured" / name).is_file() for name in named)


def test_evaluate_all(now_root, predictions, tmp_path) -> None:
    """A script would take a complete evaluation for one in which images failed, or the other way round."""
    words = [str(now_root), str(predictions), "--out", str(tmp_path / "out"), "--challenge", "multiview_neutral"]
    result = CliRunner().invoke(app, ["evaluate", *words])
    assert result.exit_code == 0 and "failed" not in result.stderr, result.output


def test_evaluate_nothing(now_root, tmp_path) -> None:
    """If this fails an empty folder of predictions ends well, or without its table of reasons."""
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(
        app, ["evaluate", str(now_root), str(tmp_path / "empty"), "--out", str(tmp_path / "out")]
    )
    assert isinstance(result.exception, FocusError) and "none of 4 images" in str(result.exception)
    assert (tmp_path / "out" / "images.csv").is_file()


def test_distance(now_root, predictions) -> None:
    """If this fails one pair is not measured, or the JSON has other keys than promised."""
    stem = predictions / "FaMoS_1" / "multiview_neutral" / "IMG_0001"
    arguments = ["--scan", str(next(now_root.glob("scans/*/*.obj")))]
    arguments += ["--scan-landmarks", str(next(now_root.glob("scans_lmks_onlypp/*/*.pp")))]
    arguments += ["--prediction", f"{stem}.obj", "--landmarks", f"{stem}.npy"]
    result = CliRunner().invoke(app, ["distance", *arguments, "--metrical", "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert list(figures) == ["median", "mean", "std", "points"]
    assert figures["mean"] == pytest.approx(0.968, abs=0.03)  # a twentieth of the reference scan's points
    assert " mm, " in CliRunner().invoke(app, ["distance", *arguments]).stdout


def test_help_imports_little() -> None:
    """If this fails `focus --help` waits for numerical libraries."""
    code = "import sys, focus.cli.now; print([m for m in ('numpy', 'igl', 'torch', 'matplotlib') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(("unit", "size"), [("cm", 0.1), ("m", 0.001)])
def test_unit(now_root, predictions, face, tmp_path, unit, size) -> None:
    """If this fails metrical predictions in centimetres or metres, which most methods write, cannot be measured."""
    figures = {}
    for words in ((), ("--unit", unit)):
        out = tmp_path / f"out{len(words)}"
        command = ["evaluate", str(now_root), str(predictions), "--out", str(out), "--metrical", *words]
        assert CliRunner().invoke(app, command).exit_code == 3  # one scan is missing
        figures[words] = json.loads((out / "summary.json").read_text())["pooled"]
        for mesh in predictions.rglob("*.obj"):
            write_obj(mesh, size * face["prediction_vertices"], face["prediction_triangles"])
            np.save(mesh.with_suffix(".npy"), size * face["prediction_landmarks"])
    in_mm, in_unit = figures.values()
    assert in_unit["points"] == in_mm["points"] > 0
    assert in_unit["mean"] == pytest.approx(in_mm["mean"], abs=5e-3)  # .obj files have six decimals, here of metres
