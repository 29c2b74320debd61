"""Landmarks that somebody else found, from a table in the form of the FOCUS authors' own input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from focus import settings
from focus.datasets.landmark_table import name_parts, read_landmark_table
from focus.errors import FocusError
from focus.landmarks.detector import Face

AUTHORS_TABLES = {
    "celeba_train": "train_landmarks.csv",
    "celeba_val": "val_landmarks.csv",
    "celeba_test": "test_landmarks.csv",
    "now": "nowchallenge_landmarks.csv",
}
"""What the released code calls the landmark tables of the splits (util/load_dataset.py:134-145)."""


class TableDetector:
    """68 points by file name: rows `filename, x0, y0 … x67, y67`, pixels, y down.

    A row is an image's where one of their names ends with the other, all of it: `1.jpg`, `/1.jpg` and `Dataset/1.jpg`
    are 1.jpg's, as long as no second row is too; of rows that fit, the one with the most folders counts.
    """

    def __init__(self, path: Path) -> None:
        """Raises FocusError, in one line, for a table that is missing or damaged."""
        self.name = f"the table {path}"
        self._rows = {name_parts(name): points for name, points in read_landmark_table(path).items()}
        self._endings: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for row in self._rows:
            for start in range(1, len(row)):
                self._endings.setdefault(row[start:], []).append(row)

    def detect(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[list[Face]]:
        """Return the points of each image by its name; none where no row is its own, or several."""
        rows = (self._row_of(name_parts(name)) for _, name in zip(images, names, strict=True))
        return [[] if row is None else [Face(self._rows[row].astype(np.float32), 1.0)] for row in rows]

    def _row_of(self, name: tuple[str, ...]) -> tuple[str, ...] | None:
        shorter = (name[start:] for start in range(len(name)))
        longer = self._endings.get(name, [])
        return next((row for row in shorter if row in self._rows), longer[0] if len(longer) == 1 else None)


def make(plan: settings.Detector, split: str, device: torch.device) -> TableDetector:
    """Return the split's table: the released code's, if the folder has it, else <split>.csv."""
    if plan.tables is None:
        raise FocusError("detector.tables: found null, expected a folder of <split>.csv for detector.kind given")
    theirs = plan.tables / AUTHORS_TABLES.get(split, "")
    return TableDetector(theirs if theirs.is_file() else plan.tables / f"{split}.csv")
