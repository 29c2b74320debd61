"""Fixed random inputs of the losses, as float64 NumPy arrays."""

from __future__ import annotations

import numpy as np
import pytest

B, S = 2, 7


@pytest.fixture
def images():
    """Target, rendering (black outside the rendered face), soft mask within it, and the rendered mask; float64."""
    rng = np.random.default_rng(7)
    rendered_mask = np.ones((B, 1, S, S))
    rendered_mask[:, :, :2] = 0
    rendered_mask[1, :, :, 5:] = 0
    target, rendering = rng.random((B, 3, S, S)), rng.random((B, 3, S, S)) * rendered_mask
    return target, rendering, rng.random((B, 1, S, S)) * rendered_mask, rendered_mask


@pytest.fixture
def features():
    """Two sets of feature maps (B,5,3,4) and embeddings would do as well; float64, signed."""
    rng = np.random.default_rng(8)
    return rng.standard_normal((B, 5, 3, 4)), rng.standard_normal((B, 5, 3, 4))


@pytest.fixture
def landmarks():
    """Landmarks of target and rendering (B,68,2) in pixels."""
    rng = np.random.default_rng(9)
    return rng.random((B, 68, 2)) * 100, rng.random((B, 68, 2)) * 100


@pytest.fixture
def theta():
    """Shape, expression, albedo, light and pose of two faces."""
    rng = np.random.default_rng(10)
    return [rng.standard_normal((B, count)) for count in (5, 4, 3, 27, 6)]
