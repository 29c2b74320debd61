"""`--fit`: the pose first, then all parameters."""

from __future__ import annotations

import numpy as np
import torch

import bundles
from focus.reconstruct.fit import one_tint
from focus.rendering import AMBIENT


def test_pose_first():
    """One step of refinement would leave the face where the encoder saw it: turned too little, beside its points."""
    image, points = bundles.photo()
    one = bundles.reconstructor()(image, landmarks=points, fit=1)
    forward = bundles.reconstructor()(image, landmarks=points, fit=0)
    apart = [np.linalg.norm(face.model_landmarks - points, axis=1).mean() for face in (one, forward)]
    assert apart[0] < 0.5 * apart[1]


def test_a_photograph_upside_down():
    """The pose of a face upside down would be one of a face that stands upright."""
    image, points = bundles.photo()
    turned = np.ascontiguousarray(image[::-1, ::-1])
    flipped = np.array([image.shape[1] - 1, image.shape[0] - 1]) - points
    one = bundles.reconstructor()(image, landmarks=points, fit=1)
    other = bundles.reconstructor()(turned, landmarks=flipped, fit=1)
    height = np.ptp(points[:, 1])
    assert np.linalg.norm(other.model_landmarks - flipped, axis=1).mean() < 0.06 * height
    assert np.linalg.norm(one.model_landmarks - points, axis=1).mean() < 0.06 * height


def test_light_of_one_tint():
    """A lamp would change its colour with the direction, or a white light of several strengths be changed."""
    light = torch.randn(4, 27, generator=torch.Generator().manual_seed(0))
    found = one_tint(light)
    ambient = torch.tensor([AMBIENT] + [0.0] * 8)
    red, green, blue = (found.view(4, 3, 9) + ambient).unbind(1)
    for other in (green, blue):
        assert torch.allclose(other * red[:, :1], red * other[:, :1], atol=1e-4)
    assert torch.allclose(found.view(4, 3, 9)[:, :, 0], light.view(4, 3, 9)[:, :, 0], atol=1e-5)
    assert torch.allclose(one_tint(found), found, atol=1e-5)
    assert torch.allclose(one_tint(torch.zeros(1, 27)), torch.zeros(1, 27), atol=1e-6)
    assert torch.autograd.gradcheck(one_tint, (light[:1].double().requires_grad_(True),))


def test_a_worn_mask_does_not_tint_the_light():
    """The light would be yellow from below, and the mask a part of the face."""
    image, points = bundles.photo()
    image = image.copy()
    image[int(points[30, 1]) :] = (250, 220, 60)
    light = bundles.reconstructor()(image, landmarks=points, fit=6).parameters.light
    assert light.abs().max() > 0.05 and torch.allclose(one_tint(light), light, atol=1e-5)
