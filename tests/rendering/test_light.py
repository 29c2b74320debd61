from __future__ import annotations

import math

import pytest
import torch

from focus.errors import FocusError
from focus.rendering import AMBIENT, released_directions, sh_basis, shade


def test_basis_by_hand() -> None:
    """A light trained here would mean another light in the released code: order or signs differ."""
    x, y, z = 0.48, -0.6, 0.64
    expected = [
        0.28209,
        -0.48860 * y,
        0.48860 * z,
        -0.48860 * x,
        1.09255 * x * y,
        -1.09255 * y * z,
        0.31539 * (3 * z * z - 1),
        -1.09255 * x * z,
        0.54627 * (x * x - y * y),
    ]
    assert torch.allclose(sh_basis(torch.tensor([x, y, z])), torch.tensor(expected), atol=1e-5)


def test_basis_is_orthonormal() -> None:
    """A constant of the basis would be wrong beyond the printed digits."""
    generator = torch.Generator().manual_seed(0)
    normals = torch.nn.functional.normalize(torch.randn(400_000, 3, dtype=torch.float64, generator=generator), dim=1)
    basis = sh_basis(normals)
    gram = 4 * math.pi * basis.T @ basis / len(normals)
    assert torch.allclose(gram, torch.eye(9, dtype=torch.float64), atol=0.02)


def test_no_light_parameters_mean_even_white_light() -> None:
    """The untrained network would render a black or tinted mean face."""
    normals = torch.nn.functional.normalize(torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1)), dim=-1)
    irradiance = shade(normals, torch.zeros(2, 27))
    assert pytest.approx(0.7 * 2 * math.pi) == AMBIENT
    assert torch.allclose(irradiance, torch.full((2, 5, 3), 0.7 * 2 * math.pi * 0.2820948))


def test_coefficients_are_nine_of_red_then_green_then_blue() -> None:
    """Colours of the light would be mixed up."""
    normals = torch.tensor([[[0.0, -1.0, 0.0]]])  # up, in the y-down camera frame
    light = torch.zeros(1, 27)
    light[0, 9 + 1] = 2.0
    extra = shade(normals, light) - shade(normals, torch.zeros(1, 27))
    assert torch.allclose(extra, torch.tensor([[[0.0, 2 * 0.4886025, 0.0]]]), atol=1e-6)


def test_no_clamp() -> None:
    """Dark light would lose its gradient."""
    light = torch.zeros(1, 27)
    light[0, 0] = -10 * AMBIENT
    assert shade(torch.tensor([[[0.0, 0.0, -1.0]]]), light)[0, 0, 0] < -10


def test_gradients(generator: torch.Generator) -> None:
    """Light and normals would be trained with wrong gradients."""
    normals = torch.randn(2, 4, 3, dtype=torch.float64, generator=generator).requires_grad_()
    light = torch.randn(2, 27, dtype=torch.float64, generator=generator).requires_grad_()
    assert torch.autograd.gradcheck(shade, (normals, light))


def test_exceptions() -> None:
    """A wrong shape would broadcast silently."""
    with pytest.raises(FocusError, match="normals"):
        sh_basis(torch.zeros(4, 2))
    with pytest.raises(FocusError, match="light"):
        shade(torch.zeros(2, 4, 3), torch.zeros(1, 27))


def test_released_directions(generator: torch.Generator) -> None:
    """Unit normals would be lit from elsewhere, or a short one not by its z."""
    unit = torch.nn.functional.normalize(torch.randn(2, 5, 3, generator=generator, dtype=torch.float64), dim=-1)
    assert torch.allclose(released_directions(unit), unit, atol=1e-6)
    short = released_directions(0.8 * unit)
    assert torch.allclose(short[..., 2], 0.8 * unit[..., 2]) and torch.allclose(
        short.norm(dim=-1), torch.ones(2, 5).double()
    )
    assert torch.isfinite(released_directions(torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]))).all()
    assert torch.autograd.gradcheck(released_directions, (0.8 * unit).requires_grad_())
