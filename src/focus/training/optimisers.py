"""Optimisers and learning-rate schedules, as functions of a network's own step count."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class OptimiserPlan:
    """An optimiser, its peak learning rate, and the rate's shape.

    schedule "cosine": a half cosine over all steps down to `final` x lr, times a linear warm-up over `warmup` steps.
    Both begin at step 0, so that a training little longer than its warm-up does not reach lr.
    schedule "step": lr x decay ** (step // decay_every), as in the released code.
    """

    name: str
    lr: float
    schedule: str = "cosine"
    warmup: int = 0
    final: float = 0.0
    decay: float = 1.0
    decay_every: int = 5000
    clip: float = 0.0
    weight_decay: float = 0.0

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        """Return a fresh optimiser over the network's trainable weights."""
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "adadelta": torch.optim.Adadelta}[self.name]
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        return kind(weights, lr=self.lr, weight_decay=self.weight_decay)

    def rate(self, step: int, total: int) -> float:
        """Return the learning rate of step `step` (from 0) of `total`."""
        if self.schedule == "step":
            return self.lr * self.decay ** (step // self.decay_every)
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        fall = 0.5 * (1 + math.cos(math.pi * step / max(1, total)))
        return self.lr * warm * (self.final + (1 - self.final) * fall)
