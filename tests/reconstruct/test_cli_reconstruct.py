"""`focus reconstruct` as a person types it: one line a face, one line a failure, and the exit code."""

import csv
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import bundles
from focus import cli
from focus.datasets.images import write_png
from focus.datasets.landmark_table import write_landmark_table
from focus.reconstruct.folder import folder_names

runner = CliRunner()


@pytest.fixture
def desk(tmp_path):
    """A folder with a model, photographs a.png and b.png, and the landmarks of both."""
    image, points = bundles.photo()
    bundles.write_model(tmp_path)
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        write_png(photos / name, image)
    write_landmark_table(tmp_path / "points.csv", {"a.png": points, "b.png": points})
    return tmp_path


def run(desk, *words, landmarks=True, fit="0"):
    given = ["--landmarks", str(desk / "points.csv")] if landmarks else []
    fixed = ["--model", str(desk / "model.safetensors"), "--out", str(desk / "out"), "--fit", fit]
    return runner.invoke(cli.app, ["reconstruct", *map(str, words), *fixed, *given])


def test_folder(desk):
    """A folder would need a loop around the command."""
    done = run(desk, desk / "photos", fit="2")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["a", "b"] and lines[2].startswith("2 faces")
    assert "model trained on drawn faces" in done.stderr
    assert (desk / "out/a/mesh.glb").is_file() and (desk / "out/b/parameters.json").is_file()
    assert not (desk / "out/failures.csv").exists()


def test_batch_does_not_change_the_result(desk):
    """--batch would be more than a matter of speed."""
    images = []
    for batch in ("1", "2"):
        assert run(desk, desk / "photos", "--batch", batch).exit_code == 0
        images.append((desk / "out/b/rendered.png").read_bytes())
    assert images[0] == images[1]


def test_one_thread_unless_told_otherwise(desk):
    """On a busy machine two threads that wait for each other take many times as long as one."""
    for words, threads in ((("--threads", "2"), 2), ((), 1)):
        assert run(desk, desk / "photos/a.png", *words).exit_code == 0
        assert torch.get_num_threads() == threads


def broken(desk, name):
    """Make a bad photograph of one kind."""
    image, _ = bundles.photo()
    path = desk / "photos" / f"{name}"
    if name == "no_face.png":
        write_png(path, np.full((120, 90, 3), 90, np.uint8))
    elif name == "tiny.png":
        write_png(path, image[:9, :9].copy())
    elif name == "huge.png":
        Image.new("1", (20_000, 6_000)).save(path)
    elif name == "truncated.jpg":
        Image.fromarray(image).save(path)
        path.write_bytes(path.read_bytes()[:1500])
    else:
        path.write_text("not a photograph")
    return path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no_face.png", "no face found"),
        ("tiny.png", "9x9 pixels"),
        ("huge.png", "20000x6000 pixels"),
        ("truncated.jpg", "cannot be read"),
        ("text.jpg", "cannot be read"),
        ("missing.jpg", "no such file"),
    ],
)
def test_bad_photograph_is_one_line(desk, name, reason):
    """One bad file would stop a folder, or go unnoticed by a script."""
    path = broken(desk, name)
    if name == "missing.jpg":
        path.unlink()
    done = run(desk, path, landmarks=False)
    assert done.exit_code == 3
    told = [line for line in done.stderr.splitlines() if not line.startswith("model trained")]
    assert len(told) == 1 and reason in told[0] and str(path) in told[0]
    with (desk / "out/failures.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    assert row["photo"] == str(path) and reason in row["reason"]


@pytest.mark.parametrize("form", ["grey", "deep", "cmyk", "moving"])
def test_unusual_photograph_goes_through(desk, form):
    """Grey, 16-bit, CMYK and animated files would fail, or be reconstructed from wrong colours."""
    image, points = bundles.photo()
    grey = image.mean(2).astype(np.uint8)
    name = {"grey": "c.png", "deep": "c.png", "cmyk": "c.tif", "moving": "c.gif"}[form]
    path = desk / "photos" / name
    if form == "deep":
        Image.fromarray(grey.astype(np.uint16) * 257).save(path)
    elif form == "moving":
        Image.fromarray(image).save(path, save_all=True, append_images=[Image.new("RGB", (200, 160))])
    else:
        Image.fromarray(grey if form == "grey" else image).convert({"grey": "L", "cmyk": "CMYK"}[form]).save(path)
    write_landmark_table(desk / "points.csv", {name: points})
    done = run(desk, path)
    assert done.exit_code == 0 and done.stdout.startswith("c: "), done.output


def test_some_failed(desk):
    """Good photographs beside a bad one would be lost."""
    done = run(desk, desk / "photos", broken(desk, "text.jpg").parent)
    assert done.exit_code == 3 and "failed, see" in done.stdout.splitlines()[-1]
    assert (desk / "out/a/mesh.obj").is_file()


def test_unwritable_output(desk, monkeypatch, capsys):
    """All the work would be done before it is found out that nothing can be kept."""
    (desk / "out").write_text("a file in the way")
    words = [
        "reconstruct",
        str(desk / "photos"),
        "--model",
        str(desk / "model.safetensors"),
        "--out",
        str(desk / "out"),
    ]
    monkeypatch.setattr(sys, "argv", ["focus", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    told = capsys.readouterr().err
    assert caught.value.code == 1 and told.count("\n") == 1 and "cannot write there" in told


def test_wrong_usage(desk):
    """A script would take a typing error for a failed photograph."""
    assert runner.invoke(cli.app, ["reconstruct"]).exit_code == 2


def test_folder_names():
    """Two photographs of one name would overwrite each other."""
    from pathlib import Path

    files = [Path("x/a.png"), Path("y/a.jpg"), Path("z/a.png"), Path("w/a.png")]
    assert folder_names(files) == ["a", "a_jpg", "a_png", "a-2"]


def test_import_focus_is_quick():
    """`import focus` would take torch's two seconds, and so would `focus --help`."""
    code = "import sys, focus, focus.cli; print('torch' in sys.modules, 'Reconstructor' in focus.__all__)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": "src"})
    assert found.stdout.split() == ["False", "True"], found.stderr
