"""Where the vertices of the embedded face lie in the frontal plane.

Points are placed in order of importance: the 68 landmarks, feature curves, fine lattices at eyes, mouth, nose and
brows, a coarse lattice elsewhere. A point too near to an earlier one is left out. The landmarks come first, so each is
a vertex of its own at any spacing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.spatial import cKDTree

from focus.face_model.embedded import curves
from focus.face_model.embedded.curves import Array
from focus.face_model.polygon import inside_polygon

FINEST_MM = 0.8  # no feature is finer than this, however small the spacing asked for

_Distance = Callable[[float], float]  # multiple of the spacing -> mm
_ANGLES = np.linspace(0, 2 * np.pi, 720, endpoint=False)

# Boxes filled with a fine lattice: half width, bottom, top in mm, and the distance of points over the spacing.
_FINE_BOXES = {
    "eyes": ((50, 19, 39), 0.45),
    "mouth": ((27, -53, -33), 0.55),
    "lower nose": ((20, -26, -7), 0.5),
    "ridge of the nose": ((13, -8, 32), 0.62),
    "brows": ((50, 38, 54), 0.7),
}


def landmark_points() -> Array:
    """The 68 iBUG landmarks (68,2) in the frontal plane, mm: jaw, brows, nose, eyes, outer and inner lips."""
    jaw = curves.outline(17, 0.195, 0.805)
    brow = curves.brow_middle([0.03, 0.25, 0.5, 0.75, 0.97])
    ridge = np.array([(0, 27), (0, 13.5), (0, 0), (0, -13.5)])
    base = np.array([(-13.5, -19), (-6.6, -21.2), (0, -22.6), (6.6, -21.2), (13.5, -19)])
    mirror = np.array([-1, 1])
    right_eye = curves.eye_curve(np.deg2rad([0, 60, 120, 180, 240, 300])) * mirror
    left_eye = curves.eye_curve(np.deg2rad([180, 120, 60, 0, 300, 240]))
    outer = curves.lip_outer(np.deg2rad([180, 150, 103, 90, 77, 30, 0, -30, -72, -90, -108, -150]))
    inner = curves.lip_inner(np.deg2rad([180, 112, 90, 68, 0, -68, -90, -112]))
    return np.concatenate([jaw, brow[::-1] * mirror, brow, ridge, base, right_eye, left_eye, outer, inner])


def place_points(spacing: float) -> Array:
    """All vertices (V,2) in the frontal plane, mm, the 68 landmarks first; neighbours about `spacing` mm apart."""
    placed = landmark_points()
    for points, clearance in _features(spacing):
        far = cKDTree(placed).query(points)[0] > clearance
        placed = np.concatenate([placed, points[far]])
    return placed


def _features(spacing: float) -> Iterator[tuple[Array, float]]:
    """Points (n,2) of each feature, the most important first, and the clearance in mm that its points need."""

    def distance(factor: float) -> float:
        return max(factor * spacing, FINEST_MM)

    oval = curves.outline(max(40, round(500 / (0.9 * spacing))))
    yield oval, 0.5 * spacing
    yield from _mouth(distance)
    yield from _eyes(distance)
    brow = curves.brow_middle(np.linspace(0, 1, 40))
    for offset in (0.0, 2.6, -2.6):
        yield _mirrored(_spaced(brow + np.array([0, offset]), distance(0.65), closed=False)), 0.5 * distance(0.65)
    for box, factor in _FINE_BOXES.values():
        yield _lattice(distance(factor), *box), 0.62 * distance(factor)
    coarse = _lattice(spacing, 72, -92, 100)
    yield coarse[inside_polygon(coarse, oval)], 0.62 * spacing


def _mouth(distance: _Distance) -> Iterator[tuple[Array, float]]:
    """The rows along the slit first, which must be complete since they part when the mouth opens; then the lips."""
    inner, outer = curves.lip_inner(_ANGLES), curves.lip_outer(_ANGLES)
    yield _spaced(inner, distance(0.5), closed=True), 0.42 * distance(0.5)
    x = np.linspace(-0.86, 0.86, 60) * curves.MOUTH_HALF_WIDTH
    for side in (-1, 1):  # two dark rows between the rims, which go apart with them
        row = np.stack([x, curves.lip_line(x) + side * curves.LIP_GAP / 3], -1)
        yield _spaced(row, distance(0.5), closed=False), 0.2
    for share in (0.0, 0.5):
        ring = outer * (1 - share) + inner * share
        yield _spaced(ring, distance(0.6), closed=True), 0.35 * distance(0.6)


def _eyes(distance: _Distance) -> Iterator[tuple[Array, float]]:
    """Rings along the rim of the opening, then pupil and iris where the lids leave them free."""
    near = 0.35 * distance(0.5)
    for scale in (1.0, 1.25, 0.75):
        yield _mirrored(_spaced(curves.eye_curve(_ANGLES, scale), distance(0.5), closed=True)), near
    centre = np.array([[curves.EYE_X, curves.EYE_Y + curves.IRIS_ABOVE]])
    yield _mirrored(centre), near
    for radius in (curves.PUPIL_RADIUS, curves.IRIS_RADIUS):
        circle = centre + radius * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], -1)
        ring = _spaced(circle, distance(0.5), closed=True)
        yield _mirrored(ring[curves.eye_level(*ring.T) < 0.9]), near


def _spaced(line: Array, distance: float, *, closed: bool) -> Array:
    """Points (n,2) at equal distances near `distance` on a line given by dense points (m,2)."""
    line = np.concatenate([line, line[:1]]) if closed else line
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    count = max(6, round(arc[-1] / distance)) + (not closed)
    wanted = np.linspace(0, arc[-1], count, endpoint=not closed)
    return np.stack([np.interp(wanted, arc, line[:, axis]) for axis in (0, 1)], -1)


def _mirrored(points: Array) -> Array:
    """The points (n,2) and their mirror images."""
    return np.concatenate([points, points * (-1, 1)])


def _lattice(distance: float, half_width: float, bottom: float, top: float) -> Array:
    """Triangular lattice (n,2), symmetric about x = 0, that fills a box (mm)."""
    rows = []
    for row, y in enumerate(np.arange(bottom, top + distance, distance * np.sqrt(0.75))):
        half = np.arange(row % 2 * distance / 2, half_width, distance)
        x = np.concatenate([-half[half > 0][::-1], half])
        rows.append(np.stack([x, np.full_like(x, y)], -1))
    return np.concatenate(rows)
