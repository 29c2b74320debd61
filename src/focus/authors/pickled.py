"""Whole pickled modules, as `torch.save(network)` writes them, read as tensors by name: no class of theirs is built.

Such a file names classes that plain unpickling would import and run. Here each stands for an inert object that keeps
what the file sets on it. torch's restricted reader builds those and the tensors; a walk over them gives the state dict.
"""

from __future__ import annotations

import pickletools
import re
import warnings
import zipfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from focus.errors import FocusError, reason_of

LARGEST_FILE = 2**30  # bytes; the full-size networks take about 0.1 GB each
LARGEST_PICKLE = 2**24  # bytes of data.pkl, which describes the modules; the full-size encoder's is 66 kB
MOST_MODULES = 2000  # ResNet-50 has 152; a module that holds itself has no end
NAME = re.compile(r"\w{1,64}")
OLDER = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # how files of torch before 1.6 begin: no zip

PARALLEL = "torch.nn.parallel.data_parallel.DataParallel"  # what training on several GPUs puts around a network
# Classes of which instances are kept as inert objects, and what torch's reader may use to build tensors.
INERT = re.compile(
    r"(torch\.nn\.modules(\.\w+)+|torchvision\.models\.resnet\.\w+|encoder\.encoder\.\w+|UNet\.(UNet|unet_modules)\.\w+"
    rf"|{re.escape(PARALLEL)})"
)
BUILDERS = re.compile(
    r"(torch\._utils\._rebuild_(parameter|tensor_v2)|torch\.[A-Z]\w*Storage|torch\.(Size|device)"
    r"|collections\.OrderedDict|(__builtin__|builtins)\.set)"
)


class Inert:
    """Stands for an object of a class that is not imported: takes any arguments and state, and does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> Inert:
        """Forget the arguments of NEWOBJ."""
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        """Forget the arguments of REDUCE."""


@dataclass(frozen=True)
class PickledModule:
    """The root's class, e.g. "UNet.UNet.UNet", and its state dict: float32, counts int64; finite and contiguous."""

    kind: str
    state: dict[str, Tensor]


def read_module(path: Path) -> PickledModule:
    """Read a whole pickled module from a zip that torch 1.6 or later wrote, on whatever device; out of a DataParallel.

    Raises FocusError, in one line, for a missing, foreign, damaged or older file, for a global that is neither a class
    of the networks nor a builder of tensors (by its name), and for tensors that claim more than the file holds.
    """
    if not path.is_file():
        raise FocusError(f"{path}: no such file; expected a pickled network (.model)")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise FocusError(f"{path}: found {size:,} bytes, expected at most {LARGEST_FILE:,}")
    root = _load(path, _inert_classes(path, _pickle(path)))
    if not isinstance(root, Inert):
        raise FocusError(f"{path}: found a pickled {type(root).__name__}, expected a whole module")
    try:
        root = _unwrapped(root)
        return PickledModule(type(root).__name__, dict(_within(size, _tensors(root))))
    except ValueError as error:
        raise FocusError(f"{path}: {error}") from None


def _pickle(path: Path) -> bytes:
    """Return data.pkl of an archive whose entries are all stored as they are, and together no longer than the file."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(OLDER)) == OLDER:
                raise FocusError(f"{path}: found a file of torch before 1.6, expected the zip that later ones write")
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            packed = [entry.filename for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
            found = [entry for entry in entries if entry.filename.split("/")[1:] == ["data.pkl"]]
            if packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
                raise FocusError(f"{path}: found entries larger than the file, expected a zip without compression")
            if len(found) != 1 or found[0].file_size > LARGEST_PICKLE:
                raise FocusError(f"{path}: found no data.pkl of at most {LARGEST_PICKLE:,} bytes, expected one")
            return archive.read(found[0])
    except FocusError:
        raise
    except Exception as error:  # zipfile raises many types on damaged files
        raise FocusError(f"{path}: not a whole zip as torch writes it ({reason_of(error)})") from None


def _inert_classes(path: Path, pickle: bytes) -> list[tuple[type[Inert], str]]:
    """Return an inert class for each of the networks' classes that a pickle names; refuse any other global by name."""
    try:
        named = {str(argument).replace(" ", ".", 1) for code, argument, _ in pickletools.genops(pickle) if _names(code)}
    except FocusError as error:
        raise FocusError(f"{path}: {error}") from None
    except Exception as error:  # pickletools raises many types on damaged bytes
        raise FocusError(f"{path}: data.pkl is damaged ({reason_of(error)})") from None
    refused = sorted(name for name in named if not INERT.fullmatch(name) and not BUILDERS.fullmatch(name))
    if refused:
        raise FocusError(f"{path}: names {refused[0]!r:.100}, which no network of the authors needs; nothing was run")
    return [(type(name, (Inert,), {}), name) for name in sorted(named) if INERT.fullmatch(name)]


