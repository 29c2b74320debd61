"""A face fitted to an image's visible pixels with the true mask, without a network: the reference rows of Table 1.

A maximum a posteriori fit by Adam: Eq. 9's Gaussian noise for each visible pixel, Gaussian noise for the landmarks, and
the face model's standard normal prior on its coefficients, so no term has a weight to choose. The true mask is the
ground truth that Table 1 measures with, so this is a bound and no method.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from focus.autoencoder import Autoencoder, Parameters, Reconstruction
from focus.latent_fit import Latents, falling, start, units
from focus.losses import REFERENCE_SIZE, SIGMA, squared_error

LANDMARK_NOISE = 3.0  # px at 224: about what a detector is off by (docs/detectors.md)
POSE_AND_LIGHT = ("light", "pose")
ALL = ("shape", "expression", "albedo", *POSE_AND_LIGHT)


def fit(
    autoencoder: Autoencoder,
    images: Tensor,
    landmarks: Tensor,
    visible: Tensor,
    free: Collection[str],
    steps: int,
    lr: float,
) -> Reconstruction:
    """Return the fits of images (B,3,S,S), without gradient; the autoencoder's encoder is not used.

    landmarks (B,68,2) px; visible (B,1,S,S), 1 where the face is visible; free: the parameters that move (a subset of
    ALL), the others stay those of the mean face. The pose starts from the landmarks, light from the ambient one. steps
    of Adam at first rate `lr`, in UNITS of `latent_fit`. Images of a batch never meet.
    """
    base = start(autoencoder, landmarks).theta()
    moving = [base.new_full((size,), float(name in free)) for name, size in zip(ALL, autoencoder.sizes, strict=True)]
    latents = Latents(autoencoder, base, units(autoencoder, base) * torch.cat(moving))
    for rate in falling(lr, steps):
        latents.step(minus_log_posterior(images, landmarks, visible, latents.decode()).sum(), rate)
    with torch.no_grad():
        return latents.decode()


def minus_log_posterior(images: Tensor, landmarks: Tensor, visible: Tensor, result: Reconstruction) -> Tensor:
    """Return for each image (B,) its negative log-posterior, up to what does not depend on theta."""
    noise = LANDMARK_NOISE * images.shape[-1] / REFERENCE_SIZE
    pixels = (visible * result.mask * squared_error(images, result.image)).sum((1, 2, 3)) / SIGMA**2
    points = (landmarks - result.landmarks).square().sum((1, 2)) / noise**2
    return (pixels + points + _coefficients(result.parameters).square().sum(1)) / 2


def _coefficients(parameters: Parameters) -> Tensor:
    return torch.cat([parameters.shape, parameters.expression, parameters.albedo], 1)
