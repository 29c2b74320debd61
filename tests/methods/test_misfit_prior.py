"""The misfit prior, Sec. 3.4."""

from __future__ import annotations

import pytest
import torch

import tiny
from focus.methods.misfit_prior import correct, draw_composited, draw_plain, misfit_prior, render_faces
from focus.model.autoencoder import Parameters


def test_equation_11_by_hand():
    """E_MP would not be the mean of prediction minus truth."""
    predicted = torch.tensor([[[1.0, 2, 3]], [[3.0, 2, 1]]])
    truth = torch.tensor([[[0.0, 0, 0]], [[1.0, 1, 1]]])
    assert misfit_prior(predicted, truth).tolist() == [[1.5, 1.5, 1.5]]


def test_correction_is_subtracted():
    """P_mf = P - E_MP would have the other sign: a mesh off by the prior must come back to the truth."""
    truth, prior = torch.rand(3, 5, 3), torch.rand(5, 3)
    assert torch.allclose(correct(truth + prior, prior), truth)
    assert torch.allclose(correct(truth[0] + prior, prior), truth[0])


def test_plain_latents_follow_their_distributions():
    """Plain synthetic faces would be lit and posed otherwise than the photographs, or drawn not from N(0, I)."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(6, 6, generator=generator)
    pose = torch.randn(400, 6, generator=generator) @ mixing + torch.arange(6.0)
    light = 0.3 * torch.randn(400, 27, generator=generator)
    seen = Parameters(torch.full((400, 4), 9.0), torch.full((400, 3), 9.0), torch.full((400, 2), 9.0), light, pose)
    drawn = draw_plain(seen, 20000, generator)
    for part in (drawn.shape, drawn.expression, drawn.albedo):
        assert part.mean(0).abs().max() < 0.05
        assert torch.allclose(torch.cov(part.T), torch.eye(part.shape[1]), atol=0.06)
    for part, given in ((drawn.pose, pose), (drawn.light, light)):
        covariance = torch.cov(given.T)
        assert torch.allclose(part.mean(0), given.mean(0), atol=0.1)
        assert (torch.cov(part.T) - covariance).abs().max() < 0.06 * covariance.abs().max()
    assert drawn.theta().dtype == torch.float32


def test_draws_repeat():
    """Two runs would build two different priors."""
    seen = tiny.latents(8)
    first, second = (draw_plain(seen, 5, torch.Generator().manual_seed(3)).theta() for _ in range(2))
    assert torch.equal(first, second)


def test_constant_light_is_kept():
    """A start where R predicts one light for all images would end in NaN."""
    seen = tiny.latents(8)
    flat = Parameters(seen.shape, seen.expression, seen.albedo, torch.zeros(8, 27), torch.zeros(8, 6))
    drawn = draw_plain(flat, 50, torch.Generator().manual_seed(0))
    assert drawn.light.abs().max() < 1e-3 and drawn.pose.abs().max() < 1e-3


def test_composited_latents_keep_what_r_saw():
    """Composited faces would not fit the photograph they are laid on."""
    seen = tiny.latents(6)
    drawn = draw_composited(seen, torch.Generator().manual_seed(1))
    for name in ("expression", "light", "pose"):
        assert torch.equal(getattr(drawn, name), getattr(seen, name))
    assert not torch.equal(drawn.shape, seen.shape) and not torch.equal(drawn.albedo, seen.albedo)


@pytest.mark.parametrize("behind", [None, 0.25])
def test_faces_lie_on_black_or_on_the_background(behind):
    """The background would shine through the face, or leave a black frame around it."""
    network, latents = tiny.autoencoder(), tiny.latents(2)
    result = network.decode(latents)
    backgrounds = None if behind is None else torch.full_like(result.image, behind)
    images, landmarks = render_faces(network, latents, backgrounds)
    outside, inside = (result.mask == 0).expand_as(images), (result.mask == 1).expand_as(images)
    assert torch.equal(images[inside], result.image.clamp(0, 1)[inside])
    assert (images[outside] == (behind or 0)).all()
    assert images.min() >= 0 and images.max() <= 1 and torch.equal(landmarks, result.landmarks)
