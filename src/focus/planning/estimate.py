"""Measured costs, scaled by the work of another profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from focus.planning.costs import Measured
from focus.planning.work import Work, all_work
from focus.settings import Params, Profile

GPU_TFLOP_S = 10.0
"""Assumed, not measured: what a data-centre GPU sustains on these networks in float32, 10^12 operations a second."""

Basis = Literal["-", "measured", "step measured", "scaled", "not measured"]


@dataclass(frozen=True)
class Estimate:
    """What one stage will cost: CPU seconds on one thread, GPU seconds if it trains (None: not known), bytes.

    basis: "measured": this much work was measured; "step measured": a step at this size was, and is multiplied by
    their number; "scaled": extrapolated in proportion to the work from another size; "-": nothing to make;
    "not measured": only the start of a stage is counted.
    """

    stage: str
    cpu_s: float
    gpu_s: float | None
    space: float
    basis: Basis


def estimate(params: Params, profile: Profile, measured: Measured) -> list[Estimate]:
    """Return the estimate of each stage of dvc.yaml."""
    return [
        _training(name, work, profile, measured) if work.networks else _stage(name, work, measured)
        for name, work in all_work(params, profile).items()
    ]


def _stage(name: str, work: Work, measured: Measured) -> Estimate:
    cost = measured.stage(name)
    if cost is None:
        return Estimate(name, measured.start_s, None, 0.0, "not measured")
    share = work.amount / cost.amount
    space = cost.space * (work.pixels / cost.pixels if cost.pixels else 1.0)
    cpu = measured.start_s + share * max(cost.cpu_s - measured.start_s, 0.0)
    basis: Basis = "measured" if abs(share - 1) < 0.01 else "scaled" if share else "-"
    return Estimate(name, cpu, None, space if share else 0.0, basis)


def _training(name: str, work: Work, profile: Profile, measured: Measured) -> Estimate:
    cost = measured.steps[profile.encoder.architecture]
    area = (profile.image.side / cost.side) ** 2
    per_image = cost.gpu_seconds or {kind: tflop / GPU_TFLOP_S for kind, tflop in cost.tflop.items()}
    cpu, gpu = measured.start_s, 0.0
    for kind, images in work.images:
        share = 1.0 if work.perceptual else cost.without_perceptual
        cpu += images * area * share * cost.seconds[kind]
        gpu += images * area * share * per_image.get(kind, 0.0)
    basis: Basis = "step measured" if profile.image.side == cost.side else "scaled"
    return Estimate(name, cpu, gpu if per_image else None, cost.space, basis if work.images else "-")
