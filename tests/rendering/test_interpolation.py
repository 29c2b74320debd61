from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from focus.errors import FocusError
from focus.rendering import Topology, interpolate, rasterize


@pytest.fixture
def scene(make_face: Callable, generator: torch.Generator) -> tuple[Tensor, Topology, Tensor]:
    """Points (2, 25, 3) in float64, topology and pixel_to_face (2, 11, 13)."""
    vertices, triangles = make_face(5, torch.float64)
    points = 0.06 * vertices * torch.tensor([1.0, -1.0, -1.0]) + torch.tensor([6.0, 5.0, 20.0])
    points = points + 0.2 * torch.randn(2, 25, 3, dtype=torch.float64, generator=generator)
    topology = Topology(triangles)
    return points, topology, rasterize(points, topology, 11, 13)


def test_pixel_coordinates_are_reproduced(scene: tuple[Tensor, Topology, Tensor]) -> None:
    """The barycentric coordinates belong to other pixels or other corners."""
    points, topology, seen = scene
    drawn = interpolate(points, points[..., :2], topology, seen)
    y, x = torch.meshgrid(torch.arange(11.0).double(), torch.arange(13.0).double(), indexing="ij")
    expected = torch.stack([x, y], dim=-1) * (seen >= 0).unsqueeze(-1)
    assert drawn.shape == (2, 11, 13, 2)
    assert torch.allclose(drawn, expected)
    assert 0.2 < (seen >= 0).double().mean() < 0.9


def test_perspective_interpolates_over_depth(scene: tuple[Tensor, Topology, Tensor]) -> None:
    """Perspective-correct means a / z and 1 / z are affine in the screen, a is not."""
    points, topology, seen = scene
    attributes, depth = points[..., :1] * 3 + 1, points[..., 2:]
    affine = interpolate(points, torch.cat([attributes / depth, 1 / depth], dim=-1), topology, seen)
    perspective = interpolate(points, attributes, topology, seen, perspective=True)
    covered = seen >= 0
    assert torch.allclose(perspective[covered][:, 0], affine[covered][:, 0] / affine[covered][:, 1])


@pytest.mark.parametrize("perspective", [False, True])
def test_gradients(scene: tuple[Tensor, Topology, Tensor], generator: torch.Generator, perspective: bool) -> None:
    """Shape, pose and colours would be trained with wrong gradients."""
    points, topology, seen = scene
    colours = torch.rand(2, 25, 4, dtype=torch.float64, generator=generator).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda p, c: interpolate(p, c, topology, seen, perspective), (points.requires_grad_(), colours), fast_mode=True
    )


def test_empty_image(scene: tuple[Tensor, Topology, Tensor]) -> None:
    """A face out of sight would crash the step instead of giving a black image and zero gradients."""
    points, topology, seen = scene
    points.requires_grad_()
    drawn = interpolate(points, points, topology, torch.full_like(seen, -1))
    (gradient,) = torch.autograd.grad(drawn.sum(), points)
    assert (drawn == 0).all() and (gradient == 0).all()


def test_exceptions(scene: tuple[Tensor, Topology, Tensor]) -> None:
    """Attributes of another mesh or batch would be read silently."""
    points, topology, seen = scene
    for attributes in (points[:1], points[:, :-1]):
        with pytest.raises(FocusError, match="attributes"):
            interpolate(points, attributes, topology, seen)
