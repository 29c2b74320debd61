"""Which device a setting names."""

import pytest
import torch

from focus import device
from focus.errors import FocusError


def test_without_a_gpu(monkeypatch):
    """`auto` would fail on a machine without a GPU, or `cuda` run for a week on the CPU unnoticed."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.choose("auto") == device.choose("cpu") == torch.device("cpu")
    with pytest.raises(FocusError, match=r"compute\.device: found cuda, but torch sees no GPU"):
        device.choose("cuda")


def test_with_gpus(monkeypatch):
    """All processes of one training would sit on the first GPU, or a GPU lie idle."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert device.choose("auto") == device.choose("cuda") == torch.device("cuda:1")
    assert device.choose("cpu") == torch.device("cpu")
