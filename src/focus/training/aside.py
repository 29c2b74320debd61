"""What a second core can do of a step meanwhile, by the same operations on as many images at once or on half of them.

On a GPU, which has all work in one queue, everything is done at once.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

_THREADS = ThreadPoolExecutor(2, "aside")


def aside(function: Callable[..., Tensor], *tensors: Tensor) -> Callable[[], Tensor]:
    """Begin `function(*tensors)`, without gradient; what is returned waits for it and returns what it returns."""
    unrecorded = torch.no_grad()(function)
    if tensors[0].device.type == "cpu":
        return _THREADS.submit(unrecorded, *tensors).result
    found = unrecorded(*tensors)
    return lambda: found


def in_halves(function: Callable[..., Tensor], images: Tensor, *others: Tensor) -> Tensor:
    """Return `function(images, *others)`, half of the batch (B,…) by another thread, and so the way back.

    `function` treats each image by itself, has no weights to train, and is differentiated by `images` alone.
    """
    if images.device.type != "cpu" or len(images) < 2:
        return function(images, *others)
    found: Tensor = _Halves.apply(function, images, *others)  # type: ignore[no-untyped-call]  # torch's method
    return found


class _Halves(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Callable[..., Tensor], images: Tensor, *others: Tensor) -> Tensor:
        halves = [half.detach().requires_grad_() for half in images.chunk(2)]
        made = _both(torch.enable_grad()(function), halves, *(other.chunk(2) for other in others))
        ctx.graphs = list(zip(made, halves, strict=True))
        return torch.cat([each.detach() for each in made])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        def back(made: Tensor, half: Tensor, own: Tensor) -> Tensor:
            return torch.autograd.grad(made, half, own, retain_graph=True)[0]  # until the whole step's graph goes

        found = _both(back, *zip(*ctx.graphs, strict=True), gradient.chunk(2))
        return None, torch.cat(found), *[None] * (len(ctx.needs_input_grad) - 2)


def _both(function: Callable[..., Tensor], *pairs: Any) -> list[Tensor]:
    """Return what `function` makes of the first of each pair and, at the same time, of the second."""
    first, second = zip(*pairs, strict=True)
    other = _THREADS.submit(function, *second)
    return [function(*first), other.result()]
