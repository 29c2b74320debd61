"""68 landmarks per image as CSV rows `filename, x0, y0 … x67, y67`, the format of the released code.

`read_landmark_table` reads one row per image, of a data set's own names. `LandmarkTable` is what people give for their
photographs: names with or without folders, several rows per photograph for several faces.
"""

from __future__ import annotations

import csv
import io
import math
import os
import posixpath
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from focus.datasets.landmark_check import check_landmarks
from focus.errors import FocusError
from focus.files import plain, read_text, write_text

COLUMNS = 1 + 2 * 68


def read_landmark_table(path: Path) -> dict[str, np.ndarray]:
    """Return file name -> (68, 2) float64 pixels (x, y), y down, in the order of the file.

    Integers and floats ("143", "143.0") are read, headers and blank lines not. Raises FocusError naming the line on a
    short or long row, a cell that is no finite number, an empty name, or a name given twice.
    """
    table: dict[str, np.ndarray] = {}
    for number, name, points in _rows(path):
        if name in table:
            raise FocusError(f"{path}: line {number} has the name {name!r} again, expected one row for each image")
        table[name] = points
    return table


@dataclass(frozen=True)
class LandmarkTable:
    """Landmarks that were given for photographs.

    A row belongs to the photograph whose path ends in the row's name, all of it: `face.jpg`, `p1/face.jpg` and
    `/data/p1/face.jpg` all fit /data/p1/face.jpg; of rows that fit, those with the most folders count. Several rows of
    one name are several faces. Names are compared in Unicode's composed form (NFC): macOS writes `é` as two characters.

    Attributes:
        path: the file, for messages.
        rows: row name (folders and file, NFC) -> (line, points (68,2) float64 px, y down) of each face.
        photographs: all that the table is used for: a row that fits two of them is an error, not a guess.
    """

    path: Path
    rows: Mapping[tuple[str, ...], Sequence[tuple[int, np.ndarray]]]
    photographs: Sequence[Path] = ()

    @classmethod
    def read(cls, path: Path) -> LandmarkTable:
        """Read a table; errors as `read_landmark_table`, but a name may be given several times."""
        rows: dict[tuple[str, ...], list[tuple[int, np.ndarray]]] = {}
        for number, name, points in _rows(path):
            rows.setdefault(name_parts(name), []).append((number, points))
        return cls(path, rows)

    def among(self, photographs: Sequence[Path]) -> LandmarkTable:
        """Return the table as used for these photographs."""
        return replace(self, photographs=tuple(photographs))

    def faces(self, photograph: Path, size: tuple[int, int] | None = None) -> list[np.ndarray]:
        """Return the points (68,2) float64 px of every face of a photograph, in the order of the file.

        With its `size` (width, height) they are checked to lie as a face's do (`landmark_check`). Raises FocusError
        where no row fits, a row fits several photographs, or the points look to be in another convention.
        """
        faces = self.lines(photograph)
        if size is not None:
            for where, points in faces:
                check_landmarks(points, size, f"{where} ({photograph})")
        return [points for _, points in faces]

    def lines(self, photograph: Path) -> list[tuple[str, np.ndarray]]:
        """Return where a row stands and its points (68,2) px for every face of a photograph, unchecked.

        Raises FocusError where no row fits, or a row fits several photographs.
        """
        name = self._row_of(name_parts(os.path.abspath(photograph)))
        if name is None:
            alike = ["/".join(parts) for parts in self.rows if parts[-1:] == name_parts(photograph.name)[-1:]]
            other = f", found {', '.join(alike[:3])}" if alike else ""
            raise FocusError(f"{self.path}: no row for {photograph}{other}; expected its 68 points")
        others = [path for path in self._users.get(name, ()) if os.path.abspath(path) != os.path.abspath(photograph)]
        if others:
            raise FocusError(
                f"{self.path}: row {'/'.join(name)} fits {photograph} and {others[0]}; expected rows with folders, "
                f"e.g. {'/'.join(name_parts(os.path.abspath(photograph))[-2:])}"
            )
        return [(f"{self.path}: line {number}", points) for number, points in self.rows[name]]

    def _row_of(self, parts: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the longest row name that ends a path."""
        ends = (parts[start:] for start in range(len(parts)))
        return next((end for end in ends if end in self.rows), None)

    @cached_property
    def _users(self) -> dict[tuple[str, ...], list[Path]]:
        """Row name -> the photographs that it fits best."""
        users: dict[tuple[str, ...], list[Path]] = {}
        for path in self.photographs:
            if (name := self._row_of(name_parts(os.path.abspath(path)))) is not None:
                users.setdefault(name, []).append(path)
        return users


def name_parts(name: str) -> tuple[str, ...]:
    """Return folders and file of a name in normal form: `p1\\a.jpg`, `../p1/a.jpg` and `p1/a.jpg ` are p1/a.jpg."""
    plain = posixpath.normpath(unicodedata.normalize("NFC", name.replace("\\", "/")))
    return tuple(part for each in plain.split("/") if (part := each.strip()) not in ("", ".", ".."))


def _rows(path: Path) -> Iterator[tuple[int, str, np.ndarray]]:
    """Yield line number, name and points of each row; errors as in `read_landmark_table`."""
    text = read_text(path, "a CSV table of landmarks")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True))
    except csv.Error as error:
        raise FocusError(f"{path}: cannot be read as CSV ({error})") from None
    for number, row in enumerate(rows, start=1):
        if not "".join(row).strip() or (len(row) == COLUMNS and row[1].strip().lower() == "x0"):
            continue
        name = row[0].strip()
        if not name_parts(name):
            raise FocusError(f"{path}: line {number} has no file name, expected one row for each image")
        yield number, name, _points(row, f"{path}: line {number}")


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
    for mark in ";\t":
        if mark in row[0].strip() and ",".join(row).count(mark) >= COLUMNS - 1:
            raise FocusError(f"{where} has {mark!r} between its cells, expected commas (and points in numbers)")
    if len(row) != COLUMNS:
        raise FocusError(f"{where} has {len(row)} cells, expected {COLUMNS} (filename, x0, y0 … x67, y67)")
    values = []
    for column, cell in enumerate(row[1:], start=2):
        try:
            value = float(plain(cell))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise FocusError(f"{where}, cell {column} is {cell[:20]!r}, expected a finite number in pixels")
        values.append(value)
    return np.array(values).reshape(68, 2)
