"""Whether loss and gradients have stayed finite; on a GPU asked only where the host waits for it anyway."""

from __future__ import annotations

import torch
from torch import Tensor


class Finite:
    """Remembers, on the tensors' own device, whether what it was shown has been finite so far.

    A GPU computes behind the host, and the host waits for it whenever it asks for a number: a question per step would
    take the lead away that hides what Python costs.
    """

    def __init__(self) -> None:
        self._so_far: dict[str, Tensor] = {}

    def note(self, what: str, value: Tensor) -> None:
        """Look at a scalar, e.g. "the loss", without asking."""
        finite = torch.isfinite(value.detach())
        self._so_far[what] = finite & self._so_far[what] if what in self._so_far else finite

    def broken(self) -> str | None:
        """Ask: return what has not been finite, in the order of the step, None where all has been."""
        return next((what for what, finite in self._so_far.items() if not finite), None)
