"""Gradients of every loss against finite differences in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from focus.losses import equations as losses
from loss_checks import tensors


@pytest.mark.parametrize("form", ["paper", "released"])
def test_gradients_of_image_losses(images, form):
    """Training would follow a wrong direction in the mask or the rendering."""
    target, _, _, rendered_mask = tensors(*images)
    everywhere = np.random.default_rng(1).random(images[1].shape)  # no two black neighbours: a tie has no derivative
    rendering, mask = tensors(everywhere, 0.1 + 0.8 * images[2], gradient=True)
    assert gradcheck(lambda r, m: losses.neighbour_loss(target, r, m, form=form, radius=1), (rendering, mask))
    assert gradcheck(lambda r, m: losses.pixel_loss(target, r, m, form=form), (rendering, mask))
    assert gradcheck(lambda m: losses.area_loss(m, rendered_mask, form=form), (mask,))
    assert gradcheck(lambda m: losses.binary_loss(m, form=form), (mask,))


def test_gradients_of_likelihood_and_unnormalised_pixel(images):
    """The initialisation of R, or the Baseline's S, would follow a wrong direction."""
    (target,) = tensors(images[0])
    given = tensors(images[1] + 0.05, 0.1 + 0.8 * images[2], gradient=True)
    assert gradcheck(lambda r, m: losses.pixel_loss(target, r, m, form="image_mean"), given)
    assert gradcheck(lambda r, m: losses.likelihood_loss(target, r, m, 0.2), given)


@pytest.mark.parametrize("form", ["paper", "released"])
def test_gradients_of_other_losses(features, landmarks, theta, form):
    """Training would follow a wrong direction in features, landmarks or parameters."""
    maps = tensors(*features, gradient=True)
    assert gradcheck(lambda a, b: losses.distance_loss(a, b, form=form), maps)
    assert gradcheck(lambda a, b: losses.preservation_loss(a, b, form=form), maps)
    assert gradcheck(losses.perceptual_loss, [x.flatten(1) for x in maps])
    points = tensors(*(x / 100 for x in landmarks), gradient=True)  # small, for the differences' precision
    assert gradcheck(lambda a, b: losses.landmark_loss(a, b, 64, form=form), points)
    assert gradcheck(lambda *parts: losses.regularisation_loss(*parts, form=form), tensors(*theta, gradient=True))


def test_gradient_where_images_agree():
    """Equal (black) pixels, the most of any masked image, would give NaN from the square root at 0."""
    target = torch.zeros(1, 3, 4, 4)
    rendering = torch.zeros(1, 3, 4, 4, requires_grad=True)
    mask = torch.ones(1, 1, 4, 4, requires_grad=True)
    (losses.neighbour_loss(target, rendering, mask) + losses.pixel_loss(target, rendering, mask)).backward()
    assert rendering.grad.abs().sum() == 0
    assert mask.grad.abs().sum() == 0
