"""The face part as the authors' release has it: `idxes_crop.pkl`, and its landmarks on that mesh (commit 33a5add)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from focus.errors import FocusError
from focus.face_model.pickled_arrays import read_pickled_arrays

# iBUG 0..67 on the cropped mesh: util/load_object.py:86-94 at 33a5add.
CROP_LANDMARKS_68 = (
    16678, 16817, 16480, 16254, 32170, 32866, 33302, 33598, 33765, 33949, 34239, 34693, 35398, 27717, 27536, 27137,
    27249, 27998, 28747, 29133, 29336, 29503, 30188, 30352, 30557, 30947, 31682, 8122, 8137, 8147, 8152, 6627, 7219,
    8165, 9107, 9695, 2475, 4275, 5050, 5829, 4802, 3900, 10382, 11280, 12053, 14123, 12323, 11419, 5137, 5897, 7467,
    8175, 8883, 10450, 11110, 9372, 8666, 8194, 7722, 7012, 5524, 7358, 8184, 9010, 10852, 8659, 8187, 7715,
)  # fmt: skip
ROWS = ("shape_mean", "exp_mean", "color_mean", "shape_pcaBasis", "exp_pcaBasis", "color_pcaBasis")

Int64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FaceCrop:
    """vertices (V',): the face part's vertex ids on the full mesh, in its order; triangles (F',3): in its numbers."""

    vertices: Int64
    triangles: Int64

    @property
    def landmarks68(self) -> Int64:
        """The release's 68 landmarks (68,) as vertex ids of the full mesh."""
        return self.vertices[list(CROP_LANDMARKS_68)]


def read_crop(path: Path, vertices: int) -> FaceCrop:
    """Read `idxes_crop.pkl` for a full mesh of so many vertices; nothing in the file is run.

    Its keys, as util/load_object.py:33-47 of the release uses them: `points` (V'), of which the count alone matters;
    `cells` (3,F'); and for each array of the model the rows (3V') that stay, all the same here, x, y, z of one vertex
    after the other. Raises FocusError, one line that names file and key, for anything else.
    """
    content = read_pickled_arrays(path)
    if not isinstance(content, dict):
        raise FocusError(f"{path}: found {type(content).__name__}, expected a dict with {', '.join(ROWS)}")
    missing = [key for key in ("points", "cells", *ROWS) if key not in content]
    if missing:
        raise FocusError(f"{path}: {missing[0]} is missing, expected points, cells, {', '.join(ROWS)}")
    kept = _whole(path, "points", content["points"], vertices)
    rows = {key: _whole(path, key, content[key], 3 * vertices) for key in ROWS}
    for key, found in rows.items():
        _check_rows(path, key, found, len(kept), rows["shape_mean"])
    ids = rows["shape_mean"][::3] // 3
    if len(set(ids.tolist())) != len(ids) or len(ids) <= max(CROP_LANDMARKS_68):
        raise FocusError(f"{path}: found {len(ids)} vertices, expected more than {max(CROP_LANDMARKS_68)}, each once")
    cells = _whole(path, "cells", content["cells"], len(ids), dimensions=2)
    if len(cells) != 3:
        raise FocusError(f"{path}: cells has shape {cells.shape}, expected (3, any)")
    return FaceCrop(ids, np.ascontiguousarray(cells.T))


def _check_rows(path: Path, key: str, rows: Int64, vertices: int, first: Int64) -> None:
    """Refuse rows that are not x, y, z of so many vertices, or of other vertices than the first array's."""
    triples = rows.reshape(-1, 3) if len(rows) == 3 * vertices else None
    if triples is None or (triples[:, :1] % 3).any() or (triples - triples[:, :1] != np.arange(3)).any():
        raise FocusError(f"{path}: {key} does not name x, y, z of {vertices} vertices, as points has")
    if (rows != first).any():
        raise FocusError(f"{path}: {key} names other vertices than shape_mean")


def _whole(path: Path, key: str, value: Any, end: int, dimensions: int = 1) -> Int64:
    """Return whole numbers 0..end-1 as int64. Raises FocusError naming the key."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of unequal lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "iu" or array.ndim != dimensions or not array.size:
        found = f"{array.dtype} of shape {array.shape}"
        raise FocusError(f"{path}: {key} is {found}, expected {dimensions}-dimensional whole numbers")
    if array.min() < 0 or array.max() >= end:
        raise FocusError(f"{path}: {key} has {array.min()}..{array.max()}, expected numbers within 0..{end - 1}")
    return array.astype(np.int64)
