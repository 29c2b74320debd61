"""Names for parts of the face, per vertex, found from the 68 landmarks of the mean shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from focus.face_model.model import FaceModel

if TYPE_CHECKING:
    from focus.face_model.heads import Template

REGIONS = ("other", "forehead", "cheeks", "chin", "left eye", "right eye", "nose", "mouth")


def regions(face: FaceModel | Template) -> NDArray[np.int64]:
    """Return the region of each vertex (V,) int64, an index into REGIONS; left and right are the subject's.

    Drawn on the frontal view of the mean shape in units of the distance between the eyes; "other" is what lies
    outside the jaw line and the forehead (ears, neck, back of the head).
    """
    vertices = face.shape_mean if isinstance(face, FaceModel) else face.vertices
    xy = np.asarray(vertices, dtype=float)[:, :2]
    points = xy[np.asarray(face.landmarks68)]
    labels = np.zeros(len(xy), dtype=np.int64)
    for name, polygon in _polygons(points).items():  # later regions lie on top of earlier ones
        labels[inside_polygon(xy, polygon)] = REGIONS.index(name)
    return labels


def _polygons(points: NDArray[np.floating]) -> dict[str, NDArray[np.floating]]:
    """Outlines (M,2) of the regions from the landmarks (68,2), in painting order."""
    right_eye, left_eye = points[36:42], points[42:48]
    unit = np.linalg.norm(left_eye.mean(0) - right_eye.mean(0))
    jaw, brows = points[:17], points[17:27]
    top = np.array([0, 1.05 * unit])
    face = np.concatenate([jaw, [jaw[16] + 0.6 * top], (brows + top)[::-1], [jaw[0] + 0.6 * top]])
    face = grown(face, 1.06)
    over = np.concatenate([[jaw[0] + 0.2 * top], brows, [jaw[16] + 0.2 * top]])
    forehead = np.concatenate([over, [face[17]], face[18:28], [face[28]]])
    half_mouth = 0.5 * (points[54] - points[48])
    under_lip = points[57] - (0, 0.06 * unit)
    side, down = half_mouth * (1.1, 0), np.array([0, 1.2 * (points[57, 1] - points[8, 1])])
    chin = np.array([under_lip - side, under_lip + side, under_lip + side - down, under_lip - side - down])
    wing, under = np.array([0.1 * unit, 0]), np.array([0, 0.03 * unit])
    bridge = points[27] + np.outer([-1.3, 1.3], wing)
    nose = np.stack([bridge[0], points[31] - wing, *(points[32:35] - under), points[35] + wing, bridge[1]])
    return {
        "cheeks": face,
        "forehead": forehead,
        "chin": chin,
        "nose": nose,
        "mouth": grown(points[48:60], (1.12, 1.3)),
        "left eye": grown(left_eye, (1.3, 2.0)),
        "right eye": grown(right_eye, (1.3, 2.0)),
    }


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
