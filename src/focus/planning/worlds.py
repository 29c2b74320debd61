"""What the study in several worlds and with several seeds will cost: what runs have in common counts once."""

from __future__ import annotations

from dataclasses import replace

from focus.planning.costs import Measured
from focus.planning.estimate import Estimate, estimate
from focus.report.worlds.study import reduced
from focus.settings import Params, Profile

ONCE_A_WORLD = (
    "code",
    "face_model",
    "datasets",
    "landmarks",
    "subsets",
    "recogniser",
    "reference",
    "external",
)
"""Groups of stages that no training seed reaches; the others run once a run. A test compares this with dvc.yaml."""
NOT_RUN = ("landmarks@celeba_val", "imported", "misfit", "figures", "report", "demo_model")
"""Stages that scripts/worlds.py leaves out: no table and no claim reads them."""


def estimate_worlds(params: Params, profile: Profile, measured: Measured, worlds: int, seeds: int) -> list[Estimate]:
    """Return the estimate of each stage of the study's runs, for all `worlds` times `seeds` runs together."""
    runs = estimate(reduced(params), profile, measured)
    return [
        _times(each, worlds if each.stage.partition("@")[0] in ONCE_A_WORLD else worlds * seeds)
        for each in runs
        if each.stage not in NOT_RUN
    ]


def _times(each: Estimate, count: int) -> Estimate:
    gpu = None if each.gpu_s is None else each.gpu_s * count
    return replace(each, cpu_s=each.cpu_s * count, gpu_s=gpu, space=each.space * count)
