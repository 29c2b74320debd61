"""Model files: the same bytes each time, and one line about what does not fit."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save
from torch import nn

from focus.errors import FocusError
from focus.networks.store import load_networks, load_weights, save_networks


def network(width: int = 3, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(2, width, 3), nn.BatchNorm2d(width))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.safetensors"
    save_networks(path, {"encoder": network(), "segmentation": network(4, 1)}, {"stage": "test", "a": [1]})
    return path


def test_round_trip(path):
    """Weights or batch statistics would change on their way, or metadata get lost."""
    other = network(seed=5).to(memory_format=torch.channels_last)
    assert load_networks(path, {"encoder": other}) == {"stage": "test", "a": [1]}
    expected = network().state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in other.state_dict().items())


def test_bytes_are_stable(path, tmp_path):
    """DVC would see a new model in every run, whatever the order of the metadata or the memory format."""
    again = tmp_path / "again.safetensors"
    networks = {"encoder": network().to(memory_format=torch.channels_last), "segmentation": network(4, 1)}
    save_networks(again, networks, {"a": [1], "stage": "test"})
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("name", "other", "words"),
    [
        ("encoder", network(5), "encoder.0.weight: found shape (3, 2, 3, 3), expected (5, 2, 3, 3)"),
        ("recogniser", network(), "recogniser.0.weight: found shape None, expected (3, 2, 3, 3)"),
        ("encoder", nn.Sequential(nn.Conv2d(2, 3, 3)), "encoder.1.bias: found shape (3,), expected None"),
    ],
)
def test_another_network(path, name, other, words):
    """Weights of another network or image size would be loaded in part."""
    before = {key: value.clone() for key, value in other.state_dict().items()}
    with pytest.raises(FocusError) as caught:
        load_networks(path, {name: other})
    assert str(path) in str(caught.value) and words in str(caught.value) and "\n" not in str(caught.value)
    assert all(torch.equal(value, before[key]) for key, value in other.state_dict().items())


def test_missing(tmp_path):
    """A model that was not trained yet would end in a traceback."""
    with pytest.raises(FocusError, match=r"none\.safetensors: no such file; expected"):
        load_weights(tmp_path / "none.safetensors")


def test_truncated_or_no_model(path):
    """A broken file would end in a traceback, or load in part."""
    whole = path.read_bytes()
    for content in (*(whole[:length] for length in range(0, len(whole), 101)), b"words" * 20, b"\xff" * 64):
        path.write_bytes(content)
        with pytest.raises(FocusError, match="not a whole safetensors file") as caught:
            load_networks(path, {"encoder": network()})
        assert "\n" not in str(caught.value)


def test_metadata_of_endless_brackets(path):
    """A hostile file of a few kilobytes would end in a traceback."""
    path.write_bytes(save({"a": torch.zeros(1)}, metadata={"focus": "[" * 50_000}))
    with pytest.raises(FocusError, match="not a whole safetensors file") as caught:
        load_weights(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
