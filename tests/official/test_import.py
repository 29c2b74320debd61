"""The authors' pickled networks, imported, answer as the authors' own classes did."""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from string import ascii_uppercase

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from focus.authors import networks as authors
from focus.authors.pickled import BUILDERS, INERT, read_module
from focus.networks import FaceEncoder, SegmentationNetwork


@pytest.fixture
def modules(golden: Path) -> dict[str, np.ndarray]:
    """The arrays of modules.npz."""
    with np.load(golden / "modules.npz") as arrays:
        return {name: arrays[name] for name in arrays}


def only(golden: Path, pattern: str) -> Path:
    [file] = golden.glob(pattern)
    return file


def rule(golden: Path) -> tuple[str, int, int, int]:
    """Return a set's name, and batch, grid and size of its tiny images: from its README, or from the files alone."""
    readme = golden / "README.md"
    text = readme.read_text() if readme.is_file() else ""
    found = re.search(r'image\("(\w+)/tiny/image", (\d+), (\d+), (\d+)\)', text)
    if found:
        return found[1], int(found[2]), int(found[3]), int(found[4])
    bias = read_module(only(golden, "enc_net_*.model")).state["vgg.fc.bias"].numpy()
    [name] = [letter for letter in ascii_uppercase if np.allclose(bias, made_bias(letter, bias.shape), atol=1e-6)]
    with np.load(golden / "modules.npz") as arrays:
        b, _, _, size = arrays["unet_mask"].shape
    return name, b, 9, size


def made_bias(letter: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the bias that the golden sets' rules give the last layer of set `letter`'s tiny encoder."""
    return 0.1 * drawn(f"{letter}/tiny_encoder/vgg.fc.bias").standard_normal(shape)


def drawn(name: str) -> np.random.RandomState:
    return np.random.RandomState(zlib.crc32(name.encode()))


def picture(golden: Path, what: str) -> Tensor:
    """Return the set's tiny images (b,3,S,S) of one name."""
    name, b, grid, size = rule(golden)
    nodes = drawn(f"{name}/tiny/{what}").random_sample((b, 3, grid, grid))
    for axis in (2, 3):
        x = np.linspace(0, grid - 1, size)
        nodes = np.apply_along_axis(lambda values, x=x: np.interp(x, np.arange(len(values)), values), axis, nodes)
    return torch.from_numpy(nodes.astype(np.float32))


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
    encoder = filled(FaceEncoder(len(authors.ROWS)), authors.encoder_state(only(golden, "enc_net_*.model")))
    with torch.no_grad():
        found = encoder(picture(golden, "image")).numpy()
    np.testing.assert_allclose(found, modules["encoder_outputs"][:, authors.ROWS], rtol=0, atol=1e-5)


def test_segmentation(golden, modules):
    """The authors' U-Net would be read into other layers, or lose its batch norms on the way up."""
    state = authors.segmentation_state(only(golden, "unet_*.model"))
    network = filled(SegmentationNetwork(authors.WIDTH, authors.POOLINGS), state)
    with torch.no_grad():
        found = network(picture(golden, "rendering"), picture(golden, "image")).numpy()
    np.testing.assert_allclose(found, modules["unet_mask"], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("pattern", "kind"), [("enc_net_*.model", "encoder"), ("unet_*.model", "unet")])
def test_names(golden, modules, pattern, kind):
    """An entry of the authors' networks would be lost, or one of their own classes refused."""
    assert set(read_module(only(golden, pattern)).state) == set(modules[f"{kind}_names"].tolist())
    for name in modules[f"{kind}_globals"].tolist():
        assert INERT.fullmatch(name) or BUILDERS.fullmatch(name), name
