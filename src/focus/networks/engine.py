"""How a network computes: in which precision, and compiled or not. Weights and results are float32 in any case."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec, TypeVar

import torch
from torch import Tensor, nn

Others = ParamSpec("Others")
FoundT = TypeVar("FoundT", Tensor, list[Tensor])


class Engine(nn.Module):
    """A network whose entry points (`entry_point`) can run in bfloat16, and compiled. As made, it does neither."""

    in_bfloat16 = False

    def run_with(self, *, bfloat16: bool, compiled: bool, backend: str = "inductor") -> None:
        """Set how the entry points run from now on; `backend` is torch.compile's."""
        self.in_bfloat16 = bfloat16
        if compiled:
            for name in (name for name in dir(type(self)) if hasattr(getattr(type(self), name), "is_entry_point")):
                setattr(self, name, torch.compile(getattr(self, name), backend=backend))


EngineT = TypeVar("EngineT", bound=Engine)


def entry_point(
    method: Callable[Concatenate[EngineT, Tensor, Others], FoundT],
) -> Callable[Concatenate[EngineT, Tensor, Others], FoundT]:
    """Mark a method of an Engine that takes images and returns tensors: with `bfloat16` it runs under autocast.

    What it returns is float32, so that the renderer and the losses are.
    """

    def run(self: EngineT, images: Tensor, /, *others: Others.args, **named: Others.kwargs) -> FoundT:
        if not self.in_bfloat16:
            return method(self, images, *others, **named)
        with torch.autocast(images.device.type, torch.bfloat16):
            found = method(self, images, *others, **named)
        return [value.float() for value in found] if isinstance(found, list) else found.float()

    update_wrapper(run, method)
    run.is_entry_point = True  # type: ignore[attr-defined]  # a mark on the function, which `run_with` looks for
    return run
