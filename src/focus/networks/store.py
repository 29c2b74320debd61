"""Trained networks on disk: safetensors with one JSON metadata key, so that the bytes are the same on every run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from focus.errors import FocusError, reason_of
from focus.files import write_bytes


def save_networks(path: Path, networks: Mapping[str, nn.Module], metadata: Mapping[str, Any]) -> None:
    """Write networks into one file; weights are named "<network>.<parameter>". `metadata` must be JSON-able."""
    weights = {
        f"{name}.{key}": value.detach().cpu().contiguous()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }
    save_tensors(path, weights, metadata)


def save_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write named tensors, on the CPU and contiguous, and JSON-able metadata into one file."""
    write_bytes(path, save(dict(tensors), metadata={"focus": json.dumps(metadata, sort_keys=True)}))


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return all tensors of a model file and its metadata. Raises FocusError when it is missing or broken."""
    try:
        with safe_open(path, framework="pt") as file:
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
            return weights, json.loads((file.metadata() or {}).get("focus", "{}"))
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected a model written by this project (.safetensors)") from None
    except (SafetensorError, OSError, ValueError, RecursionError) as error:  # RecursionError: endless brackets
        raise FocusError(f"{path}: not a whole safetensors file ({reason_of(error)})") from None


def load_networks(path: Path, networks: Mapping[str, nn.Module]) -> dict[str, Any]:
    """Fill networks from a file written by `save_networks`; return its metadata.

    Raises FocusError when a network is not in the file or its weights have other names or shapes.
    """
    weights, metadata = load_weights(path)
    for name, network in networks.items():
        fill_network(network, name, weights, path)
    return metadata


def fill_network(network: nn.Module, name: str, weights: Mapping[str, Tensor], path: Path) -> None:
    """Fill one network from the tensors "<name>.<parameter>" of a file. Raises FocusError as `load_networks` does."""
    own = {key[len(name) + 1 :]: value for key, value in weights.items() if key.startswith(f"{name}.")}
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in own.items()}
    if found != expected:
        wrong = next(key for key in [*expected, *found] if expected.get(key) != found.get(key))
        raise FocusError(
            f"{path}: {name}.{wrong}: found shape {found.get(wrong)}, expected {expected.get(wrong)}; "
            "the file belongs to another network or image size"
        )
    network.load_state_dict(own)
