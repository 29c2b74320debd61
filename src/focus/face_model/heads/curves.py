"""The lines of an average face, seen from the front, as functions: eyes, lips, brows and the oval.

All coordinates are millimetres in the model frame (x to the right of the image = the subject's left, y up; the origin
on the nose ridge between eyes and mouth). Sizes are round numbers near adult averages: eye centres 62 mm apart, mouth
50 mm wide, face 139 mm wide, chin 89 mm below the origin. Everything else in this package is built around these
curves, so a curve moved here moves the mesh, its landmarks, its depth, its expressions and its paint together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

Array = NDArray[np.float64]

EYE_X, EYE_Y = 31.0, 28.5  # centre of an eye opening; the other eye is the mirror image
EYE_HALF_WIDTH, EYE_UPPER, EYE_LOWER = 14.5, 5.7, 4.5  # half width; height of the upper and lower lid above the centre
EYE_TILT = 0.9  # the outer corner lies this much higher than the centre, the inner this much lower
IRIS_RADIUS, PUPIL_RADIUS, IRIS_ABOVE = 5.9, 2.3, 0.5  # the iris sits a little above the centre of the opening
MOUTH_HALF_WIDTH, MOUTH_Y = 25.0, -42.0
UPPER_LIP, LOWER_LIP = 7.0, 9.2  # heights of the red above and below the line between the lips
LIP_GAP = 0.9  # the inner rims of the lips lie this far above and below that line
BROW_INNER, BROW_OUTER = 12.0, 47.0

# The right half of the oval from the top of the forehead over temple, cheekbone and jaw to the chin.
_OVAL = np.array(
    [
        (0, 97), (21, 95), (39, 88), (52, 75), (60.5, 58), (66, 38), (69, 16), (68.5, -6),
        (65, -28), (57.5, -48), (44.5, -66.5), (28.5, -80.5), (13.5, -87.5), (0, -89),
    ],
    dtype=float,
)  # fmt: skip


def bump(x: Array, y: Array, centre_x: float, centre_y: float, width: float, height: float) -> Array:
    """Gaussian bump exp(-((x-cx)/w)^2 - ((y-cy)/h)^2), 1 at its centre."""
    return np.exp(-(((x - centre_x) / width) ** 2) - ((y - centre_y) / height) ** 2)


def pair(x: Array, y: Array, centre_x: float, centre_y: float, width: float, height: float) -> Array:
    """The same bump on both halves of the face."""
    return bump(np.abs(x), y, centre_x, centre_y, width, height)


def step(t: ArrayLike) -> Array:
    """Smooth step from 0 to 1 around t = 0 (the logistic function)."""
    level: Array = 1.0 / (1.0 + np.exp(-np.clip(t, -40.0, 40.0)))
    return level


def eye_curve(angle: ArrayLike) -> Array:
    """Points (…,2) on the rim of the eye opening on the side x > 0; angle 0 is the outer corner, 90 degrees the top."""
    cosine, sine = np.cos(angle), np.sin(angle)
    height = np.where(sine > 0, EYE_UPPER, EYE_LOWER) * np.sign(sine) * np.abs(sine) ** 1.1
    return np.stack([EYE_X + EYE_HALF_WIDTH * cosine, EYE_Y + (height + EYE_TILT * cosine)], -1)


def lip_line(x: ArrayLike) -> Array:
    """Height y of the line where the closed lips meet, at each x."""
    aside: Array = np.abs(np.asarray(x, dtype=float))
    return MOUTH_Y - 0.9 * np.exp(-((aside / 5) ** 2)) + 0.6 * np.exp(-(((aside - 9) / 5) ** 2))


def lip_top(x: ArrayLike) -> Array:
    """Height y of the upper edge of the upper lip (Cupid's bow), at each |x| <= mouth half width."""
    aside: Array = np.abs(np.asarray(x, dtype=float))
    across: Array = np.clip(aside / MOUTH_HALF_WIDTH, 0, 1)
    bow = 0.9 * np.exp(-(((aside - 5.5) / 3.5) ** 2)) - 1.2 * np.exp(-((aside / 2.8) ** 2))
    return MOUTH_Y + UPPER_LIP * (1 - across**1.6) + bow * (1 - across)


def lip_bottom(x: ArrayLike) -> Array:
    """Height y of the lower edge of the lower lip, at each |x| <= mouth half width."""
    across: Array = np.clip(np.abs(np.asarray(x, dtype=float)) / MOUTH_HALF_WIDTH, 0, 1)
    return MOUTH_Y - LOWER_LIP * (1 - across**2.3)


def lip_outer(angle: ArrayLike) -> Array:
    """Points (…,2) on the outer edge of the lips; angle 0 is the corner at x > 0, 90 degrees the top."""
    x = MOUTH_HALF_WIDTH * np.cos(angle)
    return np.stack([x, np.where(np.sin(angle) >= 0, lip_top(x), lip_bottom(x))], -1)


def lip_inner(angle: ArrayLike) -> Array:
    """Points (…,2) on the inner rims of the lips, LIP_GAP above and below the lip line, meeting at the corners."""
    x = 0.92 * MOUTH_HALF_WIDTH * np.cos(angle)
    gap = LIP_GAP * np.sign(np.sin(angle)) * (1 - np.abs(np.cos(angle)) ** 6)
    return np.stack([x, lip_line(x) + gap], -1)


def brow_middle(along: ArrayLike) -> Array:
    """Points (…,2) on the middle of the brow on the side x > 0; `along` runs from 0 (inner end) to 1 (outer end)."""
    along = np.asarray(along, dtype=float)
    y = 41.5 + 5.2 * np.sin(np.pi * np.clip(0.82 * along + 0.05, 0, 1)) - 2.4 * along**2
    return np.stack([BROW_INNER + (BROW_OUTER - BROW_INNER) * along, y], -1)


def outline(count: int, start: float, stop: float) -> Array:
    """Return `count` points (count,2) on the oval at equal arc lengths, from `start` to `stop`.

    The position runs from 0 at the top of the forehead, down the side x < 0 (0.5 is the chin), back up at x > 0 to 1.
    """
    ring = np.concatenate([_OVAL * (-1, 1), _OVAL[-2::-1]])
    chord = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(ring, axis=0), axis=1))])
    spline = CubicSpline(chord / chord[-1], ring, bc_type="periodic")
    dense = np.linspace(0, 1, 4001)
    points = spline(dense)
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    placed: Array = spline(np.interp(np.linspace(start, stop, count) * arc[-1], arc, dense))
    return placed


def landmark_points() -> Array:
    """The 68 iBUG landmarks (68,2) in the frontal plane, mm: jaw, brows, nose, eyes, outer and inner lips."""
    jaw = outline(17, 0.195, 0.805)
    brow = brow_middle([0.03, 0.25, 0.5, 0.75, 0.97])
    ridge = np.array([(0, 27), (0, 13.5), (0, 0), (0, -13.5)])
    base = np.array([(-13.5, -19), (-6.6, -21.2), (0, -22.6), (6.6, -21.2), (13.5, -19)])
    mirror = np.array([-1, 1])
    right_eye = eye_curve(np.deg2rad([0, 60, 120, 180, 240, 300])) * mirror
    left_eye = eye_curve(np.deg2rad([180, 120, 60, 0, 300, 240]))
    outer = lip_outer(np.deg2rad([180, 150, 103, 90, 77, 30, 0, -30, -72, -90, -108, -150]))
    inner = lip_inner(np.deg2rad([180, 112, 90, 68, 0, -68, -90, -112]))
    return np.concatenate([jaw, brow[::-1] * mirror, brow, ridge, base, right_eye, left_eye, outer, inner])
