"""`focus …` as a person types it: results, or one line and exit code 1."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from focus import cli
from focus.datasets.crop import deep3d_crop
from focus.datasets.images import read_image, write_png
from focus.datasets.landmark_check import MEAN_FACE
from focus.datasets.landmark_table import write_landmark_table
from focus.reconstruct.photos import read_photo

runner = CliRunner()


def one_line(monkeypatch, capsys, *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["focus", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    captured = capsys.readouterr()
    assert caught.value.code == 1 and captured.out == ""
    assert captured.err.startswith("focus: ") and captured.err.count("\n") == 1
    return captured.err


@pytest.fixture
def picture(tmp_path):
    """A picture with a face's 68 points in a table."""
    rng = np.random.default_rng(0)
    write_png(tmp_path / "face.png", rng.integers(0, 255, (120, 100, 3), dtype=np.uint8))
    points = (50, 60) + MEAN_FACE[:, :2] * (0.5, -0.5)
    write_landmark_table(tmp_path / "points.csv", {"face.png": points})
    return tmp_path, points


def test_help_is_quick_to_import():
    """`focus --help` would load torch: seconds for a help text."""
    code = "import sys, focus.cli; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": "src"})
    assert found.stdout.strip() == "False", found.stderr


def test_help_groups_every_command():
    """A new command would stand under `Others`, or a group name one that is gone."""
    shown = runner.invoke(cli.app, ["--help"]).stdout
    commands = re.findall(r"^  ([a-z-]+)  ", shown.partition("Photographs:")[2], re.M)
    assert sorted(commands) == sorted(name for names in cli.GROUPS.values() for name in names)
    assert "Others:" not in shown


@pytest.mark.parametrize("words", [("plan", "--profile", "smoke"), ("assets", "--profile", "smoke"), ("summary",)])
def test_json_for_scripts(words, tmp_path, monkeypatch):
    """A script would have to read tables made for eyes."""
    for name in ("params.yaml", "profiles", "benchmarks"):
        (tmp_path / name).symlink_to(Path(__file__).parents[2] / name)
    (tmp_path / "logs/cost").mkdir(parents=True)
    (tmp_path / "logs/cost/train.json").write_text(cost("train", 2.0, 100.0))
    monkeypatch.chdir(tmp_path)
    result = runner.invoke(cli.app, [*words, "--json"])
    assert result.exit_code == 0, result.output
    keys = set(json.loads(result.stdout)[0])
    assert keys >= ({"key", "status", "found"} if words[0] == "assets" else {"stage", "cpu_s"})


def test_crop(picture):
    """The crop a person makes would differ from the pipeline's."""
    folder, points = picture
    arguments = [str(folder / name) for name in ("face.png", "points.csv", "out.png")]
    assert runner.invoke(cli.app, ["crop", *arguments, "--size", "64"]).exit_code == 0
    expected = deep3d_crop(read_image(folder / "face.png"), points, 64)[0]
    assert np.array_equal(read_image(folder / "out.png"), expected)


def test_a_folder_where_a_file_is_to_go(picture, monkeypatch, capsys):
    """A mistaken path would end in a traceback."""
    folder, _ = picture
    words = [str(folder / name) for name in ("face.png", "points.csv")]
    (folder / "there").mkdir()
    told = one_line(monkeypatch, capsys, "crop", *words, str(folder / "there"))
    assert f"{folder / 'there'}: Is a directory" in told and ".tmp" not in told
    assert "face.png" in one_line(monkeypatch, capsys, "crop", *words, str(folder / "face.png/out.png"))


def test_crop_without_landmarks(picture, monkeypatch, capsys):
    """A picture that the table lacks would end in a traceback, or leave a file."""
    folder, _ = picture
    write_png(folder / "other.png", read_image(folder / "face.png"))
    words = [str(folder / name) for name in ("other.png", "points.csv", "out.png")]
    assert "other.png; expected its 68 points" in one_line(monkeypatch, capsys, "crop", *words)
    assert not (folder / "out.png").exists()


def test_crop_with_an_unknown_flip(picture, monkeypatch, capsys):
    """A misspelt option would be taken for the default."""
    folder, _ = picture
    words = [str(folder / name) for name in ("face.png", "points.csv", "out.png")]
    assert "--flip: found 'h'" in one_line(monkeypatch, capsys, "crop", *words, "--flip", "h")


