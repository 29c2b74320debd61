"""Training of the recogniser F on identities."""

from __future__ import annotations

import pytest
import torch

import tiny
from focus.networks import ArcFaceHead
from focus.training.recogniser import Identities, RecogniserObjective, RecogniserTraining, perturb, verification_auc


@pytest.fixture
def data() -> Identities:
    generator = torch.Generator().manual_seed(0)
    colours = torch.rand(3, 3, 1, 1, generator=generator)
    labels = torch.arange(12) % 3
    return Identities((colours[labels] + 0.02 * torch.randn(12, 3, 16, 16, generator=generator)).clamp(0, 1), labels)


def objective(data: Identities, margin: float = 0.3) -> RecogniserObjective:
    network = tiny.recogniser()
    model = RecogniserTraining(network, ArcFaceHead(8, data.count, margin=margin, scale=24))
    return RecogniserObjective(model, data, 6, 10, 0)


def test_count(data):
    """The head would lack a centre for the last identity."""
    assert data.count == 3


def test_step_repeats_and_trains_network_and_head(data):
    """A resumed training would differ, or a part of it not learn."""
    one = objective(data)
    one.model.eval()
    loss, terms = one(5)
    assert loss.item() == one(5)[0].item() == float(terms["arcface"])
    loss.backward()
    trained = [weight for weight in one.model.parameters() if weight.requires_grad]
    assert all(torch.isfinite(weight.grad).all() for weight in trained)
    assert one.model.head.weight.grad.abs().sum() > 0 and one.model.network.conv1.weight.grad.abs().sum() > 0


def test_margin_grows_over_two_fifths(data):
    """A small network started at the full margin learns slowly; one never at it separates badly."""
    one, seen = objective(data), []
    one.model.head.forward = lambda embedding, labels, margin: seen.append(margin) or embedding.sum()
    for step in (0, 2, 4, 9):
        one(step)
    assert seen == pytest.approx([0, 0.15, 0.3, 0.3])


def test_perturbed_crops_are_images(data):
    """F would be trained on values outside [0,1], or never see a masked face."""
    images = torch.full((200, 3, 16, 16), 0.5)
    found = perturb(images, torch.Generator().manual_seed(0))
    assert found.shape == images.shape and found.min() >= 0 and found.max() <= 1
    blocked = ((found < 0.05).float().mean((1, 2, 3)) > 0.05).float().mean()
    assert 0.2 < blocked < 0.4
    assert torch.equal(found, perturb(images, torch.Generator().manual_seed(0)))
    ramp = torch.arange(16.0).expand(64, 3, 16, 16) / 16
    slopes = (perturb(ramp, torch.Generator().manual_seed(0)).mean((1, 2)).diff(dim=1).mean(1) > 0).float().mean()
    assert 0.3 < slopes < 0.7  # half of the crops are mirrored


class Given(torch.nn.Module):
    """A recogniser whose embedding is the mean colour."""

    def embedding(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3)) - 0.5


@pytest.mark.parametrize(("labels", "expected"), [([0, 0, 1, 1], 1.0), ([0, 1, 0, 1], 0.25)])
def test_verification_auc_by_hand(labels, expected):
    """The value of unseen identities would say something else than how well pairs are told apart."""
    colours = torch.tensor([[1.0, 0, 0], [1, 0, 0.1], [0, 1, 0], [0, 1, 0.2]])[:, :, None, None].expand(-1, -1, 4, 4)
    assert verification_auc(Given(), Identities(colours, torch.tensor(labels))) == pytest.approx(expected)
