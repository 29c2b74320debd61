from __future__ import annotations

import math

import pytest
import torch

from focus.errors import FocusError
from focus.rendering import Camera, rotation_matrix

RIGHT_ANGLE = math.pi / 2
FLIP = torch.diag(torch.tensor([1.0, -1.0, -1.0], dtype=torch.float64))


def angles(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float64)


def test_focal_length_and_principal_point() -> None:
    """Renderings would not match the paper's camera, at 224 px or scaled to other sizes."""
    assert Camera(224).focal == pytest.approx(1014.72)
    assert Camera(224).centre == 111.5
    assert Camera(64).focal == pytest.approx(1014.72 * 64 / 224)
    assert Camera(64).centre == 31.5


def test_projection_by_hand() -> None:
    """The face would be mirrored, upside down, or at the wrong distance."""
    vertices = torch.tensor([[[0, 0, 0], [100, 0, 0], [0, 100, 0], [50, 0, 100]]], dtype=torch.float64)
    points = Camera(224).project(vertices, torch.zeros(1, 6, dtype=torch.float64))
    expected = [
        [111.5, 111.5, 1000],
        [111.5 + 101.472, 111.5, 1000],
        [111.5, 111.5 - 101.472, 1000],
        [111.5 + 1014.72 * 50 / 900, 111.5, 900],
    ]
    assert torch.allclose(points[0], torch.tensor(expected, dtype=torch.float64))


def test_translation_is_in_the_camera_frame() -> None:
    """Translations would be read in the model's y-up frame."""
    pose = torch.tensor([[0, 0, 0, 10, 20, 500]], dtype=torch.float64)
    points = Camera(224).project(torch.zeros(1, 1, 3, dtype=torch.float64), pose)
    expected = torch.tensor([111.5 + 1014.72 * 10 / 1500, 111.5 + 1014.72 * 20 / 1500, 1500], dtype=torch.float64)
    assert torch.allclose(points[0, 0], expected)


@pytest.mark.parametrize(
    ("turn", "before", "after"),
    [
        ((0, 0, 0), (1, 2, 3), (1, -2, -3)),
        ((RIGHT_ANGLE, 0, 0), (0, 1, 0), (0, 0, -1)),
        ((0, RIGHT_ANGLE, 0), (0, 0, 1), (1, 0, 0)),
        ((0, 0, RIGHT_ANGLE), (1, 0, 0), (0, -1, 0)),
    ],
)
def test_single_rotations_by_hand(turn: tuple[float, ...], before: tuple[float, ...], after: tuple[float, ...]) -> None:
    """An angle would turn about the wrong axis or the wrong way."""
    turned = rotation_matrix(angles(*turn))[0] @ torch.tensor(before, dtype=torch.float64)
    assert torch.allclose(turned, torch.tensor(after, dtype=torch.float64), atol=1e-12)


def test_rotations_compose_in_the_order_x_y_z() -> None:
    """Poses with several angles would not mean R = diag(1, -1, -1) Rx Ry Rz."""
    a, b, c = 0.3, -0.5, 0.7
    single = [FLIP @ rotation_matrix(angles(*turn))[0] for turn in ((a, 0, 0), (0, b, 0), (0, 0, c))]
    product = FLIP @ single[0] @ single[1] @ single[2]
    assert torch.allclose(rotation_matrix(angles(a, b, c))[0], product, atol=1e-12)


def test_rotations_are_proper() -> None:
    """The matrix would scale or mirror the face, and normals would point inwards."""
    matrices = rotation_matrix(torch.randn(20, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    identity = torch.eye(3, dtype=torch.float64).expand(20, 3, 3)
    assert torch.allclose(matrices @ matrices.transpose(1, 2), identity, atol=1e-12)
    assert torch.allclose(torch.linalg.det(matrices), torch.ones(20, dtype=torch.float64))


def test_gradients(generator: torch.Generator) -> None:
    """Pose and shape would be trained with wrong gradients."""
    vertices = 80 * torch.randn(2, 4, 3, dtype=torch.float64, generator=generator)
    pose = torch.randn(2, 6, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(Camera(64).project, (vertices.requires_grad_(), pose.requires_grad_()))


def test_exceptions() -> None:
    """A wrong shape would broadcast silently."""
    with pytest.raises(FocusError, match="pose"):
        Camera(64).project(torch.zeros(2, 5, 3), torch.zeros(1, 6))
    with pytest.raises(FocusError, match="vertices"):
        Camera(64).project(torch.zeros(5, 3), torch.zeros(1, 6))
    with pytest.raises(FocusError, match="angles"):
        rotation_matrix(torch.zeros(3))
    with pytest.raises(FocusError, match="image size"):
        Camera(0)
