"""Landmark CSV files."""

import numpy as np
import pytest

from focus.datasets.landmark_table import read_landmark_table, write_landmark_table
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
