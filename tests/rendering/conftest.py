"""Meshes for the rendering tests, made by code."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

Mesh = tuple[Tensor, Tensor]


def lattice(rows: int, columns: int) -> Tensor:
    """Triangles (F, 3) of a lattice of vertices numbered row by row; counter-clockwise with x right and y up."""
    corner = (torch.arange(rows - 1).unsqueeze(1) * columns + torch.arange(columns - 1)).reshape(-1)
    lower = torch.stack([corner, corner + 1, corner + columns + 1], dim=1)
    upper = torch.stack([corner, corner + columns + 1, corner + columns], dim=1)
    return torch.cat([lower, upper])


@pytest.fixture
def make_lattice() -> Callable[[int, int], Tensor]:
    return lattice


@pytest.fixture
def make_face() -> Callable[..., Mesh]:
    """A half ellipsoid of head size facing the viewer: vertices (V, 3) in mm, model frame, and triangles (F, 3)."""

    def make(side: int, dtype: torch.dtype = torch.float32) -> Mesh:
        angle = torch.linspace(-0.45 * math.pi, 0.45 * math.pi, side, dtype=dtype)
        up, around = torch.meshgrid(angle, angle, indexing="ij")
        x, y, z = 75 * up.cos() * around.sin(), 95 * up.sin(), 80 * up.cos() * around.cos()
        return torch.stack([x, y, z], dim=-1).reshape(-1, 3), lattice(side, side)

    return make


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
