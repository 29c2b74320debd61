"""Wavefront .obj as a triangle mesh: vertices in the file's order, and only the file itself is opened (no .mtl)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from focus.datasets.polygons import fanned
from focus.errors import FocusError
from focus.files import plain, read_text

BLOCK = 8_000_000  # characters whose words are in memory at once: as Python objects they take tenfold
_COMMENT = re.compile(r"#[^\n]*")
# A backslash at the end of another line may be half of a letter, in Shift-JIS, Big5 and GBK, or the end of a folder.
_CONTINUED = re.compile(r"^[ \t]*[vf][ \t](?:[^\n]*\\\n)+", re.MULTILINE)
_TEXTURE_AND_NORMAL = re.compile(r"/\S*")


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Read `v x y z [w | r g b [a]]` and `f` with v, v/vt, v//vn or v/vt/vn corners, positive or negative.

    Returns vertices (V, 3) float64, triangles (F, 3) int64 as the file names them (not yet checked against V), and
    colours (V, 3) float64 in 0..1, or None. Colours that only some vertices have are dropped with a warning. Raises
    FocusError on rows that are no numbers or have another count.
    """
    vertices, triangles, before = [np.empty((0, 6))], [np.empty((0, 3), np.int64)], 0
    widths: set[int] = set()
    for block in _blocks(read_text(path, "a mesh (.obj)")):
        whole = _CONTINUED.sub(lambda found: found[0].replace("\\\n", " "), _COMMENT.sub("", block))
        lines = [line.lstrip() for line in whole.split("\n")]
        rows = [line[2:].split() for line in lines if line.startswith(("v ", "v\t"))]
        vertices.append(_vertices(rows, path))
        widths.update(map(len, rows))
        triangles.append(_triangles(lines, before, path))
        before += len(rows)
    table = np.concatenate(vertices)
    return table[:, :3], np.concatenate(triangles), _colours(table[:, 3:], widths, path)


def _blocks(text: str) -> Iterator[str]:
    """Yield the text in parts that end with a line, none of them continued."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin + BLOCK)
        while end > 0 and text[end - 1] == "\\":
            end = text.find("\n", end + 1)
        end = len(text) if end < 0 else end
        yield text[begin:end]
        begin = end + 1


def _vertices(rows: Sequence[Sequence[str]], path: Path) -> np.ndarray:
    """Parse vertex rows of 3, 4, 6 or 7 numbers to (N, 6): place and colour, 0 where there is none."""
    if not rows:
        return np.empty((0, 6))
    counts = {len(row) for row in rows}
    if not counts <= {3, 4, 6, 7}:
        raise FocusError(f"{path}: vertices with {sorted(counts)} numbers, expected 3 each (or 6 with colours)")
    if len(counts) > 1 or counts & {4, 7}:
        rows = [row[:6] if len(row) >= 6 else row[:3] + ["0"] * 3 for row in map(list, rows)]
    try:
        values = np.array(list(map(float, plain(list(chain.from_iterable(rows))))), np.float64).reshape(len(rows), -1)
    except ValueError as error:
        raise FocusError(f"{path}: a vertex is not a row of numbers ({error!s:.200})") from None
    return values if values.shape[1] == 6 else np.pad(values, ((0, 0), (0, 6 - values.shape[1])))


def _colours(values: np.ndarray, widths: set[int], path: Path) -> np.ndarray | None:
    """Return colours (V, 3) in 0..1 from columns that may be in 0..255; None where not every vertex has one."""
    if not widths & {6, 7}:
        return None
    if widths & {3, 4}:
        warnings.warn(f"{path}: colours on some vertices only, dropped; expected them on all or none", stacklevel=4)
        return None
    return values / 255.0 if values.max() > 1 else values


def _triangles(lines: Sequence[str], before: int, path: Path) -> np.ndarray:
    """Parse the faces of a block, before which the file has so many vertices, to (F, 3) int64 from 0."""
    rows, behind = [], []
    for line in lines:
        if line.startswith(("f ", "f\t")):
            rows.append(line[2:])
            behind.append(before)
        elif line.startswith(("v ", "v\t")):
            before += 1
    if not rows:
        return np.empty((0, 3), np.int64)
    cells = [row.split() for row in _TEXTURE_AND_NORMAL.sub("", "\n".join(rows)).split("\n")]
    lengths = np.fromiter(map(len, cells), np.int64, len(cells))
    if lengths.min() < 3:
        raise FocusError(f"{path}: a face with {lengths.min()} corners, expected three or more")
    try:
        named = np.array(list(map(int, plain(list(chain.from_iterable(cells))))), np.int64)
    except (ValueError, OverflowError) as error:
        raise FocusError(f"{path}: a face is not a row of vertex numbers ({error!s:.200})") from None
    # 1 is the first vertex, -1 the latest before the face; 0 is nothing and falls out of range.
    return fanned(np.where(named < 0, np.repeat(behind, lengths) + named, named - 1), lengths)
