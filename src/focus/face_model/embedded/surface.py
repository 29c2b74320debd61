"""The depth of the mean face over the frontal plane: a head, a nose and a table of bumps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

from focus.face_model.embedded import curves
from focus.face_model.embedded.curves import Array, bump, pair

SURFACE_Z = 50.0  # mm; puts the origin inside the head, and the whole mesh inside the Basel model's crop rule


class Depth(NamedTuple):
    """One bump of the depth map: mm towards the viewer, centre and extent in mm; a centre off x = 0 has its mirror."""

    what: str
    amount: float
    x: float
    y: float
    width: float
    height: float


# Nose: ridge height above the face and half width of its cross-section, at heights y (mm).
_NOSE_Y = [-26, -23, -21.3, -19.3, -17, -14, -10, -2, 10, 22, 31, 44]
_NOSE_HEIGHT = [0, 0.8, 3.4, 10.5, 17.2, 20.3, 20.2, 16.8, 11.6, 7.0, 4.6, 0]
_NOSE_WIDTH = [10, 9.5, 9, 8.6, 8.6, 9.0, 8.8, 8.0, 7.2, 6.6, 7.0, 12]
# Half width at which the head would turn backwards, at heights y (mm).
_HEAD_Y = [-95, -62, -32, 14, 60, 100]
_HEAD_WIDTH = [62, 67.5, 72, 75, 73, 71]
_HEAD_DEPTH, _FOREHEAD, _CHIN = 88.0, (118.0, 3.4), (97.0, 5.5)  # mm; (height mm, exponent) above and below y = 0

_DEPTHS = [
    Depth("tip of the nose", 1.8, 0, -13.0, 6.5, 5.5),
    Depth("wing of the nose", 7.0, 12.0, -15, 4.8, 5.2),
    Depth("crease behind the wing", -1.6, 18.0, -14, 2.6, 6),
    Depth("nostril", -3.0, 6.2, -20.4, 3.0, 1.7),
    Depth("eye socket", -9.0, 30, 31, 15, 10),
    Depth("inner corner of the socket", -3.8, 16, 30, 6, 8),
    Depth("eyeball", 6.5, curves.EYE_X, curves.EYE_Y, 11.5, 7.0),
    Depth("crease of the upper lid", -1.5, curves.EYE_X, curves.EYE_Y + 9.5, 14, 2.2),
    Depth("crease of the lower lid", -0.9, curves.EYE_X - 2, curves.EYE_Y - 9.5, 12, 2.6),
    Depth("brow ridge", 4.2, 27, 44.5, 20, 6.5),
    Depth("glabella", 2.6, 0, 44, 12, 8),
    Depth("cheekbone", 5.0, 43, 4, 17, 14),
    Depth("hollow of the cheek", -2.6, 46, -30, 13, 16),
    Depth("muzzle", 4.4, 0, -37, 29, 20),
    Depth("nasolabial fold", -1.8, 24.5, -25, 4.5, 11),
    Depth("upper lip", 3.5, 0, curves.MOUTH_Y + 3.9, 17, 3.8),
    Depth("lower lip", 4.2, 0, curves.MOUTH_Y - 4.8, 15, 4.2),
    Depth("corner of the mouth", -1.8, 26, curves.MOUTH_Y, 4, 4),
    Depth("philtrum", -1.3, 0, -29.5, 2.6, 5),
    Depth("ridge of the philtrum", 0.6, 4.6, -30, 1.9, 5),
    Depth("fold above the chin", -3.6, 0, -57, 18, 5),
    Depth("chin", 8.0, 0, -73, 16, 10),
    Depth("temple", -2.5, 60, 50, 10, 18),
]


def surface_depth(x: Array, y: Array) -> Array:
    """Depth z in mm (towards the viewer) of the mean face at points of the frontal plane; any shape."""
    forehead, chin = (np.clip(s * y / size, 0, None) ** power for s, (size, power) in ((1, _FOREHEAD), (-1, _CHIN)))
    width = PchipInterpolator(_HEAD_Y, _HEAD_WIDTH)(np.clip(y, _HEAD_Y[0], _HEAD_Y[-1]))
    turned = np.clip((np.abs(x) / width) ** 2.2 + forehead + chin, 0, 0.995)
    z = _HEAD_DEPTH * (np.sqrt(1 - turned) - 1)
    on_nose = np.clip(y, _NOSE_Y[0], _NOSE_Y[-1])
    ridge, half = PchipInterpolator(_NOSE_Y, _NOSE_HEIGHT)(on_nose), PchipInterpolator(_NOSE_Y, _NOSE_WIDTH)(on_nose)
    z = z + ridge * np.exp(-((np.abs(x) / half) ** 2.2))
    for part in _DEPTHS:
        z = z + part.amount * (bump if part.x == 0 else pair)(x, y, *part[2:])
    lips_meet = np.exp(-(((y - curves.lip_line(x)) / 1.6) ** 2) - (x / (0.95 * curves.MOUTH_HALF_WIDTH)) ** 4)
    return z - 2.8 * lips_meet + SURFACE_Z
