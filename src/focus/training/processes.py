"""The processes that share one training: one a GPU, started by torchrun, each with its own rows of every batch.

A process alone gets back what it gave, so that a training by itself stays the same to the bit. Among several, a loss is
the mean of their losses, and `mean` and `table` are differentiable, so that its gradient is that of the whole batch.
DistributedDataParallel is not used: networks take turns frozen, S is called through `.logits`, and batch norm and some
losses need figures of the whole batch in the middle of a step; what it would add is `average_gradients`, one call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch import distributed as dist

from focus.errors import FocusError


class LostProcessError(FocusError):
    """Another process of this training has ended, so that this one cannot go on; the other one says why."""


@contextmanager
def joined() -> Iterator[None]:
    """Belong, until the block ends, to the processes that torchrun has started (RANK, WORLD_SIZE, … say which)."""
    dist.init_process_group()  # gloo between tensors on CPUs, NCCL between those on GPUs
    yield
    dist.destroy_process_group()  # not after an error: the others may be gone, and the process ends anyway


def count() -> int:
    """Return how many processes share this training."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Return which of them this is, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def first() -> bool:
    """Tell whether this is the one process that writes: checkpoint, curve, result and progress."""
    return rank() == 0


def share_of(rows: int) -> slice:
    """Return which of a batch's rows this process takes. Raises FocusError when they cannot be shared out evenly."""
    share, left = divmod(rows, count())
    if left:
        raise FocusError(f"compute.processes: found {count()} for batches of {rows} images, expected a divisor of it")
    return slice(rank() * share, (rank() + 1) * share)


def mean(tensor: Tensor) -> Tensor:
    """Return the mean of all processes' tensors (the same shape in each), differentiable."""
    return tensor if count() == 1 else _sum(tensor) / count()


def table(tensor: Tensor) -> Tensor:
    """Return all processes' tensors as rows (count, …), differentiable."""
    if count() == 1:
        return tensor[None]
    own = torch.arange(count(), device=tensor.device) == rank()
    return _sum(own.view(-1, *[1] * tensor.dim()) * tensor)  # the others' rows are 0 here


def means(values: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the mean of each scalar over the processes, without gradient."""
    if count() == 1:
        return values
    return dict(zip(values, mean(torch.stack([value.detach() for value in values.values()])), strict=True))


def average_gradients(network: nn.Module) -> None:
    """Replace each gradient by its mean over the processes."""
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    if count() == 1 or not gradients:
        return
    averaged = mean(torch.cat([gradient.flatten() for gradient in gradients]))
    for gradient, values in zip(gradients, averaged.split([each.numel() for each in gradients]), strict=True):
        gradient.copy_(values.view_as(gradient))


def wait() -> None:
    """Go on when all processes have come this far."""
    mean(torch.zeros(1))


class _Sum(torch.autograd.Function):
    """The sum over processes; each process's gradient reaches every other's tensor (torch's own is deprecated)."""

    @staticmethod
    def forward(ctx: object, tensor: Tensor) -> Tensor:
        total = tensor.clone(memory_format=torch.contiguous_format)
        try:
            dist.all_reduce(total)
        except RuntimeError as error:
            raise LostProcessError("another process of this training has ended") from error
        return total

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return _Sum.forward(ctx, gradient)


def _sum(tensor: Tensor) -> Tensor:
    summed: Tensor = _Sum.apply(tensor)  # type: ignore[no-untyped-call]  # torch's method
    return summed
