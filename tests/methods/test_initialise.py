"""What one step of S's pre-training minimises."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

import tiny
from focus.methods.initialise import PretrainingObjective
from focus.training.batches import Batches


def test_pretraining_target_is_equation_10(tmp_path):
    """S would be pre-trained on another mask than M_pre, or on logits that went through a sigmoid already."""
    autoencoder, batches = tiny.autoencoder(head=0.02).eval(), Batches(tiny.packed_faces(tmp_path / "set"), 4, 0, None)
    mask_network, xi = tiny.segmentation().eval(), 0.1
    loss, terms = PretrainingObjective(autoencoder, mask_network, batches, xi)(1)
    batch = batches(1)
    with torch.no_grad():
        result = autoencoder(batch.images)
        error = (batch.images - result.image).square().sum(1, keepdim=True)
        target = (error < xi).float() * result.mask
        assert 0 < target.sum() < result.mask.sum()
        mask = mask_network(result.image, batch.images)
        expected = functional.binary_cross_entropy(mask, target)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4) and float(terms["cross_entropy"]) == loss.item()
    loss.backward()
    assert all(weight.grad is None for weight in autoencoder.parameters())
    assert any(weight.grad is not None for weight in mask_network.parameters())
