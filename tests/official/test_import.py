"""The authors' pickled networks, imported, answer as the authors' own classes did."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from focus.authors import networks as authors
from focus.authors.pickled import BUILDERS, INERT, read_module
from focus.networks import FaceEncoder, SegmentationNetwork
from golden_set import GoldenSet, image


@pytest.fixture
def modules(golden: GoldenSet) -> dict[str, np.ndarray]:
    """The arrays of modules.npz."""
    return golden.arrays("modules")


def picture(golden: GoldenSet, what: str) -> Tensor:
    """Return the set's tiny images (b,3,S,S) of one name."""
    b, _, _, size = golden.arrays("modules")["unet_mask"].shape
    [grid] = golden.numbers(r'image\("\w+/tiny/image", \d+, (\d+)', 9)
    return image(f"{golden.name}/tiny/{what}", b, grid, size)


def filled(network: nn.Module, state: dict[str, Tensor]) -> nn.Module:
    """Put tensors of any width into a network whose entries have the same names."""
    assert set(state) == set(network.state_dict())
    for name, value in state.items():
        parent, _, leaf = name.rpartition(".")
        module = network.get_submodule(parent)
        if leaf in module._parameters:
            module._parameters[leaf] = nn.Parameter(value)
        else:
            module._buffers[leaf] = value
    return network.eval()


def test_encoder(golden, modules):
    """The authors' encoder would be read into other layers, or steer other parameters than its own."""
    encoder = filled(FaceEncoder(len(authors.ROWS)), authors.encoder_state(golden.only("enc_net_*.model")))
    with torch.no_grad():
        found = encoder(picture(golden, "image")).numpy()
    np.testing.assert_allclose(found, modules["encoder_outputs"][:, authors.ROWS], rtol=0, atol=1e-5)


def test_segmentation(golden, modules):
    """The authors' U-Net would be read into other layers, or lose its batch norms on the way up."""
    state = authors.segmentation_state(golden.only("unet_*.model"))
    network = filled(SegmentationNetwork(authors.WIDTH, authors.POOLINGS), state)
    with torch.no_grad():
        found = network(picture(golden, "rendering"), picture(golden, "image")).numpy()
    np.testing.assert_allclose(found, modules["unet_mask"], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("pattern", "kind"), [("enc_net_*.model", "encoder"), ("unet_*.model", "unet")])
def test_names(golden, modules, pattern, kind):
    """An entry of the authors' networks would be lost, or one of their own classes refused."""
    assert set(read_module(golden.only(pattern)).state) == set(modules[f"{kind}_names"].tolist())
    for name in modules[f"{kind}_globals"].tolist():
        assert INERT.fullmatch(name) or BUILDERS.fullmatch(name), name
