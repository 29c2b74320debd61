"""Where the mask M of an image comes from: one signature, looked up by name in `MASKS`.

A mask source is called as source(target, rendering, rendered_mask, visible, network) and returns M float (B,1,S,S)
in [0,1], zero wherever nothing is rendered: target and rendering are RGB (B,3,S,S) in [0,1], `rendered_mask` (B,1,S,S)
the pixels the renderer covers, `visible` (B,1,S,S) the ground-truth visible face, or None, and `network` the
segmentation network S(rendering, target), or None. A source that lacks its input raises FocusError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from focus.errors import FocusError
from focus.losses.equations import preliminary_mask

Network = Callable[[Tensor, Tensor], Tensor]
MaskSource = Callable[[Tensor, Tensor, Tensor, Tensor | None, Network | None], Tensor]

PAPER_XI = 0.17  # Sec. 3.3; the released code's is (3 * 0.043)^2 = 0.0166


class Gaussian(NamedTuple):
    """A part of a mixture over YCbCr colours in 0..255, as published: its covariance by determinant and inverse.

    precision: the inverse's upper triangle, row by row; it is symmetric.
    """

    weight: float
    mean: tuple[float, float, float]
    determinant: float
    precision: tuple[float, float, float, float, float, float]


def density(mixture: Sequence[Gaussian], colours: Tensor) -> Tensor:
    """Return the density (N,) of colours (N,3)."""
    total = torch.zeros_like(colours[:, 0])
    for weight, mean, determinant, (xx, xy, xz, yy, yz, zz) in mixture:
        offset = colours - colours.new_tensor(mean)
        squared = ((offset @ colours.new_tensor([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])) * offset).sum(1)
        total += weight / math.sqrt((2 * math.pi) ** 3 * determinant) * torch.exp(-0.5 * squared)
    return total


# The skin detector of Deep3D (Deng et al. 2019), which the paper compares with in Table 4. Source of the values:
# util/skin_mask.py of sicxu/Deep3DFaceRecon_pytorch.
RGB_TO_YCBCR = ((65.481, 128.553, 24.966), (-37.797, -74.203, 112.0), (112.0, -93.786, -18.214))  # of RGB in [0,1]
YCBCR_OFFSET = (16.0, 128.0, 128.0)
SKIN_PRIOR = 0.8
SKIN = (
    Gaussian(
        0.24063933,
        (113.71862, 103.39613, 164.08226),
        5692842.5,
        (0.0019472069, 0.0020450759, -0.00060243998, 0.017700525, 0.0051420014, 0.008130895),
    ),
    Gaussian(
        0.16365987,
        (150.19858, 105.18467, 155.51428),
        5851930.5,
        (0.0027110141, 0.001103699, 0.0023122299, 0.010707724, 0.010742856, 0.017481629),
    ),
    Gaussian(
        0.26034665,
        (183.92976, 107.62468, 152.7182),
        2329131.0,
        (0.0048026871, 0.00022935172, 0.0077668377, 0.011729696, 0.0081661865, 0.025374353),
    ),
    Gaussian(
        0.33535415,
        (114.90524, 113.59782, 151.38217),
        1585971.0,
        (0.0011989699, 0.0022453172, -0.0010748957, 0.047758564, 0.020332102, 0.024502251),
    ),
)
NOT_SKIN = (
    Gaussian(
        0.1279107,
        (99.200851, 112.07533, 140.20602),
        458703648.0,
        (0.00085371657, 0.00071197288, 0.00023958916, 0.002593562, 0.00076557708, 0.0015042332),
    ),
    Gaussian(
        0.31130761,
        (110.91392, 125.52969, 130.19237),
        6466488.0,
        (0.0002465015, 0.00045542428, 0.00015019422, 0.026412144, 0.018419769, 0.037497383),
    ),
    Gaussian(
        0.34245777,
        (129.75864, 129.96107, 126.96808),
        90611376.0,
        (0.00037054974, 0.0003814676, 0.00040408765, 0.0085505722, 0.0079136286, 0.010982352),
    ),
    Gaussian(
        0.21832393,
        (112.29587, 128.85121, 129.05431),
        133097.63,
        (0.00013709733, 0.00051228428, 0.0001277743, 0.28237113, 0.1052837, 0.23468947),
    ),
)


def skin_posterior(images: Tensor) -> Tensor:
    """Return Deep3D's probability that a pixel's colour is skin, (B,1,S,S), for images (B,3,S,S) RGB in [0,1].

    The detector reads 8-bit colours, so images are rounded to them; computed in float64, the result rounded to 8 bits
    is then Deep3D's in every pixel.
    """
    rgb = (images.detach().double() * 255).round().permute(0, 2, 3, 1).reshape(-1, 3) / 255
    colours = rgb @ rgb.new_tensor(RGB_TO_YCBCR).T + rgb.new_tensor(YCBCR_OFFSET)
    skin = SKIN_PRIOR * density(SKIN, colours)
    other = (1 - SKIN_PRIOR) * density(NOT_SKIN, colours)
    batch, _, height, width = images.shape
    return (skin / (skin + other)).reshape(batch, 1, height, width).to(images.dtype)


def ones(
    target: Tensor, rendering: Tensor, rendered_mask: Tensor, visible: Tensor | None, network: Network | None
) -> Tensor:
    """Return M = 1 on the whole rendered face: MoFA and Backbone."""
    return rendered_mask


def ground_truth(
    target: Tensor, rendering: Tensor, rendered_mask: Tensor, visible: Tensor | None, network: Network | None
) -> Tensor:
    """Return the annotated visible face: Backbone-Supervised."""
    if visible is None:
        raise FocusError("mask source ground_truth: found no visible-face masks in the data set, expected one an image")
    return visible * rendered_mask


def robust(
    target: Tensor,
    rendering: Tensor,
    rendered_mask: Tensor,
    visible: Tensor | None,
    network: Network | None,
    *,
    xi: float = PAPER_XI,
) -> Tensor:
    """Return the preliminary mask of Eq. 10, which initialises R and pre-trains S (Sec. 3.3)."""
    return preliminary_mask(target, rendering, xi) * rendered_mask


def skin(
    target: Tensor, rendering: Tensor, rendered_mask: Tensor, visible: Tensor | None, network: Network | None
) -> Tensor:
    """Return Deep3D's skin-colour posterior: the skin detector of Table 4."""
    return skin_posterior(target) * rendered_mask


def segmentation(
    target: Tensor, rendering: Tensor, rendered_mask: Tensor, visible: Tensor | None, network: Network | None
) -> Tensor:
    """Return S(I_T, I_R), not detached; freeze S, or detach, as the training step wants it."""
    if network is None:
        raise FocusError("mask source segmentation: found no segmentation network, expected a trained one")
    return network(rendering, target) * rendered_mask


MASKS: dict[str, MaskSource] = {
    "ones": ones,
    "ground_truth": ground_truth,
    "robust": robust,
    "skin": skin,
    "segmentation": segmentation,
}


def mask_source(name: str, *, xi: float = PAPER_XI) -> MaskSource:
    """Return the mask source of that name; `xi` is the threshold of "robust". Raises FocusError when unknown."""
    if name not in MASKS:
        raise FocusError(f"mask source: found {name!r}, expected one of {', '.join(MASKS)}")
    return partial(robust, xi=xi) if name == "robust" else MASKS[name]
