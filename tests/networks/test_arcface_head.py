"""The additive angular margin loss."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from focus.networks import ArcFaceHead, FaceRecogniser


@pytest.fixture
def head():
    torch.manual_seed(0)
    return ArcFaceHead(6, 4, margin=0.4, scale=8).double()


def test_value(head):
    """The loss would not be ArcFace's Eq. 3."""
    rng = np.random.default_rng(0)
    embeddings, labels = rng.standard_normal((3, 6)), np.array([1, 0, 3])
    weights = head.weight.detach().numpy()
    total = 0.0
    for embedding, label in zip(embeddings, labels, strict=True):
        logits = []
        for identity, weight in enumerate(weights):
            cosine = embedding @ weight / np.linalg.norm(embedding) / np.linalg.norm(weight)
            angle = math.acos(cosine) + (0.4 if identity == label else 0)
            logits.append(8 * math.cos(angle))
        total += -logits[label] + math.log(sum(math.exp(value) for value in logits))
    found = head(torch.tensor(embeddings), torch.tensor(labels))
    assert found.item() == pytest.approx(total / 3, abs=1e-9)


def test_margin_warms_up(head):
    """A margin given for one call would be ignored, or stay."""
    embeddings, labels = torch.randn(5, 6, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 0])
    losses = [head(embeddings, labels, margin=margin).item() for margin in (0.0, 0.2, 0.4)]
    assert losses == sorted(losses)
    assert head(embeddings, labels).item() == losses[2]
    plain = torch.nn.functional.cross_entropy(8 * head.cosines(embeddings), labels)
    assert losses[0] == pytest.approx(plain.item())


def test_opposite_and_equal_directions_are_finite(head):
    """An embedding along a class vector, or against it, would give an infinite gradient or a smaller loss."""
    for sign in (1, -1):
        embeddings = (sign * head.weight.detach()[:1]).requires_grad_()
        loss = head(embeddings, torch.tensor([0]))
        loss.backward()
        assert torch.isfinite(embeddings.grad).all()
    nearly = head.weight.detach()[:1] * -1 + 0.05 * torch.randn(1, 6, dtype=torch.float64)
    assert loss > head(nearly, torch.tensor([0]))


def test_gradient(head):
    """The recogniser would follow a wrong direction."""
    embeddings = torch.randn(3, 6, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: head(x, torch.tensor([1, 0, 3])), embeddings)


def test_small_recogniser_learns_with_it():
    """The embedded recogniser would not learn to tell faces apart."""
    torch.manual_seed(0)
    network, head = FaceRecogniser((1, 1, 1, 1), (8, 8, 16, 16), 32, 16), ArcFaceHead(16, 8, 0.3, 24)
    faces, labels = torch.rand(8, 3, 32, 32), torch.arange(64) % 8
    optimiser = torch.optim.Adam([*network.parameters(), *head.parameters()], 3e-3)
    for step in range(25):
        images = (faces[labels] + 0.1 * torch.randn(64, 3, 32, 32)).clamp(0, 1)
        loss = head(network(images), labels, margin=0.3 * min(1, step / 15))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    network.eval()
    with torch.no_grad():
        guesses = head.cosines(network((faces + 0.1 * torch.randn(faces.shape)).clamp(0, 1))).argmax(1)
    assert (guesses == torch.arange(8)).all()
