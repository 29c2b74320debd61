"""Which runs the study consists of, and what is run in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from focus.errors import FocusError
from focus.settings import Params


@dataclass(frozen=True, order=True)
class Run:
    """One run: world is `seeds.data`, seed is `seeds.training`."""

    world: int
    seed: int

    @property
    def name(self) -> str:
        """Name of its clone, log, experiment and files."""
        return f"world{self.world}-seed{self.seed}"


def planned(worlds: Sequence[int], seeds: int) -> list[Run]:
    """Return all runs in the order they are made: each world once first, so that an early stop has seen every world."""
    first = [Run(world, 0) for world in worlds]
    return first + [Run(world, seed) for world in worlds for seed in range(1, seeds)]


def reduced(params: Params) -> Params:
    """Return the settings of one run: of variants and corrected ones those that `study` names, and the references.

    One fit per world is cheap, and values of shape say nothing without it. Raises FocusError for an unknown name.
    """
    known = [*params.variants, *params.corrected]
    for name in params.study:
        if name not in known:
            raise FocusError(f"params.yaml: study: found {name!r}, expected one of {', '.join(known)}")
    update = {
        "variants": {name: plan for name, plan in params.variants.items() if name in params.study},
        "corrected": {name: plan for name, plan in params.corrected.items() if name in params.study},
        "instance_wise": {},
        "constant_masks": {},
        "figures": {},
    }
    return params.model_copy(update=update)
