"""The paper's losses: Eq. 1-10, L_bin and L_reg, one function each, in the paper's form and the released code's.

`form` chooses between the equation as printed ("paper") and as the authors' code has it ("released");
docs/paper-vs-released.md lists the differences. The printed sums run over one image and are averaged over the batch;
`reduction="mean"` divides such a sum by its number of pixels (Eq. 1, 5, L_bin), landmarks (Eq. 7) or parameters
(L_reg). Released forms are means already and take no notice of it.

Images are float (B,3,S,S), RGB in [0,1]; `rendering` is black outside the face. `mask` is M, (B,1,S,S) in [0,1],
already multiplied by `rendered_mask` (the pixels that the renderer covers, 0 or 1). Losses are scalars without units.

Where several processes have some rows of a batch each, the batch's loss is the mean of their losses; one that divides
by a sum over the whole batch then needs that sum's mean over the processes, which `across` returns.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Literal, NoReturn

import torch
from torch import Tensor
from torch.nn import functional

from focus.errors import FocusError

Form = Literal["paper", "released"]
Reduction = Literal["sum", "mean"]
Features = Tensor | Sequence[Tensor]
Across = Callable[[Tensor], Tensor]

NOSE_RIDGE = range(28, 31)
INNER_LIP = range(60, 68)
LANDMARK_WEIGHT = 20.0  # on the nose ridge and the inner lip; 1 elsewhere (Sec. 3.2)
REFERENCE_SIZE = 224  # landmark weights, and the released L_reg, belong to images of this side in pixels
SIGMA = 0.043  # the released code's standard deviation of an inlier's colour error, RGB in [0,1]


def alone(tensor: Tensor) -> Tensor:
    """Return a value of the batch as it is: the `across` of a process that has all rows."""
    return tensor


def neighbour_loss(
    target: Tensor,
    rendering: Tensor,
    mask: Tensor,
    *,
    form: Form = "released",
    radius: int = 2,
    reduction: Reduction = "sum",
) -> Tensor:
    """L_nbr, Eq. 1: the smallest colour distance to the other image within a (2 radius + 1)^2 window.

    paper: each target pixel against rendered neighbours, squared, weighted by M and summed over the face.
    released: each pixel of M * I_R against the neighbours in M * I_T, not squared, mean over the pixels whose window
    lies inside the image (220 x 220 at 224 px; Step4_UNet_MoFA_EM.py:201). Elsewhere a window ends at the border.
    """
    if form == "paper":
        squared = _nearest_squared_distance(target, rendering, radius)
        return _over_pixels(mask * squared, reduction)
    squared = _nearest_squared_distance(mask * rendering, mask * target, radius)
    inner = [slice(radius, side - radius) for side in squared.shape[2:]]
    return _safe_sqrt(squared[..., inner[0], inner[1]]).mean()


def distance_loss(masked_target: Features, masked_rendering: Features, *, form: Form = "released") -> Tensor:
    """L_dist, Eq. 2: cosine distance of the features of M * I_T and M * I_R.

    Features are maps (B,C,H,W) from the recogniser's intermediate layers, or a list of such maps, which count
    alike. paper: one cosine for the whole map. released: each row of each channel divided by its norm over the image's
    width (models/networks.py:39-42), then a cosine over the channels of each location, averaged.
    """
    return _cosine_distance(masked_target, masked_rendering, form)


def area_loss(mask: Tensor, rendered_mask: Tensor, *, form: Form = "released") -> Tensor:
    """L_area, Eq. 3: minus the share S_M / S_R of the rendered pixels that the mask keeps, per image, averaged.

    released: the share that it leaves out, 1 + Eq. 3 (Step4_UNet_MoFA_EM.py:213).
    """
    counted = -mask if form == "paper" else 1 - mask
    return ((rendered_mask * counted).sum((1, 2, 3)) / rendered_mask.sum((1, 2, 3)).clamp(min=1)).mean()


def preservation_loss(masked_target: Features, target: Features, *, form: Form = "released") -> Tensor:
    """L_presv, Eq. 4: cosine distance of the features of M * I_T and I_T; maps and forms as in `distance_loss`."""
    return _cosine_distance(masked_target, target, form)


def pixel_loss(
    target: Tensor,
    rendering: Tensor,
    mask: Tensor,
    *,
    form: Form | Literal["image_mean"] = "released",
    reduction: Reduction = "sum",
    across: Across = alone,
) -> Tensor:
    """L_pixel, Eq. 5: colour error inside the mask.

    paper: squared norm of (I_T - I_R) * M. released: sum of the unsquared RGB distances times M, divided by sum M
    (at least one pixel). image_mean (ours, to train S on Eq. 5): the same sum over the number of all pixels. Divided
    by sum M the error is an average, which S lowers by keeping only its best pixel.
    """
    difference = mask * (target - rendering)
    if form == "paper":
        return _over_pixels(difference.square().sum(1, keepdim=True), reduction)
    distances = _safe_sqrt(difference.square().sum(1))
    if form == "image_mean":
        return distances.mean()
    return distances.sum() / across(mask.sum()).clamp(min=1)


def perceptual_loss(target: Tensor, rendering: Tensor) -> Tensor:
    """L_per, Eq. 6: mean cosine distance of the face embeddings (B,E) of I_T and I_R; both forms agree."""
    return (1 - functional.cosine_similarity(target, rendering)).mean()


def landmark_loss(
    target: Tensor, rendered: Tensor, size: int, *, form: Form = "released", reduction: Reduction = "sum"
) -> Tensor:
    """L_lm, Eq. 7: weighted squared distance of landmarks (B,68,2), in pixels of images of side `size`.

    Distances are taken at 224 px whatever the size. paper: sum of w d^2, with w = 20 on the nose ridge and inner lip.
    released: mean over all coordinates of (w d)^2, so effectively 400 there.
    """
    difference = (target - rendered) * (REFERENCE_SIZE / size)
    weights = difference.new_ones(68, 1)
    weights[[*NOSE_RIDGE, *INNER_LIP]] = LANDMARK_WEIGHT
    if form == "paper":
        squared = (weights * difference.square()).sum((1, 2)).mean()
        return squared / 68 if reduction == "mean" else squared
    return (weights * difference).square().mean()


def regularisation_loss(
    shape: Tensor,
    expression: Tensor,
    albedo: Tensor,
    light: Tensor,
    pose: Tensor,
    *,
    form: Form = "released",
    reduction: Reduction = "sum",
) -> Tensor:
    """L_reg: squared norm of theta, given in its parts (B,Ks), (B,Ke), (B,Ka), (B,27), (B,6).

    paper: all of theta, averaged over the batch. released: shape, expression and albedo, divided by 224 as well; light
    and pose are left out. For the paper's form pass theta as the encoder emits it, as radians and millimetres do not
    add up.
    """
    if form == "paper":
        theta = torch.cat([shape, expression, albedo, light, pose], 1)
        squared = theta.square().sum(1).mean()
        return squared / theta.shape[1] if reduction == "mean" else squared
    squared = shape.square().sum() + expression.square().sum() + albedo.square().sum()
    return squared / len(shape) / REFERENCE_SIZE


def binary_loss(mask: Tensor, *, form: Form = "released", reduction: Reduction = "sum") -> Tensor:
    """L_bin: pushes M towards 0 and 1. paper: -sum (M - 0.5)^2. released: 0.5 - mean |M - 0.5|, over all pixels."""
    if form == "paper":
        return _over_pixels(-(mask - 0.5).square(), reduction)
    return 0.5 - (mask - 0.5).abs().mean()


def inlier_log_likelihood(target: Tensor, rendering: Tensor, sigma: float = SIGMA) -> Tensor:
    """Eq. 9: log-density (B,1,S,S) of each pixel's RGB error under an isotropic Gaussian, N_c its normaliser."""
    constant = -1.5 * math.log(2 * math.pi * sigma**2)
    return constant - squared_error(target, rendering) / (2 * sigma**2)


