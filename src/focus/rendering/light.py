"""Light as nine spherical-harmonics coefficients per colour, as in the released code (33a5add)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from focus.errors import FocusError

# Added to the constant (DC) coefficient of each colour, so that zero light parameters mean an even white light.
AMBIENT = 0.7 * 2 * math.pi

_C0 = math.sqrt(1 / (4 * math.pi))  # 0.28209
_C1 = math.sqrt(3 / (4 * math.pi))  # 0.48860
_C2 = math.sqrt(15 / (4 * math.pi))  # 1.09255
_C20 = math.sqrt(5 / (16 * math.pi))  # 0.31539
_C22 = math.sqrt(15 / (16 * math.pi))  # 0.54627


def sh_basis(normals: Tensor) -> Tensor:
    """Return the nine real spherical harmonics of bands 0 to 2 in the released code's order and signs.

    Y = 0.28209; -0.48860 ny, 0.48860 nz, -0.48860 nx; 1.09255 nx ny, -1.09255 ny nz, 0.31539 (3 nz^2 - 1),
    -1.09255 nx nz, 0.54627 (nx^2 - ny^2).

    Args:
        normals: (..., 3) unit normals, camera frame (x right, y down, z forward).

    Returns:
        (..., 9), dtype of `normals`.
    """
    if normals.shape[-1] != 3:
        raise FocusError(f"normals: shape {tuple(normals.shape)}, expected (..., 3)")
    # One contiguous plane a component; the result is a view of nine such planes.
    x, y, z = normals.movedim(-1, 0).contiguous().unbind(0)
    planes = torch.stack(
        [
            torch.full_like(x, _C0),
            -_C1 * y,
            _C1 * z,
            -_C1 * x,
            _C2 * x * y,
            -_C2 * y * z,
            _C20 * (3 * z * z - 1),
            -_C2 * x * z,
            _C22 * (x * x - y * y),
        ]
    )
    return planes.movedim(0, -1)


def released_directions(normals: Tensor) -> Tensor:
    """Return the unit directions (..., 3) that the released code lights: polar angle from z alone, azimuth from x, y.

    Its normals are not renormalised (`vertex_normals(unit=False)`), so that their length acts through z.
    """
    x, y, z = normals.unbind(-1)
    z = z.clamp(-1 + 1e-7, 1 - 1e-7)  # at the poles the root's gradient is infinite
    scale = ((1 - z * z) / (x * x + y * y).clamp(min=1e-24)).sqrt()
    return torch.stack([x * scale, y * scale, z], -1)


def shade(normals: Tensor, light: Tensor) -> Tensor:
    """Return the irradiance at each normal: sum over the basis of (coefficient + ambient on DC) * Y; no clamp.

    Args:
        normals: (B, V, 3) unit normals, camera frame.
        light: (B, 27) = 9 red, 9 green, 9 blue coefficients without the ambient offset.

    Returns:
        (B, V, 3) irradiance of red, green, blue; multiply by the albedo for the colour (no gamma).

    Raises:
        FocusError: when the shapes are not these.
    """
    if normals.ndim != 3 or light.shape != (normals.shape[0], 27):
        raise FocusError(
            f"normals and light: shapes {tuple(normals.shape)} and {tuple(light.shape)}, expected (B, V, 3) and (B, 27)"
        )
    ambient = light.new_tensor([AMBIENT] + [0.0] * 8)
    coefficients = light.view(-1, 3, 9) + ambient
    return (coefficients @ sh_basis(normals).transpose(1, 2)).transpose(1, 2)