def _names(code: pickletools.OpcodeInfo) -> bool:
    """Tell whether an opcode names a global. Raises FocusError for those that would hide the name."""
    if code.name in ("STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"):
        raise FocusError(f"found {code.name} in data.pkl, expected pickle protocol 2 as torch writes it")
    return code.name == "GLOBAL"


def _load(path: Path, classes: list[tuple[type[Inert], str]]) -> Any:
    try:
        with warnings.catch_warnings(action="ignore"), torch.serialization.safe_globals([*classes]):
            return torch.load(path, "cpu", weights_only=True)
    except Exception:  # many types; torch's own advice would be to execute the file
        raise FocusError(f"{path}: not a whole pickled module of plain tensors; nothing was run") from None


def _unwrapped(root: Inert) -> Inert:
    """Return a network without the DataParallel around it, if there is one. Raises ValueError for an empty one."""
    if type(root).__name__ != PARALLEL:
        return root
    inside = dict(_entries(root, "_modules", "")).get("module")
    if not isinstance(inside, Inert):
        raise ValueError(f"found a DataParallel around {type(inside).__name__}, expected a network in it")
    return inside


def _tensors(root: Inert) -> Iterator[tuple[str, Tensor]]:
    """Yield the entries of a module's state dict. Raises ValueError where it is not made as torch makes modules."""
    pending, seen = deque([("", root)]), 0
    while pending:
        prefix, module = pending.popleft()
        seen += 1
        if not isinstance(module, Inert) or seen > MOST_MODULES:
            found = type(module).__name__ if seen <= MOST_MODULES else f"more than {MOST_MODULES} modules"
            raise ValueError(f"{prefix[:100]}: found {found}, expected a network's module")
        passing = vars(module).get("_non_persistent_buffers_set")
        for name, value in _entries(module, "_parameters", prefix) + _entries(module, "_buffers", prefix):
            if not isinstance(passing, set) or name not in passing:
                yield prefix + name, value
        pending.extend((f"{prefix}{name}.", child) for name, child in _entries(module, "_modules", prefix))


def _entries(module: Inert, kind: str, prefix: str) -> list[tuple[str, Any]]:
    """Return the named parts of one kind that are not None."""
    found = vars(module).get(kind)
    if not isinstance(found, dict) or not all(isinstance(name, str) and NAME.fullmatch(name) for name in found):
        raise ValueError(f"{prefix[:100]}{kind}: expected named parts, as modules of torch have")
    return [(name, value) for name, value in found.items() if value is not None]


def _within(size: int, tensors: Iterator[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """Yield plain copies, as long as all of them together need no more bytes than the file has."""
    for name, value in tensors:
        if not isinstance(value, Tensor) or value.layout != torch.strided or value.is_complex():
            raise ValueError(f"{name}: found {type(value).__name__}, expected a plain tensor")
        size -= value.numel() * value.element_size()
        if size < 0:
            raise ValueError(f"{name}: found a shape of {value.numel():,} numbers, more than the file holds")
        if value.ndim and not value.is_floating_point():  # batch norm's counts are single numbers
            raise ValueError(f"{name}: found {value.dtype} {tuple(value.shape)}, expected floating-point weights")
        plain = value.detach().float() if value.is_floating_point() else value.detach()
        if not plain.isfinite().all():
            raise ValueError(f"{name}: found values that are not finite, expected weights")
        yield name, plain.clone(memory_format=torch.contiguous_format)
