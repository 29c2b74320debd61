"""Random head poses for each data set's way of framing a face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Framing:
    """How a data set frames its faces.

    Attributes:
        turn: standard deviations of the rotations about x (nod), y (shake) and z (tilt), radians; cut at 2.
        shift: standard deviation of the face's place, as a share of half the width that the picture covers.
        distance: (nearest, farthest) distance of the camera, mm; at 1000 mm the picture's longer side covers 221 mm.
    """

    turn: tuple[float, float, float]
    shift: float
    distance: tuple[float, float]


CELEBA_HQ = Framing((0.11, 0.28, 0.05), 0.03, (1300.0, 1480.0))
AR = Framing((0.04, 0.05, 0.03), 0.05, (1700.0, 1950.0))
NOW = Framing((0.14, 0.33, 0.08), 0.14, (1300.0, 2000.0))
IDENTITIES = Framing((0.10, 0.26, 0.05), 0.04, (1120.0, 1300.0))

HALF_WIDTH_AT_1000_MM = 1000.0 / 9.06  # mm, from the camera's focal length over half the image size


def sample_pose(rng: np.random.Generator, framing: Framing) -> NDArray[np.float32]:
    """Draw a pose (6,) = rx, ry, rz in radians, tx, ty, tz in mm, as `focus.rendering.camera` takes it."""
    turn = np.clip(rng.standard_normal(3), -2, 2) * framing.turn
    distance = rng.uniform(*framing.distance)
    half = HALF_WIDTH_AT_1000_MM * distance / 1000.0
    shift = np.clip(rng.standard_normal(2), -2, 2) * framing.shift * half
    return np.array([*turn, *shift, distance - 1000.0], dtype=np.float32)
