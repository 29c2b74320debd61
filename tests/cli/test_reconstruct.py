"""`focus reconstruct` as a person types it: one line a face, one line a failure, and the exit code."""

import csv
import errno
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import bundles
from focus import cli
from focus.datasets.images import write_png
from focus.datasets.landmark_table import write_landmark_table
from focus.errors import FocusError
from focus.reconstruct import batch, names
from focus.reconstruct.names import Folders, old_faces

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
    said = r": 1 face, (not )?occluded \(\d+ % outliers\), landmarks within \d+\.\d % of the face, \d+\.\d s"
    for line, name in zip(lines, ("a.png", "b.png"), strict=False):
        assert re.fullmatch(re.escape(str(desk / "photos" / name)) + said, line), line
    summary = r"2 photographs, 2 faces \(\d occluded\) in .*, 0 failures, \d+\.\d\d photographs a second"
    assert re.fullmatch(summary, lines[2]) and len(lines) == 3
    assert "model trained on drawn faces" in done.stderr
    assert (desk / "out/a/mesh.glb").is_file() and (desk / "out/b/parameters.json").is_file()
    assert not (desk / "out/failures.csv").exists()


def test_batch_does_not_change_the_result(desk):
    """--batch would be more than a matter of speed."""
    images = []
    for size in ("1", "2"):
        assert run(desk, desk / "photos", "--batch", size).exit_code == 0
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
    told = [line for line in done.stderr.splitlines() if not line.startswith(("model trained", "faces are looked for"))]
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
    assert done.exit_code == 0 and f"{name}: 1 face" in done.stdout, done.output


def test_some_failed(desk):
    """Good photographs beside a bad one would be lost."""
    done = run(desk, desk / "photos", broken(desk, "text.jpg").parent)
    assert done.exit_code == 3 and "1 failure (" in done.stdout.splitlines()[-1]
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


def test_every_face_has_a_folder_of_its_own(tmp_path):
    """A photograph's faces would overwrite another's of that name, or of one that differs in upper and lower case."""
    folders = Folders(tmp_path)
    files = ["x/a.png", "y/a.jpg", "z/a.png", "w/a.png", "a_1.png", "A.tif", "x/a.png"]
    names = [folders.photograph(Path(file)) for file in files]
    assert names == ["a", "a_jpg", "a_png", "a-2", "a_1", "A_tif", "a-3"]
    assert folders.faces("a", 2) == ["a_2", "a_3"] and folders.faces("a_1", 1) == ["a_1"]


def test_one_name_in_two_spellings(tmp_path):
    """On a disk that takes both ways to write `é` for one, the second face would replace the first."""
    folders = Folders(tmp_path)
    names = [folders.photograph(Path(f"{folder}/{name}.png")) for folder, name in (("x", "\xe9"), ("y", "e\u0301"))]
    assert names == ["\xe9", "e\u0301_png"]


def test_a_reason_of_two_lines(desk, monkeypatch):
    """A reason that names another file than the photograph could write a line of its own."""

    def odd(path):
        raise OSError(errno.EACCES, "Permission denied", "two\nlines/mesh.obj")

    monkeypatch.setattr(batch, "read_photo", odd)
    done = run(desk, desk / "photos/a.png")
    assert "a.png: two\\x0alines/mesh.obj: Permission denied" in done.stderr and "\nlines" not in done.stderr


