"""A device that no machine has, to find what is left on the CPU when networks and renderer run elsewhere.

A tensor moved `to("meta")` inside `second_device()` computes on the CPU like any other, but says that it lies on
`meta`; an operation that mixes it with a CPU tensor of one or more dimensions fails, as it would on a GPU. The
transforms of torch.func (vmap, jacfwd) cannot run there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")
CROSSING = {"aten::_to_copy", "aten::copy_", "aten::_local_scalar_dense", "aten::index", "aten::index_put_"}
"""What may take tensors of both devices, as on a GPU (of an index the numbers), or bring a value to the CPU."""


class Elsewhere(torch.Tensor):
    """A CPU tensor that claims to lie on the second device."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> Elsewhere:
        """Wrap a CPU tensor."""
        return torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
            requires_grad=held.requires_grad,
        )

    def __init__(self, held: torch.Tensor) -> None:
        self.held = held

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        """Run an operation on what is held."""
        return dispatched(function, args, kwargs or {})

    def __repr__(self) -> str:
        return f"Elsewhere({tuple(self.shape)}, {self.dtype})"


class _Factories(TorchDispatchMode):
    """Sends torch.zeros(..., device="meta") and the like, which no tensor's class sees, the same way."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return dispatched(function, args, kwargs or {})


def dispatched(function, args, kwargs):
    """Run an operation on the CPU; wrap what it returns if it was to happen on the second device."""
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    away = [tensor for tensor in tensors if isinstance(tensor, Elsewhere)]
    named = kwargs.get("device")
    if away and function.name().split(".")[0] not in CROSSING:
        left = [tensor for tensor in tensors if not isinstance(tensor, Elsewhere) and tensor.ndim]
        if left:
            raise RuntimeError(f"{function}: a tensor {tuple(left[0].shape)} on the CPU, others elsewhere")
    target = torch.device(named) if named is not None else DEVICE if away else torch.device("cpu")
    plain = {**kwargs, "device": torch.device("cpu")} if named is not None else kwargs

    def opened(value):
        return value.held if isinstance(value, Elsewhere) else value

    found = function(*tree_map(opened, args), **tree_map(opened, plain))
    if target != DEVICE:
        return found
    wrapped = tree_map(lambda value: Elsewhere(value) if isinstance(value, torch.Tensor) else value, found)
    return return_and_correct_aliasing(function, args, kwargs, wrapped)


class _FromNumbers(TorchFunctionMode):
    """Does what torch does without dispatch: tensors from numbers (torch.tensor, new_tensor), and numbers from them."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.tensor and torch.device(kwargs.get("device") or "cpu") == DEVICE:
            return torch.tensor(*args, **{**kwargs, "device": "cpu"}).to(DEVICE)
        if function is torch.Tensor.new_tensor and args[0].device == DEVICE:
            return torch.tensor(*args[1:], dtype=args[0].dtype).to(DEVICE)
        if function is torch.Tensor.tolist and isinstance(args[0], Elsewhere):
            return args[0].held.tolist()
        if function in (torch.Tensor.__getitem__, torch.Tensor.__setitem__) and isinstance(args[0], Elsewhere):
            args = (args[0], _with_tensors(args[1]), *args[2:])
        return function(*args, **kwargs)


def _with_tensors(index):
    """Return an index whose lists of numbers are tensors."""
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(torch.tensor(part) if isinstance(part, list | tuple) else part for part in parts)


@contextmanager
def second_device() -> Iterator[torch.device]:
    """Make the second device real for a while, and return it."""
    with _FromNumbers(), _Factories():
        yield DEVICE