def likelihood_loss(target: Tensor, rendering: Tensor, mask: Tensor, sigma: float = SIGMA) -> Tensor:
    """Return minus Eq. 9 inside the mask, averaged over all pixels: the released code's loss to initialise R.

    Source: Step1_Pretrain_MoFA.py:133-140; `mask` is that of Eq. 10 (Sec. 3.3).
    """
    return -(mask * inlier_log_likelihood(target, rendering, sigma)).mean()


@torch.no_grad()
def preliminary_mask(target: Tensor, rendering: Tensor, xi: float) -> Tensor:
    """M_pre, Eq. 10, (B,1,S,S): 1 where the squared RGB error is below xi (paper 0.17, released (3 * 0.043)^2)."""
    return (squared_error(target, rendering) < xi).to(target.dtype)


def squared_error(target: Tensor, rendering: Tensor) -> Tensor:
    """Return (I_T - I_R)^2 summed over RGB, (B,1,S,S)."""
    return (target - rendering).square().sum(1, keepdim=True)


def without_recogniser(*_: object) -> NoReturn:
    """Stand in for F's features where no term needs any. Raises ValueError when one does."""
    raise ValueError("found a term that compares F's features, expected the features of both images")


def reconstruction_loss(
    weights: Mapping[str, float],
    forms: Mapping[str, str],
    *,
    target: Tensor,
    rendering: Tensor,
    mask: Tensor,
    rendered_mask: Tensor,
    landmarks: Tensor,
    rendered_landmarks: Tensor,
    theta: Sequence[Tensor],
    embeddings: Callable[[], tuple[Tensor, Tensor]] = without_recogniser,
    reduction: Reduction = "sum",
    across: Across = alone,
) -> tuple[Tensor, dict[str, Tensor]]:
    """L_R, Eq. 8: the weighted sum of the terms that `weights` names, and each term unweighted and detached.

    Terms: RECONSTRUCTION in settings/terms.py. `theta` is (shape, expression, albedo, light, pose). `embeddings`
    returns those of I_T and I_R, and is called only for the perceptual term. `forms` maps terms to forms; what it
    lacks is as released. Raises FocusError for an unknown term or form.
    """
    form, size = partial(_form, forms), target.shape[-1]
    return _weighted_sum(
        weights,
        {
            "pixel": lambda: pixel_loss(
                target, rendering, mask, form=form("pixel"), reduction=reduction, across=across
            ),
            "likelihood": lambda: likelihood_loss(target, rendering, mask),
            "perceptual": lambda: perceptual_loss(*embeddings()),
            "landmarks": lambda: landmark_loss(
                landmarks, rendered_landmarks, size, form=form("landmarks"), reduction=reduction
            ),
            "regularisation": lambda: regularisation_loss(*theta, form=form("regularisation"), reduction=reduction),
            "area": lambda: area_loss(mask, rendered_mask, form=form("area")),
        },
    )


