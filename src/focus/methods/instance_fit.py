"""An instance-wise fit with segmentation, in the spirit of Egger et al. [8]: one image, no network, no training data.

EM on a single image. The M-step fits theta to the pixels taken for face: Adam on Eq. 5, Eq. 7 and L_reg. The E-step
takes a pixel for face by its colour: a face pixel is the rendering with noise (Eq. 9), or has a colour that face pixels
of this image have otherwise (Egger's beards; moles, make-up); any other pixel has a colour of the image's other pixels.
Both colour models are histograms of this one image, the first ones of the pixels that Eq. 10 tells apart. A blur of the
log-odds stands in for Egger's Markov random field.

Images of a batch never meet: every sum runs over one image, so a batch is for speed only.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor
from torch.func import vmap
from torch.nn import functional

from focus.losses import equations as losses
from focus.masks.sources import PAPER_XI
from focus.methods.latent_fit import Latents, falling, start, units
from focus.model.autoencoder import Autoencoder, Reconstruction, equation8
from focus.settings import InstanceFit

BETAS = (0.9, 0.999)  # of Adam
COLOUR_NOISE = (0.25, 0.5, 0.25)  # along each colour axis, in bins: a count spreads to the neighbours
EMPTY_BIN = 1e-3  # pixels that every bin has from the start, so that an unseen colour is unlikely, not impossible
LARGEST_ODDS = 5.0  # of one pixel's colour, in log units, so that a few pixels cannot outvote a neighbourhood


def fit(
    autoencoder: Autoencoder, images: Tensor, landmarks: Tensor, plan: InstanceFit, weights: Mapping[str, float]
) -> tuple[Reconstruction, Tensor]:
    """Fit the face model to images and segment them; the autoencoder's encoder is not used.

    images (B,3,S,S) RGB in [0,1]; landmarks (B,68,2) px; weights: of the terms pixel, landmarks and regularisation.
    Returns the fits, without gradient, and the probability (B,1,S,S) that a pixel is visible face, 0 outside the
    rendering.
    """
    scale, rates = units(autoencoder, images), falling(plan.lr, plan.rounds * plan.steps)
    first = start(autoencoder, landmarks).theta()
    latents = Latents(autoencoder, torch.zeros_like(first), scale, first / scale, BETAS)
    mask = images.new_ones(len(images), 1, *images.shape[2:])
    for turn in range(plan.rounds):
        for _ in range(plan.steps):
            each = image_losses(autoencoder, images, landmarks, latents.decode(), mask, weights)
            latents.step(each.sum(), next(rates))
        with torch.no_grad():
            result = latents.decode()
            seen = losses.preliminary_mask(images, result.image, PAPER_XI) if turn == 0 else mask
            mask = face_probability(images, result, seen, plan)
    return result, mask


def image_losses(
    autoencoder: Autoencoder,
    images: Tensor,
    landmarks: Tensor,
    result: Reconstruction,
    mask: Tensor,
    weights: Mapping[str, float],
) -> Tensor:
    """Return the weighted sum of Eq. 5, Eq. 7 and L_reg in the released form, for each image by itself: (B,)."""

    def alone(images: Tensor, landmarks: Tensor, mask: Tensor, *made: Tensor) -> Tensor:
        """Return the loss of one image, taken for a batch."""
        image, rendered, points, theta = (part[None] for part in made)
        one = Reconstruction(image, rendered, points, autoencoder.split(theta))
        return equation8(
            autoencoder, one, weights, {}, images=images[None], landmarks=landmarks[None], mask=mask[None]
        )[0]

    made = result.image, result.mask, result.landmarks, result.parameters.theta()
    return vmap(alone)(images, landmarks, mask * result.mask, *made)


@torch.no_grad()
def face_probability(images: Tensor, result: Reconstruction, mask: Tensor, plan: InstanceFit) -> Tensor:
    """Return the E-step's probability (B,1,S,S) of face, 0 outside the rendering, given the last one as `mask`.

    Face and other are equally likely beforehand.
    """
    bins, inside = colour_bins(images, plan.bins), result.mask
    rendered = losses.inlier_log_likelihood(images, result.image).exp()
    like_face = colour_density(bins, mask * inside, plan.bins)
    like_other = colour_density(bins, 1 - mask * inside, plan.bins)
    face = (1 - plan.unexplained) * rendered + plan.unexplained * like_face
    odds = (face.log() - like_other.log()).clamp(-LARGEST_ODDS, LARGEST_ODDS)
    return torch.sigmoid(blurred(odds, inside, plan.blur)) * inside


def colour_bins(images: Tensor, bins: int) -> Tensor:
    """Return the histogram bin 0..bins^3 - 1 of each pixel of images (B,3,S,S) in [0,1], as int64 (B,S*S)."""
    red, green, blue = (images * bins).long().clamp(0, bins - 1).flatten(2).unbind(1)
    return (red * bins + green) * bins + blue


def colour_density(bins: Tensor, weights: Tensor, per_axis: int) -> Tensor:
    """Return the density (B,1,S,S) of each pixel's colour in RGB [0,1]^3 among its own image's weighted pixels.

    bins as from `colour_bins` with `per_axis` bins along each axis; weights (B,1,S,S).
    """
    cube = weights.new_zeros(len(weights), per_axis**3).scatter_add_(1, bins, weights.flatten(1))
    noise = weights.new_tensor(COLOUR_NOISE)
    kernel = torch.einsum("i,j,k->ijk", noise, noise, noise)[None, None]
    counts = functional.conv3d(cube.view(-1, 1, per_axis, per_axis, per_axis), kernel, padding=1).flatten(1) + EMPTY_BIN
    density = counts / counts.sum(1, keepdim=True) * per_axis**3
    return density.gather(1, bins).view_as(weights)


def blurred(values: Tensor, inside: Tensor, sigma: float) -> Tensor:
    """Return the Gaussian mean of `values` (B,1,S,S) over the pixels `inside` around each of these; sigma in px."""
    if sigma == 0:
        return values
    side = 2 * round(2 * sigma) + 1
    total, count = (gaussian_blur2d(v, (side, side), (sigma, sigma), "constant") for v in (values * inside, inside))
    return total / count.clamp(min=1e-6)
