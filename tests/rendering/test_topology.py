from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from focus.errors import FocusError
from focus.rendering import Topology, vertex_normals


def naive_normals(vertices: Tensor, triangles: Tensor) -> Tensor:
    total = torch.zeros_like(vertices)
    for a, b, c in triangles.tolist():
        normal = torch.linalg.cross(vertices[:, b] - vertices[:, a], vertices[:, c] - vertices[:, a])
        for corner in (a, b, c):
            total[:, corner] += normal
    return torch.nn.functional.normalize(total, dim=-1)


def test_sorted_corners_and_parity_by_hand() -> None:
    """Shared edges would be evaluated with different operands, or triangles culled on the wrong side."""
    topology = Topology(torch.tensor([[0, 1, 2], [2, 0, 1], [1, 0, 2], [2, 1, 0], [5, 9, 7]]))
    assert torch.stack(topology.sorted_corners, dim=1).tolist() == [[0, 1, 2]] * 4 + [[5, 7, 9]]
    assert topology.parity.tolist() == [1, 1, -1, -1, -1]
    assert topology.vertex_count == 10


def test_normal_of_one_triangle_points_outwards() -> None:
    """Faces would be lit from behind."""
    vertices = torch.tensor([[[0.0, 0, 0], [2, 0, 0], [0, 3, 0]]])
    normals = vertex_normals(vertices, Topology(torch.tensor([[0, 1, 2]])))
    assert normals.tolist() == [[[0.0, 0.0, 1.0]] * 3]


@pytest.mark.parametrize("batch", [1, 3])
def test_normals_equal_a_plain_loop(make_face: Callable, generator: torch.Generator, batch: int) -> None:
    """The incidence of vertices and triangles would be wrong somewhere."""
    vertices, triangles = make_face(7, torch.float64)
    vertices = vertices + 2 * torch.randn(batch, *vertices.shape, dtype=torch.float64, generator=generator)
    assert torch.allclose(vertex_normals(vertices, Topology(triangles)), naive_normals(vertices, triangles))


def test_vertices_without_triangles() -> None:
    """A cropped mesh with loose vertices would give NaN, which poisons every gradient."""
    vertices = torch.randn(1, 6, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    normals = vertex_normals(vertices, Topology(torch.tensor([[0, 1, 3]])))
    assert normals.shape == (1, 6, 3)
    assert (normals[0, [2, 4, 5]] == 0).all()
    (gradient,) = torch.autograd.grad(normals.sum(), vertices)
    assert gradient.isfinite().all()


@pytest.mark.parametrize("batch", [1, 2])
def test_gradients(make_face: Callable, generator: torch.Generator, batch: int) -> None:
    """Shape would be trained with wrong gradients through the shading."""
    vertices, triangles = make_face(3, torch.float64)
    vertices = vertices + torch.randn(batch, *vertices.shape, dtype=torch.float64, generator=generator)
    topology = Topology(triangles)
    assert torch.autograd.gradcheck(lambda v: vertex_normals(v, topology), vertices.requires_grad_())


@pytest.mark.parametrize(
    "triangles",
    [
        torch.zeros(4, 2, dtype=torch.int64),
        torch.zeros(4, 3),
        torch.zeros(0, 3, dtype=torch.int64),
        -torch.ones(1, 3).long(),
    ],
)
def test_exceptions(triangles: Tensor) -> None:
    """A wrong face list would fail deep inside the renderer, or read memory of other vertices."""
    with pytest.raises(FocusError, match="triangles"):
        Topology(triangles)


def test_too_few_vertices() -> None:
    """A mesh of another model would be read out of bounds."""
    with pytest.raises(FocusError, match="at least 3"):
        vertex_normals(torch.zeros(1, 2, 3), Topology(torch.tensor([[0, 1, 2]])))


def test_mean_normals_by_hand() -> None:
    """The released normals would be unit ones, or a mean that areas do not weigh."""
    corner = torch.tensor([[[0.0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1]]], dtype=torch.float64)
    topology = Topology(torch.tensor([[0, 1, 2], [0, 3, 1]]))  # areas 1 (normal +z) and 1 (normal +y)
    found = vertex_normals(corner, topology, unit=False)[0]
    assert torch.allclose(found[0], torch.tensor([0, 0.5, 0.5], dtype=torch.float64))
    assert torch.allclose(found[2], torch.tensor([0, 0, 1.0], dtype=torch.float64))
    assert torch.autograd.gradcheck(lambda v: vertex_normals(v, topology, unit=False), corner.requires_grad_())
