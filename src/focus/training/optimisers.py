"""Optimisers and learning-rate schedules, as functions of the training's step, whichever network is in turn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from focus.settings import Optimiser


@dataclass(frozen=True)
class OptimiserPlan:
    """An optimiser as the settings have it, in one training.

    schedule "cosine": a linear warm-up to lr over `warmup` steps, then a half cosine down to `final` x lr.
    schedule "step": lr x decay ** (step // decay_every), as in the released code.

    Attributes:
        settings: its kind, peak learning rate, the rate's shape, clipping.
        lr_share: factor of all rates.
        start: step of the schedule "step" at which it was left, for a training that goes on from one.
    """

    settings: Optimiser
    lr_share: float = 1.0
    start: int = 0

    @property
    def lr(self) -> float:
        """The peak learning rate."""
        return self.settings.lr * self.lr_share

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        """Return a fresh optimiser over the network's trainable weights."""
        kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "adadelta": torch.optim.Adadelta}
        weights = [weight for weight in network.parameters() if weight.requires_grad]
        kind = kinds[self.settings.name]
        built: torch.optim.Optimizer = kind(weights, lr=self.lr, weight_decay=self.settings.weight_decay)
        return built

    def rate(self, step: int, total: int) -> float:
        """Return the learning rate of step `step` (from 0) of a training of `total` steps."""
        plan = self.settings
        if plan.schedule == "step":
            return self.lr * plan.decay ** ((self.start + step) // plan.decay_every)
        if step < plan.warmup:
            return self.lr * (step + 1) / plan.warmup
        fallen = (step - plan.warmup) / max(1, total - plan.warmup)
        return self.lr * (plan.final + (1 - plan.final) * 0.5 * (1 + math.cos(math.pi * fallen)))
