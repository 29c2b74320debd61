"""Random light of a photograph, in the spherical harmonics of `focus.rendering.light`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from focus.rendering import AMBIENT, sh_basis

# Band factors of a clamped cosine over its value at the pole: a directional light of irradiance 1 has the
# coefficients BAND * Y(direction) (Ramamoorthi and Hanrahan 2001: pi, 2 pi / 3, pi / 4).
_BAND = np.array([np.pi, *[2 * np.pi / 3] * 3, *[np.pi / 4] * 5])
_Y0 = float(np.sqrt(1 / (4 * np.pi)))
EVEN = AMBIENT * _Y0  # irradiance of the renderer's light at zero parameters: 1.24


@dataclass(frozen=True, eq=False)
class Light:
    """The light of one photograph.

    Attributes:
        coefficients: (27,) float32, 9 red, 9 green, 9 blue, without the constant that the renderer adds.
        direction: (3,) float64, unit vector towards the main lamp, camera frame (x right, y down, z forward).
        highlight: strength of the highlights of that lamp, in units of displayed colour.
    """

    coefficients: NDArray[np.float32]
    direction: NDArray[np.float64]
    highlight: float


def _direction(azimuth: float, elevation: float) -> NDArray[np.float64]:
    """Unit vector towards a lamp, camera frame: azimuth to the right, elevation upwards, (0, 0) behind the camera."""
    across = np.cos(elevation)
    return np.array([np.sin(azimuth) * across, -np.sin(elevation), -np.cos(azimuth) * across])


def compose(
    ambient: NDArray[np.float64], lamps: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> NDArray[np.float32]:
    """Coefficients (27,) float32 of an even light (3,) and of lamps (direction (3,), irradiance (3,)), RGB.

    Irradiances are relative to the renderer's own even light, so ambient 1 without lamps gives zeros.
    """
    coefficients = np.zeros((3, 9))
    coefficients[:, 0] = EVEN * (np.asarray(ambient) - 1) / _Y0
    # Convolution theorem: irradiance at n = sum_lm BAND_l L_lm Y_lm(n), L_lm = Y_lm(direction) for a point far away.
    for direction, irradiance in lamps:
        basis = sh_basis(torch.from_numpy(np.asarray(direction, dtype=float))).numpy()
        coefficients += EVEN * np.asarray(irradiance)[:, None] * (_BAND * basis)[None]
    return coefficients.reshape(27).astype(np.float32)


def sample_light(rng: np.random.Generator, harshness: float = 1.0, sides: Sequence[float] = ()) -> Light:
    """Draw an even light and one or two lamps, each slightly tinted.

    Args:
        rng: source of all draws.
        harshness: scales the lamps against the even light.
        sides: azimuths of lamps in radians (positive = right of the image); none: a main lamp anywhere in front.
    """
    side = sides[0] if sides else None
    azimuth = rng.uniform(-1.25, 1.25) if side is None else side + rng.normal(0, 0.08)
    direction = _direction(azimuth, rng.uniform(-0.1, 0.95) if side is None else rng.uniform(0.05, 0.3))
    strength = harshness * (rng.uniform(0.2, 0.6) if side is None else rng.uniform(0.55, 0.75))
    lamps = [(direction, strength * np.exp(rng.normal(0, 0.05, 3)))]
    if rng.random() < 0.4:
        fill = _direction(-np.sign(azimuth) * rng.uniform(0.4, 1.5), rng.uniform(-0.2, 0.8))
        lamps.append((fill, 0.4 * strength * np.exp(rng.normal(0, 0.08, 3))))
    for other in sides[1:]:
        lamps.append((_direction(other + rng.normal(0, 0.08), rng.uniform(0.05, 0.3)), lamps[0][1]))
    exposure = rng.uniform(0.85, 1.12)
    tint = np.array([1, 0.6, -1]) * rng.normal(0, 0.03) + rng.normal(0, 0.015, 3)
    # What reaches a cheek is about the even light plus 0.65 of the lamp: keep that near the exposure.
    ambient = np.maximum(exposure - 0.65 * strength, 0.3) * np.exp(tint)
    return Light(compose(ambient, lamps), direction, float(strength * rng.uniform(0.1, 0.6)))
