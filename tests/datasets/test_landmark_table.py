"""Landmark CSV files."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from focus.datasets.landmark_table import LandmarkTable, read_landmark_table, write_landmark_table
from focus.errors import FocusError
from focus.files import write_text

HEADER = "filename, " + ", ".join(f"x{i}, y{i}" for i in range(68))


def _row(name="a.jpg", first="143.0"):
    return ", ".join([name, first, *(str(i) for i in range(135))])


def test_floats_integers_and_header_are_read(tmp_path):
    """Rows such as the released code's own "143.0" would be refused."""
    write_text(tmp_path / "t.csv", "\n".join([HEADER, _row(), _row("b.jpg", "7"), ""]))
    table = read_landmark_table(tmp_path / "t.csv")
    assert list(table) == ["a.jpg", "b.jpg"] and table["a.jpg"].shape == (68, 2)
    assert table["a.jpg"][0].tolist() == [143.0, 0.0] and table["b.jpg"][67].tolist() == [133.0, 134.0]


@pytest.mark.parametrize("blank", ["", "  ", "\t", "," * 136])
def test_blank_lines_and_headers_anywhere(tmp_path, blank):
    """A table with an empty line on top, or two tables one after another, would be refused for their headers."""
    write_text(tmp_path / "t.csv", "\n".join([blank, HEADER, _row(), blank, HEADER, _row("b.jpg")]))
    assert list(read_landmark_table(tmp_path / "t.csv")) == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("point", [".", ","])
@pytest.mark.parametrize("mark", [";", "\t"])
def test_another_separator_is_named(tmp_path, mark, point, one_line):
    """A table that a spreadsheet wrote would be said to have one long cell, or a number with letters in it."""
    write_text(tmp_path / "t.csv", mark.join(["a b.jpg", *(f"{i}{point}5" for i in range(136))]))
    with pytest.raises(FocusError, match=r"t\.csv: line 1 has '(;|\\t)' between its cells, expected commas") as error:
        read_landmark_table(tmp_path / "t.csv")
    assert one_line(error.value)
    write_text(tmp_path / "t.csv", _row("a;b.jpg\t").replace(",", ",\t"))
    assert list(read_landmark_table(tmp_path / "t.csv")) == ["a;b.jpg"]


def test_round_trip(tmp_path):
    """Landmarks would move by being written."""
    points = np.random.default_rng(0).uniform(-5, 900, (68, 2)).round(4)
    write_landmark_table(tmp_path / "t.csv", {"x, y.jpg": points})
    np.testing.assert_allclose(read_landmark_table(tmp_path / "t.csv")["x, y.jpg"], points, atol=1e-9)


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        (_row("b.jpg", "nan"), "line 2, cell 2 is 'nan'"),
        (_row("b.jpg", "inf"), "line 2, cell 2"),
        (_row("b.jpg", "1_0"), "line 2, cell 2 is '1_0'"),
        (_row("b.jpg", "١"), "line 2, cell 2 is '١'"),
        (_row("b.jpg", "left"), "line 2, cell 2 is 'left'"),
        (_row("b.jpg").rsplit(",", 1)[0], "line 2 has 136 cells, expected 137"),
        (_row("b.jpg") + ",9", "line 2 has 138 cells"),
        (_row("a.jpg"), "line 2 has the name 'a.jpg' again"),
        (_row(""), "line 2 has no file name"),
    ],
)
def test_bad_rows_are_named(tmp_path, second, complaint, one_line):
    """A damaged row would shift every later landmark."""
    write_text(tmp_path / "t.csv", f"{_row()}\n{second}\n")
    with pytest.raises(FocusError, match=complaint) as error:
        read_landmark_table(tmp_path / "t.csv")
    assert one_line(error.value)


def test_missing_file_and_unwritable_points(tmp_path):
    """A missing table, or points that are not finite, would end in a traceback or be written."""
    with pytest.raises(FocusError, match="no such file"):
        read_landmark_table(tmp_path / "t.csv")
    with pytest.raises(FocusError, match="not finite"):
        write_landmark_table(tmp_path / "t.csv", {"a": np.full((68, 2), np.nan)})
    assert not (tmp_path / "t.csv").exists()


