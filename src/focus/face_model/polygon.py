"""Points inside a polygon, in plain NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def inside_polygon(points: NDArray[np.floating], polygon: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which of the points (N,2) lie inside the closed polygon (M,2), by the even-odd rule; (N,) bool."""
    x, y = points[:, :1], points[:, 1:]
    (x0, y0), (x1, y1) = polygon.T, np.roll(polygon, -1, axis=0).T
    crosses = (y0 > y) != (y1 > y)
    slope = (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)  # a level edge crosses nothing
    inside: NDArray[np.bool_] = (crosses & (x < x0 + (y - y0) * slope)).sum(1) % 2 == 1
    return inside


def grown(polygon: NDArray[np.floating], factor: float | tuple[float, float]) -> NDArray[np.floating]:
    """The polygon (M,2) scaled about the middle of its corners."""
    middle = polygon.mean(0)
    scaled: NDArray[np.floating] = middle + (polygon - middle) * factor
    return scaled
