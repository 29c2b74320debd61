"""How a network computes: in which precision, and compiled or not. Weights and results are float32 in any case."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn


class Engine(nn.Module):
    """A network whose entry points (`entry_point`) can run in bfloat16, and compiled. As made, it does neither."""

    bfloat16 = False

    def run_with(self, *, bfloat16: bool, compiled: bool, backend: str = "inductor") -> None:
        """Set how the entry points run from now on; `backend` is torch.compile's."""
        self.bfloat16 = bfloat16
        if compiled:
            for name in (name for name in dir(type(self)) if hasattr(getattr(type(self), name), "is_entry_point")):
                setattr(self, name, torch.compile(getattr(self, name), backend=backend))


def entry_point(method: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a method of an Engine that takes images and returns tensors: with `bfloat16` it runs under autocast.

    What it returns is float32, so that the renderer and the losses are.
    """

    @wraps(method)
    def run(self: Engine, images: Tensor, *others: Any) -> Any:
        if not self.bfloat16:
            return method(self, images, *others)
        with torch.autocast(images.device.type, torch.bfloat16):
            found = method(self, images, *others)
        return [value.float() for value in found] if isinstance(found, list) else found.float()

    run.is_entry_point = True  # type: ignore[attr-defined]
    return run
