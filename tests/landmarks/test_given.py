"""Landmarks given in a table."""

from __future__ import annotations

import numpy as np
import pytest

from focus.datasets.landmark_table import write_landmark_table
from focus.errors import FocusError
from focus.landmarks.detectors.given import TableDetector


def test_points_by_name(tmp_path):
    """Points would be another image's, or a missing row end in a traceback."""
    points = np.random.default_rng(0).random((2, 68, 2)) * 200
    write_landmark_table(tmp_path / "ar.csv", {"a.png": points[0], "b.png": points[1]})
    found = TableDetector(tmp_path / "ar.csv").detect(
        [np.zeros((9, 9, 3), np.uint8)] * 3, ["b.png", "x/a.png", "c.png"]
    )
    assert [len(faces) for faces in found] == [1, 1, 0]
    assert np.allclose(found[0][0].landmarks, points[1], atol=1e-3) and found[0][0].landmarks.dtype == np.float32
    assert np.allclose(found[1][0].landmarks, points[0], atol=1e-3)


def test_missing_table(tmp_path):
    """A wrong setting would end in a traceback."""
    with pytest.raises(FocusError, match=r"now\.csv: no such file; expected a CSV table"):
        TableDetector(tmp_path / "now.csv")


@pytest.mark.parametrize(("row", "found"), [("1.jpg", 1), ("/1.jpg", 1), ("Dataset//1.jpg", 1), ("Dataset/11.jpg", 0)])
def test_the_authors_names(tmp_path, row: str, found: int) -> None:
    """Their rows name images below another folder, some with a leading slash: all images would be left out."""
    (tmp_path / "train_landmarks.csv").write_text(",".join([row, *map(str, range(136))]) + "\n")
    [faces] = TableDetector(tmp_path / "train_landmarks.csv").detect([np.zeros((9, 9, 3), np.uint8)], ["1.jpg"])
    assert len(faces) == found and all(face.landmarks[67].tolist() == [134, 135] for face in faces)


def test_a_name_that_two_rows_end_with_is_nobodys(tmp_path) -> None:
    """An image would get another person's landmarks."""
    rows = [",".join([name, *map(str, range(136))]) for name in ("a/1.jpg", "b/1.jpg")]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    image = np.zeros((9, 9, 3), np.uint8)
    table = TableDetector(tmp_path / "t.csv")
    assert [len(faces) for faces in table.detect([image] * 3, ["1.jpg", "b/1.jpg", "c/1.jpg"])] == [0, 1, 0]