def test_looking_whether_a_folder_can_be_written_touches_nothing(tmp_path):
    """A person's file would vanish, or two jobs that begin together would stop each other."""
    (tmp_path / ".focus").write_text("mine")
    batch.writable(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [".focus"] and (tmp_path / ".focus").read_text() == "mine"


def test_a_closed_folder_among_the_results(tmp_path, monkeypatch):
    """All would be done, and end without a word of it, for a folder of OUT that is another person's."""

    def closed(folder):
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    (tmp_path / "a").mkdir()
    monkeypatch.setattr(names, "strangers", closed)
    assert list(old_faces(tmp_path, {"a": "a.png"}, set())) == []


def test_a_name_that_the_terminal_cannot_show(tmp_path, monkeypatch):
    """A photograph's line would be a traceback where the terminal is not UTF-8, and the last of the batch."""
    terminal = io.TextIOWrapper(io.BytesIO(), "ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "argv", ["focus", "schemas", str(tmp_path / "\xe9")])
    with pytest.raises(SystemExit) as done:
        cli.main()
    assert not done.value.code and b"\\xe9/params.schema.json" in terminal.buffer.getvalue()


@pytest.mark.parametrize(
    ("file", "name"), [("...jpg", "photo"), (".hidden.png", "hidden"), ("failures.csv.png", "failures_csv_png")]
)
def test_no_name_leads_out_of_the_folder(tmp_path, file, name):
    """A photograph called `...jpg`, from somebody's archive, would wipe what lies beside OUT."""
    assert Folders(tmp_path).photograph(Path(file)) == name


def test_many_photographs_are_named_quickly(tmp_path):
    """Naming 30,000 photographs of one name would take minutes before the first is read."""
    folders = Folders(tmp_path)
    names = {folders.photograph(Path(f"{folder}/a{folder % 5000}.jpg")) for folder in range(10_000)}
    assert len(names) == 10_000


def test_nothing_but_a_face_is_replaced(desk):
    """`focus reconstruct holiday.jpg --out .` would wipe the folder `holiday`."""
    keepsake = desk / "out/a/keepsake.txt"
    keepsake.parent.mkdir(parents=True)
    keepsake.write_text("mine")
    for _ in range(2):  # b's folder, of the first time, is replaced by the second
        done = run(desk, desk / "photos")
        assert done.exit_code == 3 and "keepsake.txt" in done.stderr and "b.png: 1 face" in done.stdout
        assert keepsake.read_text() == "mine" and (desk / "out/b/mesh.glb").is_file()


def test_a_file_in_the_way_of_a_face(tmp_path):
    """A file or a link with a face's name would be replaced, or end in a traceback."""
    (tmp_path / "a").write_text("mine")
    (tmp_path / "b").symlink_to(tmp_path)
    for name in ("a", "b"):
        with pytest.raises(FocusError, match="nothing is replaced"):
            Folders(tmp_path).faces(name, 1)


def test_import_focus_is_quick():
    """`import focus` would take torch's two seconds, and so would `focus --help`."""
    code = "import sys, focus, focus.cli; print('torch' in sys.modules, 'Reconstructor' in focus.__all__)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": "src"})
    assert found.stdout.split() == ["False", "True"], found.stderr


def test_two_people_of_one_name(desk):
    """Both would be reconstructed from one row of landmarks."""
    image, points = bundles.photo()
    for folder in ("p1", "p2"):
        (desk / folder).mkdir()
        write_png(desk / folder / "a.png", image)
    done = run(desk, desk / "p1", desk / "p2")
    assert done.exit_code == 3 and done.stderr.count("row a.png fits") == 2
    write_landmark_table(desk / "points.csv", {"p1/a.png": points, "p2/a.png": points + 1})
    assert run(desk, desk / "p1", desk / "p2").exit_code == 0
    first, second = ((desk / "out" / name / "landmarks.csv").read_text() for name in ("a", "a_png"))
    assert first != second


def test_two_rows_are_two_faces(desk):
    """A photograph of two people could not be given its landmarks."""
    text = (desk / "points.csv").read_text()
    (desk / "points.csv").write_text(text + text)
    done = run(desk, desk / "photos/a.png")
    assert done.exit_code == 0 and (desk / "out/a_1/mesh.obj").is_file() and (desk / "out/a_2/mesh.obj").is_file()


