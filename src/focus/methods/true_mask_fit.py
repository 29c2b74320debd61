"""A face fitted to an image's visible pixels with the true mask, without a network: the reference rows of Table 1.

A maximum a posteriori fit by Adam: Eq. 9's Gaussian noise for each visible pixel, Gaussian noise for the landmarks, and
the face model's standard normal prior on its coefficients, so no term has a weight to choose. The true mask is the
ground truth that Table 1 measures with, so this is a bound and no method.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import torch
from torch import Tensor

from focus.losses.equations import REFERENCE_SIZE, SIGMA, squared_error
from focus.methods.latent_fit import Latents, falling, start, units
from focus.model.autoencoder import LIGHT, Autoencoder, Parameters, Reconstruction

LANDMARK_NOISE = 3.0  # px at 224: about what a detector is off by (docs/detectors.md)
POSE_AND_LIGHT = ("light", "pose")
ALL = ("shape", "expression", "albedo", *POSE_AND_LIGHT)
RIDGE = 1e-3  # of the light's normal equations, as a share of their mean diagonal: few pixels do not show all of it


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
    ALL), the others stay those of the mean face. The pose starts from the landmarks, light (if free) from its least
    squares. steps of Adam at first rate `lr`, in UNITS of `latent_fit`; Adam does not fall all the way, so each image
    keeps the iterate, the start included, whose posterior is the highest. Images of a batch never meet.
    """
    begin = start(autoencoder, landmarks)
    if "light" in free:
        begin = replace(begin, light=fitted_light(autoencoder, images, visible, begin))
    base = begin.theta()
    moving = [base.new_full((size,), float(name in free)) for name, size in zip(ALL, autoencoder.sizes, strict=True)]
    latents = Latents(autoencoder, base, units(autoencoder, base) * torch.cat(moving))
    best, least = base, base.new_full((len(base),), torch.inf)
    for rate in (*falling(lr, steps), None):
        values = minus_log_posterior(images, landmarks, visible, latents.decode())
        with torch.no_grad():
            best = torch.where((values < least)[:, None], latents.parameters.theta(), best)
            least = torch.minimum(values, least)
        if rate is not None:
            latents.step(values.sum(), rate)
    with torch.no_grad():
        return autoencoder.decode(autoencoder.split(best))


@torch.no_grad()
def fitted_light(autoencoder: Autoencoder, images: Tensor, visible: Tensor, parameters: Parameters) -> Tensor:
    """Return the light (B,27) with the least squared error of the visible pixels, the other parameters being given.

    A rendering is affine in its light, and a channel sees its own 9 coefficients only: nine numbers per channel, from
    normal equations. Without a visible pixel the light is 0, the ambient one.
    """

    def drawn(light: Tensor) -> Reconstruction:
        return autoencoder.decode(replace(parameters, light=light.repeat(1, 3).expand(len(images), LIGHT)))

    bands = LIGHT // 3
    dark = drawn(images.new_zeros(1, bands))
    counted = visible * dark.mask
    columns = [(drawn(light[None]).image - dark.image) * counted for light in torch.eye(bands).to(images)]
    basis = torch.stack([column.flatten(2) for column in columns], 3).double()  # (B,3,pixels,9)
    wanted = ((images - dark.image) * counted).flatten(2)[..., None].double()
    squares = basis.mT @ basis
    ridge = RIDGE * squares.diagonal(dim1=2, dim2=3).mean(-1) + torch.finfo(images.dtype).eps
    exact = squares + ridge[..., None, None] * torch.eye(bands).to(squares)
    light: Tensor = torch.linalg.solve(exact, basis.mT @ wanted)
    return light.flatten(1).to(images.dtype)


def minus_log_posterior(images: Tensor, landmarks: Tensor, visible: Tensor, result: Reconstruction) -> Tensor:
    """Return for each image (B,) its negative log-posterior, up to what does not depend on theta."""
    noise = LANDMARK_NOISE * images.shape[-1] / REFERENCE_SIZE
    pixels = (visible * result.mask * squared_error(images, result.image)).sum((1, 2, 3)) / SIGMA**2
    points = (landmarks - result.landmarks).square().sum((1, 2)) / noise**2
    face = result.parameters
    coefficients = torch.cat([face.shape, face.expression, face.albedo], 1)
    return (pixels + points + coefficients.square().sum(1)) / 2
