"""An instance-wise fit with segmentation, in the spirit of Egger et al. [8]: one image, no network, no training data.

EM on a single image. The M-step fits theta to the pixels taken for face: Adam on Eq. 5, Eq. 7 and L_reg. The E-step
takes a pixel for face by its colour: a face pixel is the rendering with noise (Eq. 9), or has a colour that face pixels
of this image have otherwise (Egger's beards; moles, make-up); any other pixel has a colour of the image's other pixels.
Both colour models are histograms of this one image, the first ones of the pixels that Eq. 10 tells apart. A blur of the
log-odds stands in for Egger's Markov random field.

Images of a batch never meet: every sum runs over one image, so a batch is for speed only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from kornia.filters import gaussian_blur2d
from torch import Tensor
from torch.func import vmap
from torch.nn import functional

from focus import losses
from focus.autoencoder import Autoencoder, Parameters, Reconstruction
from focus.masks import PAPER_XI
from focus.pose_fit import fit_pose
from focus.settings import InstanceFit

UNITS = (1.0, 1.0, 1.0, 0.5, 0.3, 10.0, 30.0)
"""Adam moves all variables alike, so this is a step's share of each: shape, expression, albedo (standard deviations),
light (coefficients), rotation (rad), translation in the image and in depth (mm)."""
LAST_RATE = 0.1  # the learning rate's last value, as a share of the first
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
    sizes = [*autoencoder.sizes[:4], 3, 2, 1]
    units = torch.cat([images.new_full((size,), unit) for size, unit in zip(sizes, UNITS, strict=True)])
    variables = (start(autoencoder, landmarks).theta() / units).requires_grad_()
    optimiser = torch.optim.Adam([variables], lr=plan.lr)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, plan.rounds * plan.steps, plan.lr * LAST_RATE)

    def decode() -> Reconstruction:
        return autoencoder.decode(autoencoder.split(variables * units))

    mask = images.new_ones(len(images), 1, *images.shape[2:])
    for turn in range(plan.rounds):
        for _ in range(plan.steps):
            optimiser.zero_grad()
            image_losses(images, landmarks, decode(), mask, weights).sum().backward()
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            result = decode()
            seen = losses.preliminary_mask(images, result.image, PAPER_XI) if turn == 0 else mask
            mask = face_probability(images, result, seen, plan)
    return result, mask


def start(autoencoder: Autoencoder, landmarks: Tensor) -> Parameters:
    """Return the mean face in the renderer's ambient light, posed so that its landmarks lie on `landmarks` (B,68,2).

    The pose is a least-squares fit from the frontal pose, as the crop has brought size and place close.
    """
    shape, expression, albedo, light = (landmarks.new_zeros(len(landmarks), size) for size in autoencoder.sizes[:4])
    model = autoencoder.model
    points = model.geometry(shape, expression)[:, model.landmarks68]
    return Parameters(shape, expression, albedo, light, fit_pose(autoencoder.renderer.camera, points, landmarks))


def image_losses(
    images: Tensor, landmarks: Tensor, result: Reconstruction, mask: Tensor, weights: Mapping[str, float]
) -> Tensor:
    """Return the weighted sum of Eq. 5, Eq. 7 and L_reg in the released form, for each image by itself: (B,)."""
    latent, side = result.parameters, images.shape[-1]

    def landmark_loss(target: Tensor, rendered: Tensor) -> Tensor:
        return losses.landmark_loss(target, rendered, side)

    latents = latent.shape, latent.expression, latent.albedo, latent.light, latent.pose
    terms = {
        "pixel": _alone(losses.pixel_loss)(images, result.image, mask * result.mask),
        "landmarks": _alone(landmark_loss)(landmarks, result.landmarks),
        "regularisation": _alone(losses.regularisation_loss)(*latents),
    }
    return torch.stack([weights[name] * term for name, term in terms.items()]).sum(0)


def _alone(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a loss of batches as one that takes each image for a batch of its own, and returns (B,)."""
    return vmap(lambda *parts: loss(*(part[None] for part in parts)))


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
