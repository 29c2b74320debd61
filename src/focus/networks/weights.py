"""Published weights read from a file into a network, name by name and shape by shape; no pickled code is executed."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from focus.errors import FocusError


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state dict from .safetensors, or from a torch file (.pt, .pth) with `weights_only=True`.

    Raises FocusError when the file is missing, unreadable, or holds anything else than names mapped to tensors.
    """
    if not path.is_file():
        raise FocusError(f"{path}: no such file; expected a state dict (.pth, .pt or .safetensors)")
    try:
        plain = path.suffix.lower() == ".safetensors"
        state = load_file(path) if plain else torch.load(path, "cpu", weights_only=True)
    except Exception:  # both readers raise many types; torch's own advice would be to execute the file
        raise FocusError(f"{path}: not a whole file of plain tensors; expected a .pth, .pt or .safetensors") from None
    if not isinstance(state, dict):
        raise FocusError(f"{path}: found {type(state).__name__}, expected a dict of tensors by name")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise FocusError(f"{path}: {name!r} is {type(value).__name__}, expected a dict of tensors by name")
    return state


def load_state(network: nn.Module, state: dict[str, Tensor], path: Path, *, skip: tuple[str, ...] = ()) -> None:
    """Copy `state` into `network`; every name and shape must fit, but for names that begin with a word of `skip`.

    `num_batches_tracked` may be missing (files older than torch 0.4.1 lack it). `path` names the file in messages.
    Raises FocusError, before anything is changed, naming the first missing, unexpected or misshapen entry.
    """
    own = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith(skip)}
    given = {name: tensor for name, tensor in state.items() if not name.startswith(skip)}
    kind = type(network).__name__
    missing = [name for name in own if name not in given and not name.endswith("num_batches_tracked")]
    if missing:
        raise FocusError(f"{path}: lacks {missing[0]} ({len(missing)} names missing); expected the names of {kind}")
    unexpected = [name for name in given if name not in own]
    if unexpected:
        raise FocusError(f"{path}: found {unexpected[0]} ({len(unexpected)} such names), unknown to {kind}")
    for name, tensor in given.items():
        if tensor.shape != own[name].shape:
            raise FocusError(f"{path}: {name} is {tuple(tensor.shape)}, expected {tuple(own[name].shape)}")
    network.load_state_dict(given, strict=False)
