"""The claims held against all runs: one margin over worlds, seeds and images, and each run's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from focus.report.claims import CLAIMS, Claim
from focus.report.verdicts import Verdict, evaluate_claims
from focus.report.worlds.collected import Collected

ORDER = (
    *("id", "claim", "table", "testset", "a", "b", "metric", "mechanism", "margin", "low", "high", "holds", "images"),
    *("runs", "holding", "failing", "positive", "reason", "each"),
)
"""Keys of claims.json."""


def claims_of(methods: Sequence[str], claims: Sequence[Claim] = CLAIMS) -> list[Claim]:
    """Return the claims between two of the methods; a claim on speed, or by occluder, is not one over runs."""
    return [each for each in claims if {each.a, each.b} <= set(methods) and each.metric != "seconds" and not each.by]


def evaluate(
    runs: Sequence[Collected], rng: np.random.Generator, claims: Sequence[Claim] = CLAIMS, resamples: int = 10_000
) -> list[Verdict]:
    """Return `verdicts.evaluate_claims` of all runs together, for each claim between methods of theirs, with keys more.

    `each`: per run its world, seed, margin and the interval over its own images; `holding`, `failing`: the number of
    `runs` whose own interval lies above or below 0; `positive`: of those with a margin above 0.
    """
    shared = claims_of(list(runs[0].methods), claims)
    own = [
        evaluate_claims([[collected.results]], draws, claims=shared, resamples=resamples)
        for collected, draws in zip(runs, rng.spawn(len(runs)), strict=True)
    ]
    worlds = sorted({collected.run.world for collected in runs})
    seeds = [[collected.results for collected in runs if collected.run.world == world] for world in worlds]
    together = evaluate_claims(seeds, rng, claims=shared, resamples=resamples)
    verdicts = [
        verdict | _counted(alone) | {"each": list(_each(runs, alone))}
        for verdict, alone in zip(together, zip(*own, strict=True), strict=True)
    ]
    return [{key: verdict[key] for key in ORDER} for verdict in verdicts]


def _counted(own: Sequence[Verdict]) -> dict[str, object]:
    """Return how many runs there are, and in how many the claim holds, fails, or has a positive margin."""
    margins = [verdict["margin"] for verdict in own]
    return {
        "runs": len(own),
        "holding": sum(verdict["holds"] is True for verdict in own),
        "failing": sum(verdict["holds"] is False for verdict in own),
        "positive": sum(isinstance(margin, float) and margin > 0 for margin in margins),
    }


def _each(runs: Sequence[Collected], own: Sequence[Verdict]) -> Iterator[Verdict]:
    for collected, verdict in zip(runs, own, strict=True):
        facts = {"world": collected.run.world, "seed": collected.run.seed}
        yield facts | {key: verdict[key] for key in ("margin", "low", "high", "holds")}
