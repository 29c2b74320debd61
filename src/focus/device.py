"""Where tensors are computed: the CPU, or a GPU."""

from __future__ import annotations

import os

import torch

from focus.errors import FocusError


def choose(name: str) -> torch.device:
    """Return the device that a setting names: "cpu", "cuda", or "auto" for a GPU where torch sees one.

    Of several GPUs a process of torchrun takes its own. Raises FocusError for "cuda" where there is none.
    """
    here = torch.cuda.is_available()
    if name == "cuda" and not here:
        raise FocusError("compute.device: found cuda, but torch sees no GPU; expected one, or device auto or cpu")
    return torch.device("cpu" if name == "cpu" or not here else f"cuda:{os.environ.get('LOCAL_RANK', 0)}")