def test_landmarks_in_another_convention(desk):
    """A face would be made of what lies beside it."""
    image, points = bundles.photo()
    write_landmark_table(desk / "points.csv", {"a.png": (0, len(image)) + points * (1, -1), "b.png": points})
    done = run(desk, desk / "photos")
    assert done.exit_code == 3 and "look with y upwards" in done.stderr and (desk / "out/b/mesh.obj").is_file()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 242 + ".png", "has 242 bytes, expected at most 241"),
        ("é" * 125 + ".png", "has 250 bytes"),
        (os.fsdecode(b"caf\xe9.png"), "not UTF-8"),
    ],
)
def test_odd_names_do_not_stop_the_others(desk, name, reason):
    """One photograph's name would end a whole batch, without a list of what failed."""
    (desk / "photos" / name).write_bytes((desk / "photos/a.png").read_bytes())
    table = desk / "points.csv"
    content = table.read_bytes()
    row = content.splitlines()[0].partition(b",")[2]
    table.write_bytes(content + (name.encode() if reason != "not UTF-8" else b"*") + b"," + row + b"\n")
    done = run(desk, desk / "photos")
    assert done.exit_code == 3 and (desk / "out/a/mesh.obj").is_file() and (desk / "out/b/mesh.obj").is_file()
    with (desk / "out/failures.csv").open(encoding="utf-8") as stream:
        (failed,) = csv.DictReader(stream)
    assert name[:3] in failed["photo"] and failed["reason"]
    if reason != "not UTF-8":
        assert reason in failed["reason"]


@pytest.mark.parametrize("content", [b"no photograph", None])
def test_a_broken_photograph_of_an_odd_name(desk, content):
    """The line that names it would be a traceback."""
    path = desk / "photos" / os.fsdecode(b"caf\xe9.jpg")
    path.write_bytes(content or (desk / "photos/a.png").read_bytes())
    done = run(desk, desk / "photos", landmarks=False)
    assert done.exit_code == 3 and "caf\\xe9.jpg" in done.stderr and done.exception.__class__ is SystemExit
    assert "caf\\xe9.jpg" in (desk / "out/failures.csv").read_text(encoding="utf-8")


def test_a_name_of_the_longest_length(desk):
    """A photograph that could be written would be refused."""
    (desk / "photos" / ("x" * 241 + ".png")).write_bytes((desk / "photos/a.png").read_bytes())
    _, points = bundles.photo()
    write_landmark_table(desk / "points.csv", {f"{'x' * 241}.png": points})
    assert run(desk, desk / "photos" / f"{'x' * 241}.png").exit_code == 0


def test_what_is_said_of_a_group(desk):
    """A line would tell of one face where there are two."""
    text = (desk / "points.csv").read_text()
    (desk / "points.csv").write_text(text + text)
    done = run(desk, desk / "photos/a.png", "--batch", "1")
    line, summary = done.stdout.splitlines()
    assert re.search(r"a\.png: 2 faces, \d occluded \(\d+ and \d+ % outliers\), landmarks within", line)
    assert summary.startswith("1 photograph, 2 faces (")


def test_a_face_that_is_no_longer_found_is_removed(desk):
    """OUT would hold a face of an earlier run as if it were of this one."""
    text = (desk / "points.csv").read_text()
    (desk / "points.csv").write_text(text + text)
    run(desk, desk / "photos")
    (desk / "points.csv").write_text(text)
    (desk / "out/b_2/keepsake.txt").write_text("mine")
    done = run(desk, desk / "photos/a.png", desk / "photos/b.png")
    assert {folder.name for folder in (desk / "out").iterdir()} == {"a", "b", "b_2"}
    assert done.exit_code == 0 and done.stderr.count("removed") == 3
    (desk / "photos/a.png").write_text("no photograph")
    done = run(desk, desk / "photos/a.png")
    assert "is of an earlier run" in done.stderr and (desk / "out/a/mesh.obj").is_file()


def test_another_photographs_face_is_not_removed(desk):
    """`a.png` and then `a_1.png` into one folder would leave one of them."""
    image, points = bundles.photo()
    write_png(desk / "photos/a_1.png", image)
    write_landmark_table(desk / "points.csv", {"a.png": points, "a_1.png": points})
    for name in ("a_1.png", "a.png"):
        assert run(desk, desk / "photos" / name).exit_code == 0
    assert (desk / "out/a_1/mesh.obj").is_file() and (desk / "out/a/mesh.obj").is_file()


