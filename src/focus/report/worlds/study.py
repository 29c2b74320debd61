"""Which runs the study consists of, and which methods are run in each."""

from __future__ import annotations

from dataclasses import dataclass

from focus.settings import Params

METHODS = (
    "MoFA",
    "Backbone",
    "Backbone-Supervised",
    "Pretrained",
    "Baseline",
    "Neighbor",
    "Perceptual",
    "FOCUS",
    "FOCUS-MP",
    "FOCUS-MP-composited",
)
"""Names of params.yaml's `variants` and `corrected`; the others are left out, with all instance-wise methods and
constant masks. The references stay: one fit a world, and values of shape say nothing without them."""


@dataclass(frozen=True, order=True)
class Run:
    """One run: world is `seeds.data`, seed is `seeds.training`."""

    world: int
    seed: int

    @property
    def name(self) -> str:
        """Name of its clone, log, experiment and files."""
        return f"world{self.world}-seed{self.seed}"


def planned(worlds: int, seeds: int) -> list[Run]:
    """Return all runs in the order they are made: each world once first, so that an early stop has seen every world."""
    first = [Run(world, 0) for world in range(worlds)]
    return first + [Run(world, seed) for world in range(worlds) for seed in range(1, seeds)]


def reduced(params: Params) -> Params:
    """Return the settings of one run of the study: METHODS only."""
    update = {
        "variants": {name: plan for name, plan in params.variants.items() if name in METHODS},
        "corrected": {name: plan for name, plan in params.corrected.items() if name in METHODS},
        "instance_wise": {},
        "constant_masks": {},
        "figures": {},
    }
    return params.model_copy(update=update)
