"""Do 68 points given for a photograph lie as a face's do, or in another convention?

The mean face is placed on them by an affine camera, x to the right and y up. Where it does not fit, the points are in
another order; where the camera would look at the face from behind, they are mirrored, y upwards, or x and y exchanged.
A turned face, a tilted one and one that is upside down are all seen from the front and pass: a picture may lie on its
side. So does a convention that leaves no trace in the points, e.g. those of a picture half as large.
"""

from __future__ import annotations

import numpy as np

from focus.errors import FocusError

LOOSEST = 0.25  # RMS distance over RMS extent; random faces of the demo model within 60 degrees stay below 0.16
FROM_BEHIND = -0.15  # cosine of the angle to the front; they stay above 0.3 (tests/datasets/test_landmark_check.py)
# Share of the points that lie in the photograph: a face may be cut off at a border. Where they leave it both to the
# right and below, as those of a larger picture do, more of them are expected inside.
LEAST_INSIDE, LEAST_INSIDE_BOTH, BEYOND = 0.25, 0.6, 1.1

# The embedded model's mean face, mm: x to the right of the image, y up, z to the viewer.
_RIGHT_HALF = """
 -67 46 -37  -69 26 -40  -69 6 -40  -66 -14 -37  -60 -33 -29  -50 -50 -19  -36 -65 -14  -19 -75 -18
 -46 52 -6   -38 55 1    -29 57 7   -21 56 10    -13 53 12
 -13 -9 17   -7 -11 14
 -45 40 -6   -38 44 -3   -24 43 3   -16 38 4     -24 35 6     -38 36 0
 -25 -32 6   -22 -30 10  -6 -25 18  -22 -34 10   -8 -40 14
 -23 -32 8   -9 -30 15   -9 -32 15
"""
_MIDDLE = "0 -79 -21  0 38 17  0 24 22  0 10 28  0 -3 35  0 -12 16  0 -26 19  0 -41 14  0 -32 16  0 -33 16"
_RIGHT = [*range(8), *range(17, 22), 31, 32, *range(36, 42), 48, 49, 50, 59, 58, 60, 61, 67]
_LEFT = [*range(16, 8, -1), *range(26, 21, -1), 35, 34, 45, 44, 43, 42, 47, 46, 54, 53, 52, 55, 56, 64, 63, 65]
_CENTRE = [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]

# How each convention is undone, up to a shift, and what it is called.
_UNDONE = {
    "mirrored (x counted from the right)": np.array([[-1, 0], [0, 1]]),
    "with y upwards": np.array([[1, 0], [0, -1]]),
    "with x and y exchanged": np.array([[0, 1], [1, 0]]),
}


def _mean_face() -> np.ndarray:
    """Return the mean face's 68 points and a column of ones, (68,4)."""
    face = np.ones((68, 4))
    face[_RIGHT, :3] = np.array(_RIGHT_HALF.split(), float).reshape(-1, 3)
    face[_LEFT, :3] = face[_RIGHT, :3] * (-1, 1, 1)
    face[_CENTRE, :3] = np.array(_MIDDLE.split(), float).reshape(-1, 3)
    return face


MEAN_FACE = _mean_face()


def check_landmarks(points: np.ndarray, size: tuple[int, int], where: str) -> None:
    """Raise FocusError, one line, unless points (68,2) px, y down, are a face in a photograph of (width, height).

    `where` names file and row for the message.
    """
    found = _unlike(np.asarray(points, np.float64), size)
    if found:
        raise FocusError(f"{where}: landmarks {found}; expected 68 pixels (x, y) in iBUG's order, y downwards")


def _unlike(points: np.ndarray, size: tuple[int, int]) -> str:
    """Return what the points look like, "" for a face."""
    if np.ptp(points, axis=0).max() <= 2:
        return f"within {np.ptp(points, axis=0).max():.2g} pixels look like shares of the photograph's sides"
    looseness, front, _ = placed(points)
    if looseness > LOOSEST:
        if placed(points.reshape(2, 68).T)[0] <= LOOSEST:
            return "look like all x first and then all y"
        return f"look shuffled or of another scheme ({looseness:.0%} of the face's extent off a face)"
    if front < FROM_BEHIND:
        rolls = {name: abs(placed(points @ undone)[2]) for name, undone in _UNDONE.items()}
        return f"look {min(rolls, key=rolls.__getitem__)}"
    inside = ((points >= 0) & (points <= size)).all(axis=1).mean()
    reach = points.max(axis=0) / size
    if inside < (LEAST_INSIDE_BOTH if reach.min() > BEYOND else LEAST_INSIDE):
        other = f", as in one {reach.max():.1f} times as large" if reach.min() > 1 else ""
        return f"look of another photograph: {inside:.0%} of them lie in this one of {size[0]}x{size[1]}{other}"
    return ""


def placed(points: np.ndarray) -> tuple[float, float, float]:
    """Place the mean face on points (68,2), y down.

    Returns the RMS distance over the points' RMS extent; how far the face looks to the viewer, 1 from the front, 0 from
    the side, below 0 from behind; and how it is tilted in the picture, radians (meaningful above 0).
    """
    upward = points * (1, -1)
    camera, *_ = np.linalg.lstsq(MEAN_FACE, upward, rcond=None)
    spread = np.sqrt(np.square(upward - upward.mean(axis=0)).sum(axis=1).mean())
    off = np.sqrt(np.square(upward - MEAN_FACE @ camera).sum(axis=1).mean())
    right, up = camera[:3].T
    length = np.linalg.norm(right) * np.linalg.norm(up)
    front = (right[0] * up[1] - right[1] * up[0]) / max(length, 1e-12)
    return float(off / max(spread, 1e-12)), float(front), float(np.arctan2(up[0] - right[1], right[0] + up[1]))
