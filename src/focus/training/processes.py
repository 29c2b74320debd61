"""The processes that share one training: one per GPU, started by torchrun, each with its own rows of every batch.

A process alone gets back what it gave, so that a training by itself stays the same to the bit. Among several, a loss is
the mean of their losses, and `mean` and `table` are differentiable, so that its gradient is that of the whole batch.
DistributedDataParallel is not used: networks take turns frozen, S is called through `.logits`, and batch norm and some
losses need values of the whole batch in the middle of a step; what it would add is `average_gradients`, one call.
SyncBatchNorm runs on GPUs only, and the dropout of two processes would be two draws in place of one: `convert` puts
layers of the whole batch in their places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn import functional

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


class SharedBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm by mean and variance over all processes' rows; state and names are those of torch's layer."""

    momentum: float
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def _check_input_dim(self, x: Tensor) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (B,C,…), the same B in each process; in eval mode as torch does."""
        if not self.training:
            return super().forward(x)
        variance, centre = torch.var_mean(x.float(), [0, *range(2, x.dim())], correction=0)
        variances, centres = table(torch.stack([variance, centre])).unbind(1)
        centre = centres.mean(0)
        variance = variances.mean(0) + (centres - centre).square().mean(0)
        self._follow(centre.detach(), variance.detach(), count() * x.numel() // x.shape[1])
        factor = self.weight * torch.rsqrt(variance + self.eps)
        shape = (-1, *[1] * (x.dim() - 2))
        offset = (self.bias - centre * factor).view(shape)
        return torch.addcmul(offset, x.float(), factor.view(shape)).to(x.dtype)

    @torch.no_grad()
    def _follow(self, centre: Tensor, variance: Tensor, values: int) -> None:
        """Move the running statistics; torch keeps the unbiased variance of the `values` behind each channel."""
        self.num_batches_tracked += 1
        self.running_mean.lerp_(centre, self.momentum)
        self.running_var.lerp_(variance * (values / (values - 1)), self.momentum)


class SharedDropout(nn.Dropout):
    """Dropout drawn for the whole batch, of which each process takes its rows: the draw of one process alone."""

    def forward(self, x: Tensor) -> Tensor:
        """Drop elements of (B,…), the same B in each process; every process's generator must be in the same state."""
        rows = len(x) * count()
        kept = x.new_empty_strided((rows, *x.shape[1:]), x.stride()).fill_(1)  # strides: the order of the draw
        return x * functional.dropout(kept, self.p, self.training)[share_of(rows)]


def convert(network: nn.Module) -> None:
    """Put shared layers in the place of batch norms and dropouts, with their weights; nothing for a process alone."""
    if count() == 1:
        return
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
                shared: nn.Module = SharedBatchNorm(layer.num_features, layer.eps, layer.momentum)
                for key, value in [*layer.named_parameters(), *layer.named_buffers()]:
                    setattr(shared, key, value)  # the same tensors, as others may hold them too
            elif isinstance(layer, nn.Dropout):
                shared = SharedDropout(layer.p)
            else:
                continue
            setattr(parent, name, shared.train(layer.training))


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
