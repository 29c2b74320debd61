"""Landmarks that somebody else found, from a table in the form of the FOCUS authors' own input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from focus.datasets.landmark_table import read_landmark_table
from focus.landmarks.detector import Face


class TableDetector:
    """68 points by file name: rows `filename, x0, y0 … x67, y67`, pixels, y down."""

    def __init__(self, path: Path) -> None:
        """Raises FocusError, in one line, for a table that is missing or damaged."""
        self.name, self._table = f"the table {path}", read_landmark_table(path)

    def detect(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[list[Face]]:
        """Return the points of each image by its name; a name is looked up as it is, then without its folders."""
        found = (self._table.get(name, self._table.get(Path(name).name)) for _, name in zip(images, names, strict=True))
        return [[] if points is None else [Face(points.astype(np.float32), 1.0)] for points in found]
