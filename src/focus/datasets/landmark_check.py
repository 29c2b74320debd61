"""Do 68 points given for a photograph lie as a face's do, or in another convention?

The mean face is placed on them by an affine camera, x to the right and y up. Where it does not fit, the points are in
another order; where the camera would look at the face from behind, they are mirrored, y upwards, or x and y exchanged.
A turned face, a tilted one and one that is upside down are all seen from the front and pass: a picture may lie on its
side. So does a convention that leaves no trace in the points, e.g. those of a picture half as large.
"""

from __future__ import annotations

import numpy as np

from focus.errors import FocusError

LOOSEST = 0.25  # RMS distance over RMS extent; random heads within 60 degrees stay below 0.24, shuffled ones above 0.8
LEAST_ACROSS = 0.05  # extent across the points' longest direction, of that; the mean face from the side has 0.48
FROM_BEHIND = -0.15  # cosine of the angle to the front; they stay above 0.3 (tests/datasets/test_landmark_check.py)
# Share of the points that lie in the photograph: a face may be cut off at a border. Where they leave it both to the
# right and below, as those of a larger picture do, more of them are expected inside.
LEAST_INSIDE, LEAST_INSIDE_BOTH, BEYOND = 0.25, 0.6, 1.1

# The mean head's face (face_model/heads), mm: x to the right of the image, y up, z to the viewer.
_RIGHT_HALF = """
 -63 25 10  -62 11 15  -61 -7 14  -59 -24 3  -53 -41 14  -49 -56 9  -32 -70 29  -20 -79 33
 -46 38 44  -40 45 49  -32 47 53  -24 42 56  -15 41 57
 -14 -18 55  -7 -19 60
 -41 24 36  -36 28 41  -25 28 44  -19 23 42  -26 21 43  -33 21 41
 -22 -42 51  -14 -34 61  -5 -33 64  -13 -51 57  -6 -52 59
 -20 -42 52  -8 -41 58  -5 -43 59
"""
_MIDDLE = "0 -81 43  0 19 56  0 7 62  0 -4 70  0 -14 73  0 -21 63  0 -33 65  0 -53 60  0 -41 59  0 -43 60"
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
    longest, across = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if across < LEAST_ACROSS * longest:
        return "lie on one line, as where x is given twice"
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
