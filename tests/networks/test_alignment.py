"""The five-point similarity crop."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from focus.networks import align_faces, similarity_to_template
from focus.networks.alignment import TEMPLATE_112, five_points

# Two faces of the public Deep3D preprocessing (reference/deep3d/ar_768x576.npz and small_upscale.npz): the five points
# of `lm_new_vdown` and `arcface_M`, the matrix its alignment makes of them.
GOLDEN = {
    "ar_768x576": (
        [
            [80.1960566919889, 80.66903446581489],
            [142.58615332303933, 82.51958817944774],
            [111.12674019128085, 114.50773094367275],
            [85.74771783288745, 149.93261631893017],
            [137.5632218146073, 149.93261631893017],
        ],
        [[5.82232747e-01, 5.96804611e-03, -9.54955505], [-5.96804611e-03, 5.82232747e-01, 5.31082876]],
    ),
    "small_upscale": (
        [
            [76.91057521819286, 89.03601553770316],
            [143.6192740286824, 80.42849144764001],
            [117.79655190849292, 120.23847143293216],
            [91.97382978830339, 150.36498057315325],
            [143.6192740286824, 150.36498057315325],
        ],
        [[0.57680116, -0.05414691, -3.78730331], [0.05414691, 0.57680116, -2.42688844]],
    ),
}


def landmarks_of(points) -> torch.Tensor:
    """68 landmarks (1,68,2) whose five alignment points are `points`."""
    landmarks = torch.zeros(68, 2, dtype=torch.float64)
    left, right, nose, mouth_left, mouth_right = torch.as_tensor(points, dtype=torch.float64)
    spread = torch.tensor([3.0, 1.0])
    landmarks[36], landmarks[39] = left - spread, left + spread
    landmarks[42], landmarks[45] = right - spread, right + spread
    landmarks[30], landmarks[48], landmarks[54] = nose, mouth_left, mouth_right
    return landmarks[None]


@pytest.mark.parametrize("name", GOLDEN)
def test_matrix_is_the_public_codes(name):
    """The recogniser would see other crops than those it was trained on."""
    points, expected = GOLDEN[name]
    matrix = similarity_to_template(landmarks_of(points), 112)[0]
    np.testing.assert_allclose(matrix.numpy(), expected, rtol=1e-5, atol=2e-5)


def test_matrix_is_umeyamas():
    """The complex-number solution would not be the least-squares similarity."""
    rng = np.random.default_rng(0)
    points, template = rng.random((5, 2)) * 100, np.array(TEMPLATE_112)
    p, q = points - points.mean(0), template - template.mean(0)
    left, singular, right = np.linalg.svd(q.T @ p)
    sign = np.diag([1, np.sign(np.linalg.det(left @ right))])
    rotation = left @ sign @ right
    scale = (singular * np.diag(sign)).sum() / (p**2).sum()
    matrix = similarity_to_template(landmarks_of(points), 112)[0].numpy()
    np.testing.assert_allclose(matrix[:, :2], scale * rotation, atol=1e-10)
    np.testing.assert_allclose(matrix[:, 2], template.mean(0) - scale * rotation @ points.mean(0), atol=1e-8)


@pytest.mark.parametrize("size", [112, 56])
def test_points_land_on_the_template(size):
    """A crop of another size would be off by part of a pixel."""
    template = (torch.tensor(TEMPLATE_112, dtype=torch.float64) + 0.5) * size / 112 - 0.5
    turn = torch.tensor([[0.8, -0.6], [0.6, 0.8]], dtype=torch.float64)
    landmarks = landmarks_of(template @ turn.T * 3 + torch.tensor([20.0, -7.0]))
    matrix = similarity_to_template(landmarks, size)
    found = five_points(landmarks) @ matrix[..., :2].transpose(1, 2) + matrix[:, None, :, 2]
    torch.testing.assert_close(found[0], template)


def test_identity_crop_returns_the_image():
    """The warp would be off by half a pixel, or swap x and y."""
    images = torch.rand(2, 3, 112, 112)
    landmarks = landmarks_of(TEMPLATE_112).float().expand(2, -1, -1)
    torch.testing.assert_close(align_faces(images, landmarks, 112), images, atol=2e-5, rtol=0)


def test_shift_and_black_outside():
    """Pixels from outside the image would be other than black, or a shift go the wrong way."""
    images = torch.rand(1, 3, 112, 112)
    landmarks = landmarks_of(TEMPLATE_112).float() + torch.tensor([10.0, 0.0])
    aligned = align_faces(images, landmarks, 112)
    torch.testing.assert_close(aligned[..., :102], images[..., 10:], atol=5e-5, rtol=0)
    assert aligned[..., 103:].abs().sum() == 0


def test_gradients():
    """A gradient would be wrong in the image, or flow through the landmarks, as it does not in the released code."""
    torch.manual_seed(0)
    images = torch.rand(2, 1, 6, 6, dtype=torch.float64, requires_grad=True)
    landmarks = landmarks_of(torch.tensor(TEMPLATE_112) / 20).expand(2, -1, -1).clone().requires_grad_()
    assert gradcheck(lambda x: align_faces(x, landmarks.detach(), 5), images)
    align_faces(images, landmarks, 5).sum().backward()
    assert landmarks.grad is None


def test_coincident_points_are_finite():
    """A collapsed face, early in training, would turn the loss into NaN."""
    images = torch.rand(1, 3, 8, 8, requires_grad=True)
    aligned = align_faces(images, torch.full((1, 68, 2), 4.0), 8)
    aligned.sum().backward()
    assert torch.isfinite(aligned).all()
    assert torch.isfinite(images.grad).all()
