"""Whole pickled modules, good and hostile: what `torch.save(network)` writes, made from a state dict of any size."""

from __future__ import annotations

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ENCODER, SEGMENTATION = "encoder.encoder.FaceEncoder", "UNet.UNet.UNet"


@contextmanager
def class_of(name: str, base: type):
    """Yield a class that pickle finds under a dotted name, for as long as the block runs."""
    module, _, leaf = name.rpartition(".")
    made = type(leaf, (base,), {"__module__": module})
    parts = module.split(".")
    packages = [".".join(parts[: i + 1]) for i in range(len(parts))]
    before = {package: sys.modules.get(package) for package in packages}
    sys.modules.update({package: types.ModuleType(package) for package in packages})
    setattr(sys.modules[module], leaf, made)
    try:
        yield made
    finally:
        for package, old in before.items():
            sys.modules.pop(package) if old is None else sys.modules.update({package: old})


def write_module(
    path: Path,
    root: str,
    state: Mapping[str, Tensor],
    within: Callable[[nn.Module], nn.Module] = lambda network: network,
    **options: Any,
) -> Path:
    """Pickle a module whose root is of the class `root` and whose entries are `state`, with torch.save.

    `within`: what is put around it and pickled in its place.
    """
    with class_of(root, nn.Module) as kind:
        network = kind()
        for name, value in state.items():
            *parents, leaf = name.split(".")
            module = network
            for part in parents:
                if part not in module._modules:
                    module.add_module(part, nn.Module())
                module = module._modules[part]
            if value.is_floating_point() and not leaf.startswith("running"):
                module.register_parameter(leaf, nn.Parameter(value))
            else:
                module.register_buffer(leaf, value)
        torch.save(within(network), path, **options)
    return path


class Call:
    """Pickles as a call of any function, by REDUCE."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.plan = function, arguments

    def __reduce__(self) -> tuple:
        return self.plan


class Storage:
    """Pickles as a reference to the stored bytes of the entry "data/0", said to hold `count` numbers, on a device."""

    def __init__(self, count: int, device: str = "cpu") -> None:
        self.count, self.device = count, device


def tensor(count: int, size: tuple[int, ...], stride: tuple[int, ...], device: str = "cpu") -> Call:
    """Return what pickles as a tensor of a size over a storage of `count` numbers."""
    return Call(torch._utils._rebuild_tensor_v2, Storage(count, device), 0, size, stride, False, OrderedDict())


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> tuple | None:
        return ("storage", torch.FloatStorage, "0", value.device, value.count) if isinstance(value, Storage) else None


def write_zip(path: Path, pickled: bytes, storage: bytes = b"\0" * 16, compression: int = zipfile.ZIP_STORED) -> Path:
    """Write a zip in torch's form around a pickle."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in {
            "data.pkl": pickled,
            "byteorder": b"little",
            "data/0": storage,
            "version": b"3\n",
        }.items():
            archive.writestr(f"network/{name}", content)
    return path


def pickled(value: Any, protocol: int = 2) -> bytes:
    """Return the pickle of a value that may hold `Call` and `Storage`."""
    stream = io.BytesIO()
    _Pickler(stream, protocol).dump(value)
    return stream.getvalue()


def pickled_module(state: Mapping[str, Any], root: str = ENCODER) -> bytes:
    """Return the pickle of a module with hand-made parameters by plain name."""
    with class_of(root, object) as kind:
        network = kind()
        network.__dict__.update(_parameters=dict(state), _buffers=OrderedDict(), _modules=OrderedDict())
        return pickled(network)
