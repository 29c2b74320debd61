"""The misfit prior (Sec. 3.4): synthetic faces in the model's latent space, and R_syn's mean error on them (Eq. 11).

"plain" is the paper's: all of theta is drawn, the face lies on black. "composited" is this project's: shape and albedo
are drawn, expression, light and pose are as R predicts them on training images, and the face lies on that image.
"""

from __future__ import annotations

import torch
from torch import Tensor

from focus.model.autoencoder import Autoencoder, Parameters
from focus.model.inference import decode


def draw_plain(predicted: Parameters, count: int, generator: torch.Generator) -> Parameters:
    """Draw theta: shape, expression, albedo from N(0, I); light and pose from a normal distribution.

    The latter has the mean and covariance of `predicted`, R's latents on training images, so that the synthetic faces
    are lit and posed as plausibly as the photographs.
    """
    shape, expression, albedo = (
        torch.randn(count, part.shape[1], generator=generator)
        for part in (predicted.shape, predicted.expression, predicted.albedo)
    )
    light, pose = (_draw_like(part, count, generator) for part in (predicted.light, predicted.pose))
    return Parameters(shape, expression, albedo, light, pose)


def draw_composited(predicted: Parameters, generator: torch.Generator) -> Parameters:
    """Draw shape and albedo from N(0, I) for each of the N images that R's latents `predicted` belong to."""
    shape = torch.randn(predicted.shape.shape, generator=generator)
    albedo = torch.randn(predicted.albedo.shape, generator=generator)
    return Parameters(shape, predicted.expression, albedo, predicted.light, predicted.pose)


def _draw_like(samples: Tensor, count: int, generator: torch.Generator) -> Tensor:
    mean = samples.mean(0)
    covariance = torch.cov(samples.double().T) + 1e-9 * torch.eye(samples.shape[1], dtype=torch.float64)
    values, vectors = torch.linalg.eigh(covariance)
    noise = torch.randn(count, samples.shape[1], generator=generator, dtype=torch.float64)
    drawn: Tensor = mean + (noise * values.clamp(min=0).sqrt() @ vectors.T).to(samples.dtype)
    return drawn


def render_faces(autoencoder: Autoencoder, latents: Parameters, backgrounds: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return images (N,3,S,S) in [0,1], on black or on `backgrounds` (N,3,S,S), and exact landmarks (N,68,2) px."""
    result = decode(autoencoder, latents)
    images = result.image.clamp(0, 1)
    if backgrounds is not None:
        images = images + backgrounds * (1 - result.mask)
    return images, result.landmarks


def misfit_prior(predicted: Tensor, truth: Tensor) -> Tensor:
    """Return E_MP (V,3) mm, Eq. 11: the mean of P_vi - T_vi over N neutral, unposed meshes (N,V,3)."""
    return (predicted - truth).mean(0)


def correct(vertices: Tensor, prior: Tensor) -> Tensor:
    """Return the corrected meshes P_mf = P_v - E_MP for vertices (N,V,3) or (V,3) mm and prior (V,3) mm."""
    return vertices - prior
