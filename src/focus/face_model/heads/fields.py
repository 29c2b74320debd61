"""Smooth random fields over the plane of the face."""

from __future__ import annotations

import numpy as np

from focus.face_model.heads.curves import Array


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
