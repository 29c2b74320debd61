"""Checkpoints: whole, tied to settings and inputs, and ignored when they do not fit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from focus.training.checkpoint import Checkpoint, fingerprint

STATE = {"step": 3, "networks": {"a": {"weight": torch.arange(6.0)}}, "rows": [{"step": 0, "loss": 0.5}]}


@pytest.fixture
def checkpoint(tmp_path):
    return Checkpoint(tmp_path / "train" / "checkpoint.pt", "key", 4)


def test_round_trip(checkpoint):
    """A training would go on from other numbers than it stopped at."""
    assert checkpoint.load() is None
    checkpoint.save(STATE)
    found = checkpoint.load()
    assert found["step"] == 3 and found["rows"] == STATE["rows"]
    assert torch.equal(found["networks"]["a"]["weight"], torch.arange(6.0))


def test_bytes_are_stable(checkpoint, tmp_path):
    """The file's name would be part of its bytes."""
    checkpoint.save(STATE)
    other = Checkpoint(tmp_path / "other.pt", "key", 4)
    other.save(STATE)
    assert other.path.read_bytes() == checkpoint.path.read_bytes()


def test_other_settings_are_ignored(checkpoint):
    """A training would go on from a checkpoint of other settings or inputs."""
    checkpoint.save(STATE)
    assert Checkpoint(checkpoint.path, "other", 4).load() is None


class Executes:
    """Unpickling this would run code."""

    def __reduce__(self):
        return open, ("executed", "w")


def test_damaged_files_are_ignored(checkpoint, tmp_path, monkeypatch):
    """A broken file would end the training, or run code."""
    monkeypatch.chdir(tmp_path)
    checkpoint.save(STATE)
    whole = checkpoint.path.read_bytes()
    cuts = [whole[:length] for length in range(0, len(whole), 61)]
    for content in [*cuts, b"words", b"\x80\x02.", pickle.dumps({"key": "key"}), pickle.dumps(Executes()), b"(lp0\n."]:
        checkpoint.path.write_bytes(content)
        assert checkpoint.load() is None
    assert not (tmp_path / "executed").exists()


def test_flipped_bits_never_change_a_weight(checkpoint):
    """A training would go on from wrong weights without a word."""
    checkpoint.save(STATE)
    whole, rng = checkpoint.path.read_bytes(), np.random.default_rng(0)
    for _ in range(100):
        content = bytearray(whole)
        content[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        checkpoint.path.write_bytes(content)
        found = checkpoint.load()
        assert found is None or torch.equal(found["networks"]["a"]["weight"], torch.arange(6.0))


def test_no_mapping_is_ignored(checkpoint):
    """Another torch file under the name would end in a traceback."""
    checkpoint.path.parent.mkdir()
    torch.save([1, 2], checkpoint.path)
    assert checkpoint.load() is None


def test_due(checkpoint):
    """Checkpoints would be written at other steps, or one after the last step stay behind."""
    assert [step for step in range(1, 13) if checkpoint.due(step, 12)] == [4, 8]


def test_remove(checkpoint):
    """A finished stage would leave its checkpoint, and removing none would be an error."""
    checkpoint.remove()
    checkpoint.save(STATE)
    checkpoint.remove()
    assert not checkpoint.path.parent.exists()


def test_fingerprint(tmp_path):
    """A change of settings, or of an input's bytes, would go unnoticed."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a").write_text("1")
    first = fingerprint({"lr": 1, "b": 2}, tmp_path / "set", tmp_path / "none")
    assert first == fingerprint({"b": 2, "lr": 1}, tmp_path / "set", tmp_path / "none")
    assert first != fingerprint({"lr": 2, "b": 2}, tmp_path / "set", tmp_path / "none")
    (tmp_path / "set" / "a").write_text("2")
    assert first != fingerprint({"lr": 1, "b": 2}, tmp_path / "set", tmp_path / "none")
