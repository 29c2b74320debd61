"""Layers whose work depends on the whole batch, for processes that have some of its rows each.

torch's SyncBatchNorm runs on GPUs only, and the dropout of two processes would be two draws in place of one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from focus.training import processes


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
        variances, centres = processes.table(torch.stack([variance, centre])).unbind(1)
        centre = centres.mean(0)
        variance = variances.mean(0) + (centres - centre).square().mean(0)
        self._follow(centre.detach(), variance.detach(), processes.count() * x.numel() // x.shape[1])
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
        rows = len(x) * processes.count()
        kept = x.new_empty_strided((rows, *x.shape[1:]), x.stride()).fill_(1)  # strides: the order of the draw
        return x * functional.dropout(kept, self.p, self.training)[processes.share_of(rows)]


def convert(network: nn.Module) -> None:
    """Put shared layers in the place of batch norms and dropouts, with their weights; nothing for a process alone."""
    if processes.count() == 1:
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