def segmentation_loss(
    weights: Mapping[str, float],
    forms: Mapping[str, str],
    *,
    target: Tensor,
    rendering: Tensor,
    mask: Tensor,
    rendered_mask: Tensor,
    target_features: Callable[[Tensor], Features] = without_recogniser,
    rendering_features: Callable[[Tensor], Features] = without_recogniser,
    radius: int = 2,
    reduction: Reduction = "sum",
) -> tuple[Tensor, dict[str, Tensor]]:
    """L_S (Sec. 3.2): the weighted sum of the terms that `weights` names, and each term unweighted and detached.

    Terms: SEGMENTATION in settings/terms.py. The two callables crop images (B,3,S,S) by the landmarks of target and
    rendering and return the recogniser's features; they are called only if a perceptual term is wanted. Raises
    FocusError as above.
    """
    form = partial(_form, forms)

    @cache
    def masked_target_features() -> Features:
        return target_features(mask * target)

    def plain_target_features() -> Features:
        with torch.no_grad():
            return target_features(target)

    return _weighted_sum(
        weights,
        {
            "neighbour": lambda: neighbour_loss(
                target, rendering, mask, form=form("neighbour"), radius=radius, reduction=reduction
            ),
            "distance": lambda: distance_loss(
                masked_target_features(), rendering_features(mask * rendering), form=form("distance")
            ),
            "area": lambda: area_loss(mask, rendered_mask, form=form("area")),
            "preservation": lambda: preservation_loss(
                masked_target_features(), plain_target_features(), form=form("preservation")
            ),
            "binary": lambda: binary_loss(mask, form=form("binary"), reduction=reduction),
            # The released form's division by sum M is left out: S would keep its best pixel.
            "pixel": lambda: pixel_loss(
                target, rendering, mask, form="paper" if form("pixel") == "paper" else "image_mean", reduction=reduction
            ),
        },
    )


