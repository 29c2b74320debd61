"""Optimisers and learning-rate schedules, as functions of the training's step, whichever network is in turn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class OptimiserPlan:
    """An optimiser, its peak learning rate, and the rate's shape.

    schedule "cosine": a linear warm-up to lr over `warmup` steps, then a half cosine down to `final` x lr.
    schedule "step": lr x decay ** (step // decay_every), as in the released code; `start` is the step at which it was
    left, for a training that goes on from one.
    """

    name: str
    lr: float
    schedule: str = "cosine"
    warmup: int = 0
    final: float = 0.0
    decay: float = 1.0
    decay_every: int = 5000
    start: int = 0
    clip: float = 0.0
    weight_decay: float = 0.0

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        """Return a fresh optimiser over the network's trainable weights."""
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "adadelta": torch.optim.Adadelta}[self.name]
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        built: torch.optim.Optimizer = kind(weights, lr=self.lr, weight_decay=self.weight_decay)
        return built

    def rate(self, step: int, total: int) -> float:
        """Return the learning rate of step `step` (from 0) of a training of `total` steps."""
        if self.schedule == "step":
            return self.lr * self.decay ** ((self.start + step) // self.decay_every)
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        fallen = (step - self.warmup) / max(1, total - self.warmup)
        return self.lr * (self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * fallen)))
