"""Reading published weights: exact, or one line about what does not fit."""

from __future__ import annotations

import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from focus.errors import FocusError
from focus.networks.weights import load_state, read_state


class Executes:
    """Unpickling this would run code."""

    def __reduce__(self):
        return print, ("executed",)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".SAFETENSORS"])
def test_round_trip(tmp_path, network, suffix):
    """Weights would change on their way."""
    path, state = tmp_path / f"w{suffix}", network.state_dict()
    save_file(state, path) if suffix.lower() == ".safetensors" else torch.save(state, path)
    other = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    load_state(other, read_state(path), path)
    assert all(torch.equal(value, state[name]) for name, value in other.state_dict().items())


def test_old_files_without_batch_counts(tmp_path, network):
    """Weights older than torch 0.4.1, as some of ImageNet's, would be refused."""
    state = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    load_state(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), state, tmp_path)


def test_misfits_change_nothing(tmp_path, network):
    """A wrong file would be half loaded, or the message not say what is wrong with it."""
    path, good = tmp_path / "w.pth", network.state_dict()
    before = network[0].weight.clone()
    changed = {"0.weight": torch.ones(3, 2)}
    cases = {
        r"lacks 1.running_mean \(1 names missing\)": {k: v for k, v in good.items() if k != "1.running_mean"},
        r"found 2.weight \(1 such names\)": good | {"2.weight": torch.ones(1)},
        r"0.bias is \(4,\), expected \(3,\)": good | {"0.bias": torch.ones(4)},
    }
    for message, state in cases.items():
        with pytest.raises(FocusError, match=message) as error:
            load_state(network, state | changed, path)
        assert "\n" not in str(error.value)
        assert str(path) in str(error.value)
    assert torch.equal(network[0].weight, before)


def test_unreadable_files(tmp_path, capsys):
    """A broken, foreign or hostile file would end in a traceback, or be executed."""
    with pytest.raises(FocusError, match="no such file"):
        read_state(tmp_path / "none.pth")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not a tensor file")
    with pytest.raises(FocusError, match="not a whole file of plain tensors"):
        read_state(broken)
    for name, content in {"text.pth": b"hello", "hostile.pth": pickle.dumps(Executes(), 2), "empty.pth": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FocusError, match="not a whole file of plain tensors") as error:
            read_state(tmp_path / name)
        assert "\n" not in str(error.value)
    torch.save({"state_dict": {}}, tmp_path / "nested.pth")
    with pytest.raises(FocusError, match="'state_dict' is dict, expected a dict of tensors"):
        read_state(tmp_path / "nested.pth")
    torch.save([torch.ones(2)], tmp_path / "list.pth")
    with pytest.raises(FocusError, match="found list, expected a dict of tensors"):
        read_state(tmp_path / "list.pth")
    assert "executed" not in capsys.readouterr().out
