"""Batches that worker processes load ahead."""

from __future__ import annotations

import os

import numpy as np
import torch

import tiny
from focus.training.ahead import Ahead
from focus.training.batches import Batches


def numbered(step: int) -> torch.Tensor:
    """Stand for a batch: its step, and the process that loaded it."""
    return torch.tensor([step, os.getpid()])


def test_steps_in_and_out_of_turn():
    """After a resume, or when S's turn ends, a step would get the batch of another."""
    ahead = Ahead(numbered, workers=2, pin=False)
    found = [ahead(step).tolist() for step in (0, 1, 2, 7, 8, 3)]
    assert [step for step, _ in found] == [0, 1, 2, 7, 8, 3]
    assert os.getpid() not in [process for _, process in found]


def test_workers_change_no_bit(tmp_path):
    """A run with workers would be another run."""
    packed = tiny.packed_faces(tmp_path / "faces")
    for step in (0, 1, 5):
        batches = [Batches(packed, 3, 0, tiny.augmentation(), workers=workers)(step) for workers in (0, 2)]
        for name in ("images", "visible", "landmarks", "index"):
            assert np.array_equal(*(getattr(batch, name) for batch in batches)), name
