"""Arrays to tensors and back, for the tests of the losses."""

from __future__ import annotations

import pytest
import torch

B, S, TOLERANCE = 2, 7, 1e-5


def tensors(*arrays, gradient=False):
    return [torch.tensor(array, requires_grad=gradient) for array in arrays]


def assert_value(found: torch.Tensor, expected: float) -> None:
    assert found.shape == ()
    assert found.item() == pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE)
