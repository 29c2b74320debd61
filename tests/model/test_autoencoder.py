"""R: image -> parameters -> mesh -> rendering."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

import tiny
from focus import settings
from focus.authors.networks import OUTPUT_SCALE
from focus.model.autoencoder import Autoencoder, Parameters
from focus.settings import OutputScale
from projects import ROOT


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, tiny.SIZE, tiny.SIZE, generator=torch.Generator().manual_seed(0))


def test_fresh_encoder_shows_the_mean_face(images):
    """Training would not start at the mean face (Sec. 3.3)."""
    network, model = tiny.autoencoder().eval(), tiny.face_model()
    result = network(images)
    assert result.parameters.theta().abs().max() == 0
    mean = (model.shape_mean + model.expression_mean)[None]
    expected = network.renderer(mean, model.albedo_mean[None], torch.zeros(1, 27), torch.zeros(1, 6))
    assert torch.equal(result.image, expected.image.expand(2, -1, -1, -1))
    assert torch.equal(result.mask, expected.mask.expand(2, -1, -1, -1))
    assert torch.equal(result.landmarks[0], expected.points[0, model.landmarks68, :2])


def test_mean_face_is_in_the_middle(images):
    """Camera, model frame or principal point would disagree: the face would lie outside the crop."""
    result = tiny.autoencoder().eval()(images)
    middle, width = result.landmarks[0].mean(0), result.mask[0, 0].any(0).sum()
    assert torch.allclose(middle, torch.full((2,), (tiny.SIZE - 1) / 2), atol=tiny.SIZE * 0.15)
    assert tiny.SIZE * 0.4 < width <= tiny.SIZE
    assert (
        result.landmarks[0, 8, 1] > result.landmarks[0, 30, 1] > result.landmarks[0, 27, 1]
    )  # y down: chin below nose


def test_units_scale_the_outputs(images):
    """An encoder output would mean another number of radians, millimetres or deviations than the settings say."""
    scale = OutputScale(
        shape=2.0, expression=3.0, albedo=4.0, light=5.0, rotation=6.0, translation_xy=7.0, translation_z=8.0
    )
    network, model = tiny.autoencoder(scale=scale), tiny.face_model()
    count = Autoencoder.output_count(model)
    network.encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(images[0].numel(), count))
    torch.nn.init.zeros_(network.encoder[1].weight)
    torch.nn.init.ones_(network.encoder[1].bias)
    found = network.encode(images)
    for part, unit in (("shape", 2), ("expression", 3), ("albedo", 4), ("light", 5)):
        assert torch.equal(getattr(found, part), torch.full_like(getattr(found, part), unit))
    assert found.pose[0].tolist() == [6, 6, 6, 7, 7, 8]


def test_the_paper_profile_has_the_released_codes_units():
    """The authors' weights would be taken for numbers of other units."""
    assert settings.read_profile("paper", ROOT).encoder.output_scale == OUTPUT_SCALE


def test_paper_size_has_257_outputs():
    """The paper's theta would have another length than 80 + 64 + 80 + 27 + 6."""
    assert Autoencoder.output_count(SimpleNamespace(n_shape=80, n_expression=64, n_albedo=80)) == 257


def test_split_and_theta_are_inverse():
    """Parameters would come apart at the wrong places."""
    theta = torch.arange(2.0 * Autoencoder.output_count(tiny.face_model())).view(2, -1)
    parts = tiny.autoencoder().split(theta)
    assert torch.equal(parts.theta(), theta)
    assert [parts.shape.shape[1], parts.expression.shape[1], parts.albedo.shape[1]] == [4, 3, 3]
    assert torch.equal(parts.pose, theta[:, -6:])
    assert torch.equal(parts.light, theta[:, -33:-6])


def test_cat_and_map():
    """Latents of several batches would be joined or sliced wrongly."""
    parts = [tiny.latents(2, 0), tiny.latents(3, 1)]
    joined = Parameters.cat(parts)
    assert torch.equal(joined.theta(), torch.cat([part.theta() for part in parts]))
    assert torch.equal(joined.map(lambda value: value[2:]).theta(), parts[1].theta())


def test_only_the_encoder_is_trained_and_saved():
    """The face model would be trained, or the units written into model files."""
    network = tiny.autoencoder()
    assert all(name.startswith("encoder.") for name in network.state_dict())
    assert {id(weight) for weight in network.parameters()} == {id(weight) for weight in network.encoder.parameters()}


def test_gradient_reaches_every_kind_of_parameter():
    """A part of theta would never be learnt from pixels and landmarks."""
    network = tiny.autoencoder()
    parts = tiny.latents(1).map(lambda value: value.requires_grad_())
    result = network.decode(parts)
    (result.image.square().mean() + result.landmarks.square().mean()).backward()
    for name in ("shape", "expression", "albedo", "light", "pose"):
        gradient = getattr(parts, name).grad
        assert torch.isfinite(gradient).all() and (gradient != 0).all(), name