def test_one_bad_row_leaves_the_other_faces(desk):
    """One face too small to be cut out, or one wrong row, would lose all faces of its photograph."""
    _, points = bundles.photo()
    middle = points.mean(0)
    rows = [points, middle + (points - middle) * 1e-4 * [1, 1], (0, 160) + points * (1, -1)]
    cells = [",".join(["a.png", *(f"{value:.6f}" for value in row.ravel())]) for row in rows]
    (desk / "points.csv").write_text("\n".join(cells) + "\n")
    done = run(desk, desk / "photos/a.png")
    assert done.exit_code == 3 and "a.png: 1 face" in done.stdout and (desk / "out/a/mesh.obj").is_file()
    with (desk / "out/failures.csv").open() as stream:
        reasons = [row["reason"] for row in csv.DictReader(stream)]
    assert len(reasons) == 2 and "line 2" in reasons[0] and "line 3" in reasons[1] and "y upwards" in reasons[1]


@pytest.mark.parametrize("error", [ValueError("odd"), MemoryError(), OSError(errno.ENAMETOOLONG, "long", "x")])
def test_nothing_of_one_photograph_ends_the_batch(desk, monkeypatch, error):
    """What no one thought of, in one photograph's file, would lose the hundred after it."""
    plain = batch.read_photo

    def odd(path):
        if path.name == "a.png":
            raise error
        return plain(path)

    monkeypatch.setattr(batch, "read_photo", odd)
    done = run(desk, desk / "photos")
    assert done.exit_code == 3 and (desk / "out/b/mesh.obj").is_file()
    assert str(desk / "photos/a.png") in (desk / "out/failures.csv").read_text()


def test_a_face_that_fails_does_not_fail_its_batch(desk, monkeypatch):
    """Seven good faces would be lost with the eighth of their batch."""
    plain = batch.Worker._reconstruct

    def odd(worker, waiting):
        if any(one.folder == "a" for one in waiting):
            raise RuntimeError("singular")
        return plain(worker, waiting)

    monkeypatch.setattr(batch.Worker, "_reconstruct", odd)
    done = run(desk, desk / "photos")
    assert done.exit_code == 3 and (desk / "out/b/mesh.obj").is_file() and not (desk / "out/a").exists()
    assert "RuntimeError: singular" in (desk / "out/failures.csv").read_text()


def test_a_broken_disk_ends_the_batch(desk, monkeypatch):
    """A full disk would be told once for each of ten thousand photographs."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "out")

    monkeypatch.setattr(batch.FaceWriter, "write", full)
    done = run(desk, desk / "photos")
    assert isinstance(done.exception, OSError) and done.exception.errno == errno.ENOSPC


def test_an_empty_folder_beside_a_full_one(desk):
    """A folder without images would end the job, or go unnoticed."""
    (desk / "empty").mkdir()
    done = run(desk, desk / "empty", desk / "photos")
    assert done.exit_code == 3 and "found no images" in done.stderr and (desk / "out/b/mesh.obj").is_file()
    assert str(desk / "empty") in (desk / "out/failures.csv").read_text()


@pytest.mark.parametrize("good", [True, False])
def test_a_name_of_two_lines(desk, good):
    """A file's name could write lines of its own, which a script takes for others'."""
    content = (desk / "photos/a.png").read_bytes() if good else b"no photograph"
    (desk / "photos/two\nlines.png").write_bytes(content)
    _, points = bundles.photo()
    (desk / "points.csv").write_text('"two\nlines.png",' + ",".join(f"{v:.3f}" for v in points.ravel()) + "\n")
    done = run(desk, desk / "photos/two\nlines.png")
    told = done.stdout if good else done.stderr
    assert sum("two\\x0alines.png: " in line for line in told.splitlines()) == 1 and "\nlines.png" not in told
