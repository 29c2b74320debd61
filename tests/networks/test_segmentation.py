"""The segmentation network S."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from focus.networks import SegmentationNetwork


@pytest.mark.parametrize(("poolings", "size"), [(4, 64), (4, 48), (3, 64), (3, 50), (1, 9)])
def test_shapes(poolings, size):
    """S would not fit the image size, or return no mask."""
    network = SegmentationNetwork(4, poolings)
    rendered, target = torch.rand(2, 2, 3, size, size)
    mask = network(rendered, target)
    assert mask.shape == (2, 1, size, size)
    assert mask.dtype == torch.float32
    assert mask.min() >= 0
    assert mask.max() <= 1


def test_full_paper_size():
    """The paper's network would have other widths, or not take the paper's image."""
    network = SegmentationNetwork().eval()
    widths = [block[0].out_channels for block in network.down]
    assert widths == [64, 128, 256, 512, 1024]
    with torch.no_grad():
        assert network(*torch.rand(2, 1, 3, 224, 224)).shape == (1, 1, 224, 224)


def test_sharpness_and_order():
    """The mask would not be sigmoid(5x), or the rendering and the target change places."""
    network = SegmentationNetwork(4, 2).eval()
    rendered, target = torch.rand(2, 1, 3, 16, 16)
    logits = network.logits(rendered, target)
    assert torch.allclose(network(rendered, target), logits.sigmoid())
    nn.init.zeros_(network.last.weight)
    nn.init.constant_(network.last.bias, 0.3)
    assert torch.allclose(network.logits(rendered, target), torch.full((1, 1, 16, 16), 1.5))
    seen = []
    network.down[0][0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(rendered, target)
    assert torch.equal(seen[0], torch.cat([rendered, target], 1))


def test_dropout_after_the_two_deepest_blocks():
    """S would be regularised elsewhere, or also when it is frozen in eval mode."""
    network = SegmentationNetwork(4, 4)
    dropped = [any(isinstance(layer, nn.Dropout) for layer in block) for block in network.down]
    assert dropped == [False, False, False, True, True]
    rendered, target = torch.rand(2, 2, 3, 32, 32)
    assert not torch.equal(network(rendered, target), network(rendered, target))
    network.eval()
    assert torch.equal(network(rendered, target), network(rendered, target))


def test_every_weight_learns():
    """A layer would be left out of the mask."""
    network = SegmentationNetwork(4, 3)
    network.logits(*torch.rand(2, 2, 3, 32, 32)).square().mean().backward()
    assert all(weight.grad is not None for weight in network.parameters())
    assert all(weight.grad.abs().sum() > 0 for name, weight in network.named_parameters() if name.endswith("weight"))
