"""What one R step and one S step minimise."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

import tiny
from focus.losses import equations as losses
from focus.masks.sources import mask_source
from focus.methods.em import LossPlan, ReconstructionObjective, SegmentationObjective
from focus.training.batches import OCCLUSIONS, Batches

R_TERMS = {"pixel": 0.5, "perceptual": 0.25, "landmarks": 0.001, "regularisation": 0.1, "area": 0.06}
S_TERMS = {"neighbour": 15.0, "distance": 3.0, "area": 0.5, "preservation": 0.25, "binary": 10.0}


@pytest.fixture
def batches(tmp_path):
    return Batches(tiny.packed_faces(tmp_path / "set"), 4, 0, None)


@pytest.fixture
def autoencoder():
    return tiny.autoencoder(head=0.02)


def reconstruction(autoencoder, batches, terms=R_TERMS, mask="ones", **others) -> ReconstructionObjective:
    return ReconstructionObjective(
        autoencoder, batches, LossPlan(terms, {}), mask_source(mask), perception=tiny.perception(), **others
    )


def gradients(network: nn.Module) -> list[torch.Tensor]:
    return [weight.grad for weight in network.parameters() if weight.grad is not None]


def test_r_step_is_equation_8(autoencoder, batches):
    """The R step's loss would not be the weighted sum of Eq. 8's terms on this batch."""
    autoencoder.eval()
    loss, terms = reconstruction(autoencoder, batches)(2)
    assert loss.item() == pytest.approx(sum(R_TERMS[name] * float(value) for name, value in terms.items()), rel=1e-5)
    batch, seen = batches(2), tiny.perception()
    with torch.no_grad():
        result = autoencoder(batch.images)
        embeddings = seen.embedding(batch.images, batch.landmarks), seen.embedding(result.image, result.landmarks)
    theta = result.parameters
    expected = {
        "pixel": losses.pixel_loss(batch.images, result.image, result.mask),
        "perceptual": losses.perceptual_loss(*embeddings),
        "landmarks": losses.landmark_loss(batch.landmarks, result.landmarks, tiny.SIZE),
        "regularisation": losses.regularisation_loss(
            theta.shape, theta.expression, theta.albedo, theta.light, theta.pose
        ),
        "area": losses.area_loss(result.mask, result.mask),
    }
    assert {name: float(value) for name, value in terms.items()} == pytest.approx(
        {name: float(value) for name, value in expected.items()}, rel=1e-5, abs=1e-6
    )


def test_r_step_trains_the_encoder(autoencoder, batches):
    """R would not learn."""
    reconstruction(autoencoder, batches)(0)[0].backward()
    assert all(torch.isfinite(gradient).all() for gradient in gradients(autoencoder.encoder))
    assert autoencoder.encoder.network.stem[0].weight.grad.abs().sum() > 0


def test_mask_multiplies_the_pixel_loss(autoencoder, batches):
    """Outliers would count: an image changed where the ground truth shows no face must give the same pixel loss."""
    autoencoder.eval()
    objective = reconstruction(autoencoder, batches, {"pixel": 1.0}, "ground_truth")
    batch = batches(0)
    result = autoencoder(batch.images)
    expected = losses.pixel_loss(batch.images, result.image, batch.visible * result.mask)
    assert objective(0)[0].item() == pytest.approx(expected.item(), rel=1e-5)
    assert expected.item() != pytest.approx(losses.pixel_loss(batch.images, result.image, result.mask).item(), rel=0.01)


@pytest.mark.parametrize("mask_gradient", [False, True])
def test_mask_gradient(autoencoder, batches, mask_gradient):
    """The switch of the released code (M not detached in R steps) would have no effect, or be always on."""
    mask_network = tiny.segmentation().eval().requires_grad_(not mask_gradient)
    seen = []

    def source(target, rendering, rendered_mask, visible, network):
        mask = network(rendering, target) * rendered_mask
        seen.append(mask)
        return mask

    objective = replace(
        reconstruction(autoencoder, batches, {"area": 1.0}, segmentation=mask_network),
        mask_source=source,
        mask_gradient=mask_gradient,
    )
    loss, _ = objective(0)
    assert seen[0].requires_grad == loss.requires_grad == mask_gradient
    if mask_gradient:  # the area of S's mask depends on R through the rendering that S looks at
        loss.backward()
        assert autoencoder.encoder.network.fc.bias.grad.abs().sum() > 0
    assert gradients(mask_network) == []


def test_mask_gradient_does_not_change_the_loss(autoencoder, batches):
    """The switch would change more than the gradient."""
    autoencoder.eval()
    mask_network = tiny.segmentation().eval()
    values = [
        reconstruction(autoencoder, batches, mask="segmentation", segmentation=mask_network, mask_gradient=on)(1)[
            0
        ].item()
        for on in (False, True)
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize("name", ["cutout", "cutmix"])
def test_occlusions_get_zero_mask(autoencoder, batches, name):
    """Backbone-cutout and -cutmix would learn from the pasted rectangle (Sec. 4.1)."""
    batch = batches(3)
    pasted, untouched = OCCLUSIONS[name](batches, batch, 3)
    changed = (pasted.images != batch.images).any(1, keepdim=True)
    assert changed.any() and (untouched[changed] == 0).all()
    assert untouched.shape == (4, 1, tiny.SIZE, tiny.SIZE) and ((untouched == 0).sum((1, 2, 3)) > 0).all()
    if name == "cutout":
        assert (pasted.images * (1 - untouched)).abs().max() == 0
    autoencoder.eval()
    objective = reconstruction(autoencoder, batches, {"pixel": 1.0}, "ground_truth", occlude=OCCLUSIONS[name])
    result = autoencoder(pasted.images)
    expected = losses.pixel_loss(pasted.images, result.image, batch.visible * result.mask * untouched)
    assert objective(3)[0].item() == pytest.approx(expected.item(), rel=1e-5)


def test_s_step_trains_s_and_leaves_r_alone(autoencoder, batches):
    """R would move during S steps, or S not learn."""
    autoencoder.eval()
    mask_network, seen = tiny.segmentation(), tiny.perception()
    objective = SegmentationObjective(autoencoder, mask_network, batches, LossPlan(S_TERMS, {}, neighbourhood=1), seen)
    loss, terms = objective(0)
    assert set(terms) == set(S_TERMS)
    assert loss.item() == pytest.approx(sum(S_TERMS[name] * float(value) for name, value in terms.items()), rel=1e-5)
    loss.backward()
    assert gradients(autoencoder) == [] and gradients(seen) == []
    assert len(gradients(mask_network)) == len(list(mask_network.parameters()))
    assert mask_network.down[0][0].weight.grad.abs().sum() > 0


def test_s_step_on_the_pixel_loss(autoencoder, batches):
    """The Baseline of Sec. 4.4 would not train S with Eq. 5."""
    autoencoder.eval()
    mask_network = tiny.segmentation().eval()
    objective = SegmentationObjective(
        autoencoder, mask_network, batches, LossPlan({"pixel": 1.0}, {}), tiny.perception()
    )
    batch = batches(0)
    with torch.no_grad():
        result = autoencoder(batch.images)
        mask = mask_network(result.image, batch.images) * result.mask
        expected = losses.pixel_loss(batch.images, result.image, mask, form="image_mean")
    assert objective(0)[0].item() == pytest.approx(expected.item(), rel=1e-5)
