"""What F sees: aligned, frozen, in eval mode."""

from __future__ import annotations

import pytest
import torch

import tiny
from focus.model.perception import Perception
from focus.networks import align_faces


@pytest.fixture
def faces():
    with torch.no_grad():
        result = tiny.autoencoder().decode(tiny.latents(2))
    return result.image, result.landmarks


def test_shapes_and_alignment(faces):
    """Features would not be those of the aligned crop."""
    seen = tiny.perception()
    aligned = align_faces(*faces, 16)
    assert seen.embedding(*faces).shape == (2, 8)
    assert [level.shape for level in seen.early(*faces)] == [(2, 8, 8, 8)]
    assert torch.equal(seen.embedding(*faces), seen.recogniser.embedding(aligned))
    assert torch.equal(seen.early(*faces)[0], seen.recogniser.feature_maps(aligned, [1])[0])
    deep = Perception(seen.recogniser, 16, (1, 3)).early(*faces)
    assert torch.equal(deep[1], seen.recogniser.feature_maps(aligned, [3])[0])


def test_stays_frozen_and_in_eval_mode(faces):
    """F would change during the training of R or S."""
    seen = tiny.perception()
    module = torch.nn.Sequential(seen).train()
    assert not any(part.training for part in seen.modules())
    assert not any(weight.requires_grad for weight in module.parameters())
    before = {key: value.clone() for key, value in seen.state_dict().items()}
    seen.embedding(*faces)
    assert all(torch.equal(value, before[key]) for key, value in seen.state_dict().items())


def test_gradient_goes_to_pixels_not_to_landmarks(faces):
    """The released code's alignment has no gradient through its matrix; pixels must have one."""
    images, landmarks = (value.clone().requires_grad_() for value in faces)
    tiny.perception().embedding(images, landmarks).square().sum().backward()
    assert images.grad.abs().sum() > 0
    assert landmarks.grad is None