def test_crop_of_a_missing_picture(picture, monkeypatch, capsys):
    """A mistyped path would end in a traceback."""
    folder, _ = picture
    (folder / "face.png").unlink()
    words = [str(folder / name) for name in ("face.png", "points.csv", "out.png")]
    assert "face.png" in one_line(monkeypatch, capsys, "crop", *words)


def test_schemas(tmp_path):
    """Editors would get no schemas."""
    assert runner.invoke(cli.app, ["schemas", str(tmp_path / "s")]).exit_code == 0
    for name in ("params", "profile"):
        assert json.loads((tmp_path / "s" / f"{name}.schema.json").read_text())["type"] == "object"


def test_stored_schemas_are_current():
    """workflow/schemas would describe other settings than the code reads."""
    from focus.settings import json_schemas

    for name, schema in json_schemas().items():
        path = Path(__file__).parents[2] / "workflow" / "schemas" / f"{name}.schema.json"
        if not path.parent.is_dir():
            pytest.skip("no stored schemas")
        assert json.loads(path.read_text()) == schema, "run `focus schemas`"


def cost(name: str, wall: float, peak: float) -> str:
    return json.dumps({"stage": name, "wall_s": wall, "cpu_s": 2 * wall, "peak_rss_mib": peak})


def test_summary(tmp_path, monkeypatch):
    """`make reproduce` would end without saying what was made and what it cost."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs" / "cost").mkdir(parents=True)
    (tmp_path / "logs/cost/a.json").write_text(cost("first", 1.25, 100))
    (tmp_path / "logs/cost/b.json").write_text(cost("train/FOCUS", 100.0, 900.4))
    (tmp_path / "results" / "tables").mkdir(parents=True)
    result = runner.invoke(cli.app, ["summary"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    rows = [[cell.strip(" │┃") for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert rows == [
        ["train/FOCUS", "100.0", "200.0", "900"],
        ["first", "1.2", "2.5", "100"],
        ["2 stages", "101.2", "202.5", "900"],
    ]
    assert lines[-1].startswith("results/tables") and "claims" not in result.stdout


def test_summary_of_nothing(tmp_path, monkeypatch, capsys):
    """An empty checkout would print an empty table."""
    monkeypatch.chdir(tmp_path)
    assert "logs/cost: found no stage, expected a run" in one_line(monkeypatch, capsys, "summary")


def test_other_errors_keep_their_traceback(monkeypatch):
    """A mistake in the code would be hidden behind one line."""

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_emulate_never_writes_over_a_folder(tmp_path, monkeypatch, capsys) -> None:
    """A path to the real, licensed files would replace them by stand-ins."""
    assert "expected a folder that does not exist yet" in one_line(
        monkeypatch, capsys, "emulate", "--full-size", str(tmp_path)
    )


def test_crop_of_one_of_two_faces(picture, monkeypatch, capsys):
    """Which face is cropped would be a matter of chance."""
    folder, _ = picture
    text = (folder / "points.csv").read_text()
    (folder / "points.csv").write_text(text + text)
    words = [str(folder / name) for name in ("face.png", "points.csv", "out.png")]
    assert "found 2 rows for" in one_line(monkeypatch, capsys, "crop", *words)


@pytest.mark.parametrize("convention", ["mirrored", "exchanged"])
def test_crop_by_landmarks_in_another_convention(picture, monkeypatch, capsys, convention):
    """The crop would show another part of the picture, turned, without a word."""
    folder, points = picture
    other = {"mirrored": (99, 0) + points * (-1, 1), "exchanged": points[:, ::-1]}[convention]
    write_landmark_table(folder / "points.csv", {"face.png": other})
    words = [str(folder / name) for name in ("face.png", "points.csv", "out.png")]
    assert convention in one_line(monkeypatch, capsys, "crop", *words)
    assert not (folder / "out.png").exists()


def test_crop_reads_what_reconstruct_reads(picture, monkeypatch):
    """`focus crop` would refuse a phone's HEIC, and give a wide-gamut photograph other colours."""
    heif = pytest.importorskip("pillow_heif")
    folder, points = picture
    heif.register_heif_opener()
    Image.fromarray(read_image(folder / "face.png")).save(folder / "face.heic")
    write_landmark_table(folder / "points.csv", {"face.heic": points})
    words = [str(folder / name) for name in ("face.heic", "points.csv", "out.png")]
    assert runner.invoke(cli.app, ["crop", *words]).exit_code == 0
    expected = deep3d_crop(read_photo(folder / "face.heic"), points)[0]
    assert np.array_equal(read_image(folder / "out.png"), expected)
