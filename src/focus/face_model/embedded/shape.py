"""How neutral faces differ: named displacement fields over the frontal plane, each for one standard deviation.

A field is a function of position, so a fine and a coarse mesh of the same face agree. Displacements are millimetres
in the model frame (x right, y up, z towards the viewer).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from focus.face_model.embedded import curves
from focus.face_model.embedded.curves import EYE_HALF_WIDTH, EYE_X, EYE_Y, MOUTH_HALF_WIDTH, MOUTH_Y, Array, step


class Plane:
    """Positions on the frontal plane with the helpers that fields are written in; all arrays are (V,)."""

    def __init__(self, xy: Array) -> None:
        """Take positions (V,2) in mm."""
        self.x, self.y = xy.T
        self.ax = np.abs(self.x)
        self.side = np.tanh(self.x / 0.5)  # the sign of x without a jump on the midline

    def bump(self, x: float, y: float, width: float, height: float) -> Array:
        """One Gaussian bump."""
        return curves.bump(self.x, self.y, x, y, width, height)

    def pair(self, x: float, y: float, width: float, height: float) -> Array:
        """A Gaussian bump and its mirror image."""
        return curves.pair(self.x, self.y, x, y, width, height)

    def below(self, y: float, softness: float) -> Array:
        """Smooth step: 1 well below height y."""
        return step((y - self.y) / softness)

    def move(self, x: Array | float = 0.0, y: Array | float = 0.0, z: Array | float = 0.0) -> Array:
        """Displacement (V,3) in mm from its three parts."""
        return np.stack([np.broadcast_to(part, self.x.shape) for part in (x, y, z)], -1)

    @property
    def eyes(self) -> Array:
        """1 at both eyes, fading over the sockets."""
        return self.pair(EYE_X, EYE_Y, 19, 14)

    @property
    def mouth(self) -> Array:
        """1 at the mouth, fading over the muzzle."""
        return self.bump(0, MOUTH_Y, 32, 12)


Field = Callable[[Plane], Array]

SHAPE_FIELDS: dict[str, Field] = {
    # the whole head
    "face width": lambda p: p.move(x=0.045 * p.x),
    "face height": lambda p: p.move(y=0.042 * p.y),
    "face depth": lambda p: p.move(z=-2.6 * (p.x / 55) ** 2),
    # jaw, chin and cheeks
    "jaw width": lambda p: p.move(x=0.07 * p.x * p.below(-35, 14)),
    "jaw angle": lambda p: p.move(x=2.6 * p.side * p.pair(58, -45, 16, 18), z=1.8 * p.pair(55, -45, 16, 18)),
    "chin length": lambda p: p.move(y=-3.6 * p.below(-55, 8)),
    "chin forwards": lambda p: p.move(z=3.8 * p.bump(0, -72, 24, 16)),
    "chin width": lambda p: p.move(x=0.10 * p.x * p.bump(0, -74, 32, 14)),
    "cheekbones": lambda p: p.move(z=2.8 * p.pair(43, 2, 17, 14)),
    "cheek width": lambda p: p.move(x=2.2 * p.side * p.pair(58, 2, 18, 22)),
    "cheek fullness": lambda p: p.move(z=3.4 * p.pair(40, -30, 17, 18)),
    "nasolabial folds": lambda p: p.move(z=-1.3 * p.pair(25, -25, 5, 12)),
    # nose
    "nose length": lambda p: p.move(y=-2.4 * p.bump(0, -13, 16, 14)),
    "nose forwards": lambda p: p.move(z=2.8 * p.bump(0, -11, 11, 14)),
    "nose width": lambda p: p.move(x=2.1 * np.tanh(p.x / 6) * p.bump(0, -14, 18, 9)),
    "bridge height": lambda p: p.move(z=2.3 * p.bump(0, 22, 8, 14)),
    "bridge hump": lambda p: p.move(z=1.6 * p.bump(0, 6, 6, 7)),
    "nose tip up": lambda p: p.move(y=1.8 * p.bump(0, -13, 9, 7)),
    "nose wings": lambda p: p.move(z=1.8 * p.pair(12.5, -15, 6, 7)),
    # eyes and brows
    "eye distance": lambda p: p.move(x=1.9 * p.side * p.eyes),
    "eye height": lambda p: p.move(y=1.6 * p.eyes),
    "eye size": lambda p: p.move(x=0.08 * (p.ax - EYE_X) * p.side * p.eyes, y=0.12 * (p.y - EYE_Y) * p.eyes),
    "eye tilt": lambda p: p.move(y=1.4 * (p.ax - EYE_X) / EYE_HALF_WIDTH * p.eyes),
    "eye depth": lambda p: p.move(z=2.2 * p.eyes),
    "brow height": lambda p: p.move(y=2.0 * p.pair(30, 46, 24, 7)),
    "brow tilt": lambda p: p.move(y=1.5 * (p.ax - 30) / 17 * p.pair(30, 46, 24, 8)),
    "brow ridge": lambda p: p.move(z=2.2 * p.pair(24, 46, 26, 8)),
    # mouth
    "mouth width": lambda p: p.move(x=2.3 * p.x / MOUTH_HALF_WIDTH * p.mouth),
    "mouth height": lambda p: p.move(y=2.0 * p.mouth),
    "mouth forwards": lambda p: p.move(z=2.3 * p.mouth),
    "mouth curve": lambda p: p.move(y=1.1 * ((p.x / MOUTH_HALF_WIDTH) ** 2 - 0.4) * p.mouth),
    "upper lip": lambda p: p.move(y=1.1 * p.bump(0, -35, 20, 4), z=1.2 * p.bump(0, -38, 18, 4.5)),
    "lower lip": lambda p: p.move(y=-1.3 * p.bump(0, -50, 18, 5), z=1.4 * p.bump(0, -47, 18, 5)),
    "muzzle": lambda p: p.move(z=2.4 * p.bump(0, -37, 28, 22)),
    # forehead
    "forehead slope": lambda p: p.move(z=-5.0 * np.clip((p.y - 48) / 42, 0, 2)),
    "forehead width": lambda p: p.move(x=0.05 * p.x * p.below(-45, -12)),
    "temples": lambda p: p.move(z=2.6 * p.pair(60, 45, 16, 22)),
    # left and right differ a little
    "crooked nose": lambda p: p.move(x=0.9 * p.bump(0, -5, 12, 22)),
    "crooked jaw": lambda p: p.move(x=1.4 * p.below(-45, 12)),
}


def stack_fields(fields: Mapping[str, Field], xy: Array) -> Array:
    """Evaluate every field at xy (V,2): (K,V,3) float64, mm for one standard deviation, in the mapping's order."""
    plane = Plane(xy)
    return np.stack([field(plane) for field in fields.values()])


def smooth_modes(xy: Array, count: int, length_mm: float, rng: np.random.Generator, parts: int) -> Array:
    """Return (count,V,parts) smooth random fields; a sum with coefficients N(0,1) has unit variance everywhere.

    Random Fourier features of a Gaussian process with a squared-exponential kernel of length scale `length_mm`
    (Rahimi and Recht 2007), 24 cosines a mode. The draws do not depend on the mesh.
    """
    cosines = 24
    frequency = rng.standard_normal((count, cosines, 2)) / length_mm
    phase = rng.uniform(0, 2 * np.pi, (count, cosines))
    amount = rng.standard_normal((count, cosines, parts)) * np.sqrt(2.0 / (cosines * count))
    return np.stack([np.cos(xy @ f.T + p) @ a for f, p, a in zip(frequency, phase, amount, strict=True)])
