"""The mesh of the embedded face: points along the features, Delaunay triangles, analytic depth, landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from focus.errors import FocusError
from focus.face_model.embedded import curves
from focus.face_model.embedded.curves import Array
from focus.face_model.embedded.points import place_points
from focus.face_model.embedded.surface import surface_depth
from focus.face_model.landmarks import NOW_IN_IBUG
from focus.face_model.polygon import inside_polygon


@dataclass(frozen=True, eq=False)
class Template:
    """The mean face as a mesh; every later field is a function of `xy`, so two spacings show the same face.

    Attributes:
        xy: (V,2) float64, mm, position in the frontal plane (x right, y up).
        vertices: (V,3) float64, mm, model frame: xy and the depth towards the viewer.
        triangles: (F,3) int64, counter-clockwise seen from outside.
        landmarks68: (68,) int64 vertex ids in iBUG order, all different.
        landmarks_now: (7,) int64 vertex ids in NoW's order.
    """

    xy: Array
    vertices: Array
    triangles: NDArray[np.int64]
    landmarks68: NDArray[np.int64]
    landmarks_now: NDArray[np.int64]


def _triangulate(xy: Array) -> NDArray[np.int64]:
    """Delaunay triangles (F,3) of the points, inside the oval, none degenerate, counter-clockwise from the front."""
    triangles = Delaunay(xy).simplices.astype(np.int64)
    corner = xy[triangles]
    first, second = corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]
    twice_area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    triangles[twice_area < 0] = triangles[twice_area < 0][:, [0, 2, 1]]
    longest = np.linalg.norm(corner - np.roll(corner, 1, axis=1), axis=-1).max(1)
    inside = inside_polygon(corner.mean(1), curves.outline(800))
    # A height below a thousandth of the longest side is a sliver between points on one line of the oval.
    kept = triangles[inside & (np.abs(twice_area) > 1e-3 * longest**2)]
    return kept[np.lexsort(kept.T[::-1])]


def build_template(spacing_mm: float = 3.6) -> Template:
    """Build the mean face with vertices about `spacing_mm` apart on the cheeks and about half that at the features.

    3.6 mm gives about 3,300 vertices (the demo), 5 about 1,800 (tests), 1.2 about 23,000 (scans). Raises FocusError
    outside 0.8 to 8 mm, where the mesh would grow beyond use or no longer show a face.
    """
    if not 0.8 <= spacing_mm <= 8.0:
        raise FocusError(f"face template: spacing {spacing_mm} mm; expected 0.8 to 8 mm")
    xy = place_points(float(spacing_mm))
    triangles = _triangulate(xy)
    used = np.unique(triangles)
    if not np.array_equal(used[:68], np.arange(68)):
        raise FocusError(f"face template: spacing {spacing_mm} mm leaves a landmark outside the mesh; expected less")
    xy, triangles = xy[used], np.searchsorted(used, triangles)
    vertices = np.column_stack([xy, surface_depth(*xy.T)])
    landmarks = np.arange(68)
    return Template(xy, vertices, triangles, landmarks, landmarks[list(NOW_IN_IBUG)])
