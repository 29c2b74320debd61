"""Synthetic faces for R_syn."""

from __future__ import annotations

import numpy as np
import torch

import tiny
from focus.stages.synthetic_faces import CHUNK, samples


def test_landmarks_are_the_models_own():
    """R_syn would learn a detector's error on renderings, and the prior would take it for the model's misfit."""
    network, latents = tiny.autoencoder(), tiny.latents(CHUNK + 2)
    faces = list(samples(network, latents, None))
    assert [face.name for face in faces] == [f"{number:06d}" for number in range(CHUNK + 2)]
    with torch.no_grad():
        expected = network.decode(latents).landmarks.numpy()
    assert np.allclose(np.stack([face.landmarks for face in faces]), expected, atol=1e-3)