def given(folder, *names):
    """Return a table whose rows, of these names, begin with 0, 1, 2, …"""
    write_text(folder / "t.csv", "\n".join(_row(name, str(number)) for number, name in enumerate(names)))
    return LandmarkTable.read(folder / "t.csv")


def firsts(table, photograph):
    return [int(points[0, 0]) for points in table.faces(Path(photograph))]


def test_rows_by_name_and_by_path(tmp_path, monkeypatch):
    """Two photographs of one name would share a row, and rows with folders be refused."""
    monkeypatch.chdir(tmp_path)
    table = given(tmp_path, "p1/face.jpg", "p2/face.jpg", "b.jpg", f"{tmp_path}/c.jpg", r"p1\d.jpg", "./e.jpg")
    assert firsts(table, "p1/face.jpg") == [0] and firsts(table, tmp_path / "p2/face.jpg") == [1]
    assert firsts(table, "b.jpg") == firsts(table, "x/y/b.jpg") == [2]
    assert firsts(table, "c.jpg") == [3] and firsts(table, "p1/d.jpg") == [4] and firsts(table, "x/../e.jpg") == [5]
    for other in ("face.jpg", "p3/face.jpg", "x/c.jpg", "ap1/face.jpg"):
        with pytest.raises(FocusError, match=r"t\.csv: no row for .*jpg, found .*; expected its 68 points"):
            table.faces(Path(other))


def test_rows_that_climb_and_blanks_at_the_ends_of_names(tmp_path):
    """A row made in another folder, and a photograph saved with a blank too many, would find no partner."""
    table = given(tmp_path, "../p1/face.jpg", "x/../p2/face.jpg", r"..\..\b.jpg", "c.jpg ", '" d.jpg"', "p3 /e.jpg")
    for photograph, number in {"p1/face.jpg": 0, "p2/face.jpg": 1, "b.jpg": 2, "p1/c.jpg": 3, "c.jpg ": 3}.items():
        assert firsts(table, photograph) == [number]
    assert firsts(table, " d.jpg") == firsts(table, "d.jpg") == [4] and firsts(table, "p3 /e.jpg") == [5]
    with pytest.raises(FocusError, match="no row for"):
        table.faces(Path(" "))


def test_the_row_with_the_most_folders_counts(tmp_path):
    """A photograph with a row of its own would get the one of its name."""
    table = given(tmp_path, "face.jpg", "p1/face.jpg").among([Path("p1/face.jpg"), Path("p2/face.jpg")])
    assert firsts(table, "p1/face.jpg") == [1] and firsts(table, "p2/face.jpg") == [0]


def test_a_row_for_two_photographs_is_refused(tmp_path, one_line):
    """Two people would be reconstructed from one person's landmarks."""
    photographs = [Path("p1/face.jpg"), Path("p2/face.jpg"), Path("p1/b.jpg"), Path("p1/../p1/b.jpg")]
    table = given(tmp_path, "face.jpg", "b.jpg").among(photographs)
    for path in photographs[:2]:
        with pytest.raises(
            FocusError, match=r"row face.jpg fits p[12]/face.jpg and .*, e\.g\. p[12]/face.jpg"
        ) as error:
            table.faces(path)
        assert one_line(error.value)
    assert firsts(table, "p1/b.jpg") == [1]  # one photograph, named twice


def test_several_faces_of_a_photograph(tmp_path):
    """A group photograph could not be given."""
    assert firsts(given(tmp_path, "a.jpg", "b.jpg", "a.jpg"), "a.jpg") == [0, 2]


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_in_either_normal_form(tmp_path, forms):
    """A name with an accent would find no row after a way over a Mac."""
    row, photograph = (unicodedata.normalize(form, "Zoë/é.jpg") for form in forms)
    assert firsts(given(tmp_path, row), photograph) == [0]


def test_points_are_checked_with_the_size(tmp_path):
    """Landmarks in another convention would be used."""
    with pytest.raises(FocusError, match=r"t\.csv: line 1 \(a\.jpg\): landmarks (look|lie)"):
        given(tmp_path, "a.jpg").faces(Path("a.jpg"), (640, 480))
