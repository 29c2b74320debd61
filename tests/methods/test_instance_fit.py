"""The instance-wise fit in the spirit of Egger et al."""

from __future__ import annotations

import pytest
import torch

import tiny
from focus.losses.equations import reconstruction_loss
from focus.methods.instance_fit import blurred, colour_bins, colour_density, fit, image_losses
from focus.methods.latent_fit import start
from focus.model.autoencoder import Parameters
from focus.settings import InstanceFit

WEIGHTS = {"pixel": 0.5, "landmarks": 1e-3, "regularisation": 0.1}
PLAN = InstanceFit(rounds=4, steps=10, lr=0.02, bins=8, unexplained=0.5, blur=0.5)


@pytest.fixture(scope="module")
def covered():
    """Two faces on grey with known latents, a green patch over part of each: network, targets, landmarks, patch."""
    network, latents = tiny.autoencoder(), tiny.latents(2)
    with torch.no_grad():
        result = network.decode(latents)
    images = result.image.clamp(0, 1) + 0.5 * (1 - result.mask)
    patch = torch.zeros_like(result.mask)
    patch[0, :, 18:26, 8:20] = 1
    patch[1, :, 6:14, 12:26] = 1
    green = torch.tensor([0.05, 0.9, 0.1]).view(3, 1, 1)
    return network, images * (1 - patch) + green * patch, result.landmarks, patch


def test_start_is_posed_by_the_landmarks():
    """A fit would start beside the face, too far for the renderer's gradient."""
    network = tiny.autoencoder()
    pose = torch.tensor([[0.2, -0.4, 0.1, 5, -8, 40], [-0.1, 0.3, -0.2, -10, 4, -60]])
    landmarks = network.decode(Parameters(*(torch.zeros(2, size) for size in network.sizes[:4]), pose)).landmarks
    found = start(network, landmarks)
    assert torch.allclose(network.decode(found).landmarks, landmarks, atol=1e-2)
    assert torch.allclose(found.pose[:, :3], pose[:, :3], atol=1e-2)
    assert found.theta()[:, :-6].abs().max() == 0


def test_fit_finds_face_and_occluder(covered):
    """Table 4's Egger-like row would not segment: the patch is not face, the rest is, and the face is fitted."""
    network, images, landmarks, patch = covered
    result, mask = fit(network, images, landmarks, PLAN, WEIGHTS)
    inside = result.mask == 1
    occluder, face = inside & (patch == 1), inside & (patch == 0)
    assert (mask[occluder] < 0.5).float().mean() > 0.9 and (mask[face] > 0.5).float().mean() > 0.9
    assert (mask[~inside] == 0).all() and not result.image.requires_grad
    with torch.no_grad():
        before = network.decode(start(network, landmarks))
    visible = (before.mask * result.mask * (1 - patch)).bool()[:, 0]
    error, first = ((shown.image - images).abs().mean(1)[visible].mean() for shown in (result, before))
    assert error < 0.7 * first


def test_images_of_a_batch_never_meet(covered):
    """The method would not be instance-wise: an image's result would depend on its neighbours in the batch."""
    network, images, landmarks, _ = covered
    result, mask = fit(network, images, landmarks, PLAN.model_copy(update={"rounds": 2}), WEIGHTS)
    for place in range(2):
        own = slice(place, place + 1)
        alone, own_mask = fit(network, images[own], landmarks[own], PLAN.model_copy(update={"rounds": 2}), WEIGHTS)
        assert torch.allclose(own_mask, mask[own], atol=1e-3)
        assert torch.allclose(alone.parameters.theta(), result.parameters.theta()[own], atol=1e-2)


def test_losses_are_those_of_a_batch_of_one(covered):
    """The M-step would minimise something else than Eq. 5, Eq. 7 and L_reg."""
    network, images, landmarks, patch = covered
    result = network.decode(tiny.latents(2, seed=1))
    found = image_losses(network, images, landmarks, result, 1 - patch, WEIGHTS)
    for place in range(2):
        own, latent = slice(place, place + 1), result.parameters
        parts = (latent.shape, latent.expression, latent.albedo, latent.light, latent.pose)
        expected, _ = reconstruction_loss(
            WEIGHTS,
            {},
            target=images[own],
            rendering=result.image[own],
            mask=((1 - patch) * result.mask)[own],
            rendered_mask=result.mask[own],
            landmarks=landmarks[own],
            rendered_landmarks=result.landmarks[own],
            theta=[part[own] for part in parts],
        )
        assert found[place].item() == pytest.approx(expected.item(), rel=1e-5)


def test_colour_density_by_hand():
    """Histograms would not be densities, or would mix images or ignore the weights."""
    images = torch.full((2, 3, 4, 4), 0.51)
    images[1, :, :2] = 0.01  # half of the second image is black
    weights = torch.ones(2, 1, 4, 4)
    weights[1, :, :2] = 0
    density = colour_density(colour_bins(images, 8), weights, 8)
    own_bin = 0.5**3 * 8**3  # half of a count stays in its bin along each axis
    assert torch.allclose(density[0], torch.full((1, 4, 4), own_bin), rtol=0.05)
    assert torch.allclose(density[1, :, 2:], torch.tensor(own_bin), rtol=0.1) and density[1, :, :2].max() < 0.2
    empty = colour_density(colour_bins(images, 8), torch.zeros(2, 1, 4, 4), 8)
    assert torch.allclose(empty, torch.ones_like(empty))


def test_bins_cover_the_colour_cube():
    """White or overexposed pixels would fall outside the histogram."""
    images = torch.tensor([0.0, 0.999, 1.0, 1.2]).view(1, 1, 2, 2).expand(1, 3, 2, 2)
    assert colour_bins(images, 4).tolist() == [[0, 63, 63, 63]]


def test_blur_stays_inside():
    """Log-odds at the face's border would be drawn to zero by the background."""
    inside = torch.zeros(1, 1, 12, 12)
    inside[..., 3:9, 2:8] = 1
    constant = blurred(torch.full_like(inside, 3.0), inside, 1.0)
    assert torch.allclose(constant[inside == 1], torch.tensor(3.0), atol=1e-5)
    values = torch.rand(1, 1, 12, 12)
    assert torch.equal(blurred(values, inside, 0.0), values)
