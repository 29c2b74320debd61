"""Synthetic faces for R_syn."""

from __future__ import annotations

import numpy as np
import torch

import tiny
from focus.stages.synthetic_faces import CHUNK, samples


def test_landmarks_are_the_models_own():
    """R_syn would learn a detector's error on renderings, and the prior would take it for the model's misfit."""
    network, latents = tiny.autoencoder(), tiny.latents(CHUNK + 2)
    faces = list(samples(network, latents, lambda part: None))
    assert [face.name for face in faces] == [f"{number:06d}" for number in range(CHUNK + 2)]
    with torch.no_grad():
        expected = network.decode(latents).landmarks.numpy()
    assert np.allclose(np.stack([face.landmarks for face in faces]), expected, atol=1e-3)


def test_backgrounds_are_read_as_they_are_needed() -> None:
    """25,000 backgrounds of 224 px held at once are 15 GB, more than a machine for the paper's profile has."""
    asked: list[slice] = []

    def behind(part: slice) -> torch.Tensor:
        asked.append(part)
        return torch.ones(len(latents.shape[part]), 3, tiny.SIZE, tiny.SIZE)

    latents = tiny.latents(CHUNK + 2)
    faces = list(samples(tiny.autoencoder(), latents, behind))
    assert asked == [slice(0, CHUNK), slice(CHUNK, 2 * CHUNK)]
    assert faces[-1].image[0, 0].tolist() == [255, 255, 255]
