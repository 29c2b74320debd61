"""68 landmarks per image as CSV rows `filename, x0, y0 … x67, y67`, the format of the released code."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from focus.errors import FocusError
from focus.files import read_text, write_text

COLUMNS = 1 + 2 * 68


def read_landmark_table(path: Path) -> dict[str, np.ndarray]:
    """Return file name -> (68, 2) float64 pixels (x, y), y down, in the order of the file.

    Integers and floats ("143", "143.0") are read; a header line is allowed. Raises FocusError naming the line on a
    short or long row, a cell that is no finite number, an empty name, or a name given twice.
    """
    text = read_text(path, "a CSV table of landmarks")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True))
    except csv.Error as error:
        raise FocusError(f"{path}: cannot be read as CSV ({error})") from None
    table: dict[str, np.ndarray] = {}
    for number, row in enumerate(rows, start=1):
        if not row or (number == 1 and len(row) == COLUMNS and row[1].strip().lower() == "x0"):
            continue
        name = row[0].strip()
        if not name or name in table:
            found = f"the name {name!r} again" if name else "no file name"
            raise FocusError(f"{path}: line {number} has {found}, expected one row for each image")
        table[name] = _points(row, f"{path}: line {number}")
    return table


def write_landmark_table(path: Path, table: Mapping[str, np.ndarray]) -> None:
    """Write file name -> (68, 2) pixels, four decimals, no header (as the released code reads it), atomically."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for name, points in table.items():
        values = np.asarray(points, dtype=np.float64)
        if values.shape != (68, 2) or not np.isfinite(values).all():
            raise FocusError(f"{path}: landmarks of {name} are {values.shape} or not finite, expected 68 finite points")
        writer.writerow([name, *(f"{value:.4f}" for value in values.ravel())])
    write_text(path, stream.getvalue())


def _points(row: list[str], where: str) -> np.ndarray:
    if len(row) != COLUMNS:
        raise FocusError(f"{where} has {len(row)} cells, expected {COLUMNS} (filename, x0, y0 … x67, y67)")
    values = []
    for column, cell in enumerate(row[1:], start=2):
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise FocusError(f"{where}, cell {column} is {cell[:20]!r}, expected a finite number in pixels")
        values.append(value)
    return np.array(values).reshape(68, 2)
