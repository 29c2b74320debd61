"""Networks in bfloat16 and compiled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from focus.networks import Engine, FaceEncoder, FaceRecogniser, SegmentationNetwork


def networks() -> dict[str, tuple[Engine, Callable[[], torch.Tensor]]]:
    """Every kind of network at a tiny size, and what it makes of images."""
    torch.manual_seed(0)
    images = torch.rand(2, 3, 32, 32)
    encoder = FaceEncoder(10, "small", 32, 8)
    torch.nn.init.normal_(encoder.network.fc.weight, 0, 0.1)
    recogniser = FaceRecogniser((1, 1, 1, 1), (8, 8, 8, 8), 32, 8)
    segmentation = SegmentationNetwork(4, 2)
    return {
        "encoder": (encoder.eval(), lambda: encoder(images)),
        "logits": (segmentation.eval(), lambda: segmentation.logits(images, 1 - images)),
        "mask": (segmentation.eval(), lambda: segmentation(images, 1 - images)),
        "embedding": (recogniser.eval(), lambda: recogniser.embedding(images)),
        "maps": (recogniser.eval(), lambda: recogniser.feature_maps(images, [1, 3])[1]),
    }


@pytest.mark.parametrize("name", networks())
def test_bfloat16_ends_at_the_network(name):
    """Renderer and losses would compute in bfloat16, with two digits, or the switch would do nothing."""
    network, look = networks()[name]
    exact = look().detach()
    network.run_with(bfloat16=True, compiled=False)
    found = look().detach()
    assert found.dtype == torch.float32 and not torch.equal(found, exact)
    torch.testing.assert_close(found, exact, rtol=0.05, atol=0.05 * float(exact.abs().max()))


@pytest.mark.parametrize("name", networks())
def test_compiled_is_the_same_function(name):
    """A compiled network would be another one, or would not compile (broken graphs, wrong entry points)."""
    network, look = networks()[name]
    exact, keys = look(), list(network.state_dict())
    network.run_with(bfloat16=False, compiled=True, backend="aot_eager")
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    torch.testing.assert_close(look(), exact)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1  # compiled, in one piece
    assert list(network.state_dict()) == keys  # files of weights stay the same
