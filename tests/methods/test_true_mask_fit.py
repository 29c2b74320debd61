"""The fit of a face to its visible pixels with the true mask."""

from dataclasses import replace

import pytest
import torch

import tiny
from focus.losses.equations import SIGMA
from focus.methods.true_mask_fit import ALL, LANDMARK_NOISE, POSE_AND_LIGHT, fit, fitted_light, minus_log_posterior
from focus.model.autoencoder import Autoencoder
from focus.rendering import Renderer

SIDE = 64  # px, the demo's


@pytest.fixture(scope="module")
def drawn():
    """Two faces of the model as images of the demo's size, their landmarks, and masks without the upper half."""
    side, model = SIDE, tiny.face_model()
    autoencoder = Autoencoder(torch.nn.Identity(), model, Renderer(model.triangles, side), tiny.SCALE)
    with torch.no_grad():
        result = autoencoder.decode(tiny.latents(2))
    visible = torch.ones_like(result.mask)
    visible[:, :, : side // 2] = 0
    return autoencoder, result, visible


def test_more_freedom_fits_better_and_the_mean_face_stays_the_mean(drawn):
    """The best fit would be no bound, or the mean face would not be the mean face."""
    autoencoder, _, _ = drawn
    with torch.no_grad():
        target = autoencoder.decode(tiny.latents(6))
    visible = torch.ones_like(target.mask)
    visible[:, :, : SIDE // 2] = 0
    images = target.image, target.landmarks, visible
    mean, best = (fit(autoencoder, *images, free, 20, 0.1) for free in (POSE_AND_LIGHT, ALL))
    start = fit(autoencoder, *images, (), 0, 0.1)
    found = [float(minus_log_posterior(*images, result).sum()) for result in (best, mean, start)]
    assert found == sorted(found) and found[0] < 0.3 * found[2]
    for part in (mean.parameters.shape, mean.parameters.expression, mean.parameters.albedo):
        assert not part.any()
    assert mean.parameters.light.any()


@pytest.mark.parametrize("lr", [0.05, 5.0])
def test_no_image_ends_worse_than_it_began(drawn, lr):
    """A rate that is too high would end above the start: the bound would be none."""
    autoencoder, target, visible = drawn
    images = target.image, target.landmarks, visible
    found = [minus_log_posterior(*images, fit(autoencoder, *images, ALL, steps, lr)) for steps in (0, 3)]
    assert (found[1] <= found[0]).all()


def test_light_of_the_right_face_is_found_exactly(drawn):
    """Each fit would start in the wrong light, and take most of its steps to mend that."""
    autoencoder, target, visible = drawn
    found = fitted_light(autoencoder, target.image, visible, target.parameters)
    relit = autoencoder.decode(replace(target.parameters, light=found))
    unlit = autoencoder.decode(replace(target.parameters, light=torch.zeros_like(found)))
    errors = [(visible * (each.image - target.image)).square().sum() for each in (relit, unlit)]
    assert errors[0] < 1e-4 * errors[1]
    nothing = fitted_light(autoencoder, target.image, torch.zeros_like(visible), target.parameters)
    assert not nothing.any()


def test_hidden_pixels_change_nothing(drawn):
    """An occluder would be fitted: the true mask would not be used."""
    autoencoder, target, visible = drawn
    spoilt = target.image * visible + (1 - visible) * 0.9
    first, second = (
        fit(autoencoder, image, target.landmarks, visible, ALL, 5, 0.1) for image in (target.image, spoilt)
    )
    assert torch.equal(first.image, second.image)


def test_images_of_a_batch_never_meet(drawn):
    """A value would depend on the batch size."""
    autoencoder, target, visible = drawn
    together = fit(autoencoder, target.image, target.landmarks, visible, ALL, 10, 0.1)
    alone = fit(autoencoder, target.image[:1], target.landmarks[:1], visible[:1], ALL, 10, 0.1)
    torch.testing.assert_close(together.image[:1], alone.image, rtol=1e-3, atol=1e-3)


def test_posterior_by_hand(drawn):
    """A term would have another weight than its noise gives it."""
    _, target, visible = drawn
    exact = minus_log_posterior(target.image, target.landmarks, visible, target)
    theta = target.parameters
    prior = sum(part.square().sum(1) for part in (theta.shape, theta.expression, theta.albedo)) / 2
    torch.testing.assert_close(exact, prior)
    pixels = (visible * target.mask).sum((1, 2, 3))
    darker = minus_log_posterior(target.image + 0.1, target.landmarks, visible, target) - exact
    torch.testing.assert_close(darker, pixels * 3 * 0.01 / (2 * SIGMA**2), rtol=1e-3, atol=1e-3)
    moved = minus_log_posterior(target.image, target.landmarks + 1, visible, target) - exact
    noise = LANDMARK_NOISE * SIDE / 224
    torch.testing.assert_close(moved, torch.full_like(moved, 68 / noise**2), rtol=1e-3, atol=1e-3)