def _form(forms: Mapping[str, str], term: str) -> Form:
    """Return the form that `forms` names for a term, or "released". Raises FocusError for another word."""
    known: dict[str, Form] = {"paper": "paper", "released": "released"}
    name = forms.get(term, "released")
    if name not in known:
        raise FocusError(f"forms.{term}: found {name!r}, expected one of {', '.join(known)}")
    return known[name]


def _weighted_sum(
    weights: Mapping[str, float], terms: Mapping[str, Callable[[], Tensor]]
) -> tuple[Tensor, dict[str, Tensor]]:
    unknown = [name for name in weights if name not in terms]
    if unknown or not weights:
        found = repr(unknown[0]) if unknown else "no term"
        raise FocusError(f"losses: found {found}, expected some of {', '.join(terms)}")
    values = {name: terms[name]() for name in weights}
    total = torch.stack([weights[name] * value for name, value in values.items()]).sum()
    return total, {name: value.detach() for name, value in values.items()}


def _over_pixels(values: Tensor, reduction: Reduction) -> Tensor:
    """Reduce (B,1,S,S): the sum over an image's pixels, or their mean, averaged over the batch."""
    if reduction not in ("sum", "mean"):
        raise FocusError(f"reduction: found {reduction!r}, expected 'sum' or 'mean'")
    return values.mean() if reduction == "mean" else values.sum() / len(values)


def _cosine_distance(first: Features, second: Features, form: Form) -> Tensor:
    firsts, seconds = ([maps] if isinstance(maps, Tensor) else list(maps) for maps in (first, second))
    similarity = _map_similarity if form == "paper" else _location_similarity
    return 1 - torch.stack([similarity(a, b) for a, b in zip(firsts, seconds, strict=True)]).mean()


def _map_similarity(first: Tensor, second: Tensor) -> Tensor:
    return functional.cosine_similarity(first.flatten(1), second.flatten(1)).mean()


def _location_similarity(first: Tensor, second: Tensor) -> Tensor:
    first, second = (_divided_by_norm(_divided_by_norm(maps, 3), 1) for maps in (first, second))
    return (first * second).sum(1).mean()


def _divided_by_norm(values: Tensor, axis: int) -> Tensor:
    """Divide by the norm along an axis. What is all zero stays so, with gradient 0 in place of 1 / eps."""
    norm = _safe_sqrt(values.square().sum(axis, keepdim=True))
    return values / torch.where(norm > 0, norm, 1)


def _safe_sqrt(values: Tensor) -> Tensor:
    """Return the square root, with gradient 0 instead of infinity at 0."""
    positive = values > 0
    return torch.where(positive, torch.where(positive, values, 1).sqrt(), 0)


def _nearest_squared_distance(image: Tensor, other: Tensor, radius: int) -> Tensor:
    """Return the smallest squared RGB distance of each pixel of `image` to `other`'s pixels in its window, (B,1,S,S).

    The minimum's gradient is that of the pixel it took, so the search runs without gradient and only that pixel's
    distance is computed with it.
    """
    chosen = _nearest_pixel(image, other, radius)
    nearest = other.flatten(2).gather(2, chosen.expand(-1, image.shape[1], -1)).reshape(image.shape)
    return squared_error(image, nearest)


@torch.no_grad()
def _nearest_pixel(image: Tensor, other: Tensor, radius: int) -> Tensor:
    """Return the flat index (B,1,H*W) of the pixel of `other` nearest in colour; the centre first among equals."""
    height, width = image.shape[2:]
    own, others = (x.transpose(0, 1).contiguous() for x in (image, other))  # colour planes
    best = torch.full_like(own[0], math.inf)
    shift = torch.zeros_like(own[0], dtype=torch.int64)
    steps = range(-radius, radius + 1)
    for down, right in sorted(((y, x) for y in steps for x in steps), key=lambda step: step[0] ** 2 + step[1] ** 2):
        here = (..., _inside(-down, height), _inside(-right, width))
        there = (..., _inside(down, height), _inside(right, width))
        squared = (own[here] - others[there]).square_().sum(0)
        nearest = best[here]
        shift[here].masked_fill_(squared < nearest, down * width + right)
        torch.minimum(nearest, squared, out=nearest)
    position = torch.arange(height * width, device=image.device)
    return (shift.flatten(1) + position)[:, None]


def _inside(offset: int, extent: int) -> slice:
    """Return the positions from which a step of -offset stays inside `extent`."""
    return slice(max(offset, 0), extent + min(offset, 0))
