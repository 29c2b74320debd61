"""Polygons cut into triangles."""

from __future__ import annotations

import numpy as np


def fanned(corners: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Cut polygons into triangles (F, 3) int64 that share their first corner, in the polygons' order.

    `corners` (N,) are the vertex numbers of all polygons, `lengths` (P,) how many each has: three or more.
    """
    count = lengths - 2
    first = np.repeat(np.cumsum(lengths) - lengths, count)
    step = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
    return np.stack([corners[first], corners[first + step + 1], corners[first + step + 2]], axis=1).astype(np.int64)


def unstripped(corners: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Cut triangle strips into triangles (F, 3) int64 that all face one way.

    `corners` (N,) and `lengths` (P,) as in `fanned`; -1 begins a new strip. Triangles that name a vertex twice only
    lead from strip to strip and are left out.
    """
    line = np.insert(corners.astype(np.int64), np.cumsum(lengths), -1)
    line[line == 2**32 - 1] = -1  # of a file whose numbers have no sign
    place = np.arange(len(line))
    begin = np.maximum.accumulate(np.where(line == -1, place + 1, 0))[:-2]
    a, b, c = line[:-2], line[1:-1], line[2:]
    odd = (place[:-2] - begin) % 2 == 1
    triangles = np.stack([np.where(odd, b, a), np.where(odd, a, b), c], axis=1)
    whole: np.ndarray = triangles[(triangles >= 0).all(axis=1) & (a != b) & (b != c) & (a != c)]
    return whole
