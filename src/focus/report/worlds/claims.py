"""The claims held against all runs: one margin over worlds, seeds and images, and each run's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from focus.report.claims import CLAIMS, TESTSETS, Claim
from focus.report.claims import Part as ImageSet
from focus.report.verdicts import NOT_RESOLVED, evaluate_claims, people_of
from focus.report.worlds.bootstrap import Part, WorldSample, hierarchical_interval
from focus.report.worlds.collected import Collected

Verdict = dict[str, object]


class _AbsentError(Exception):
    """A claim cannot be evaluated; the message is the reason that claims.json gives."""


def claims_of(methods: Sequence[str], claims: Sequence[Claim] = CLAIMS) -> list[Claim]:
    """Return the claims between two of the methods; a claim on speed, or by occluder, is not one over runs."""
    return [each for each in claims if {each.a, each.b} <= set(methods) and each.kind != "faster" and not each.by]


def evaluate(
    runs: Sequence[Collected], rng: np.random.Generator, claims: Sequence[Claim] = CLAIMS, resamples: int = 10_000
) -> list[Verdict]:
    """Return a verdict for each claim between methods of the runs.

    As in `verdicts.evaluate_claims` (margin, low, high, holds in the metric's unit; positive = the claim holds), but
    margin is the mean over worlds of the mean over their seeds, the interval is hierarchical, and `images` are those
    of a world. `each`: per run its world, seed, margin and the interval over its own images; `holding`, `failing`: the
    number of `runs` whose own interval lies above or below 0; `positive`: of those with a margin above 0.
    """
    chosen = claims_of(list(runs[0].methods), claims)
    own = [
        evaluate_claims(collected.results, draws, claims=chosen, resamples=resamples)
        for collected, draws in zip(runs, rng.spawn(len(runs)), strict=True)
    ]
    together = zip(chosen, rng.spawn(len(chosen)), zip(*own, strict=True), strict=True)
    return [_verdict(runs, claim, draws, resamples, each) for claim, draws, each in together]


def differences(runs: Sequence[Collected], claim: Claim) -> list[Part]:
    """Return the claim's per-image differences, turned so that positive speaks for it: a part per weighted image set.

    In a world only images count that both methods have figures of with every seed.
    """
    worlds = sorted({collected.run.world for collected in runs})
    sign = 1.0 if claim.kind == "higher" else -1.0
    return [
        Part(sign * part.weight, [_paired(runs, claim, part, world) for world in worlds])
        for part in TESTSETS[claim.testset]
    ]


def _paired(runs: Sequence[Collected], claim: Claim, part: ImageSet, world: int) -> WorldSample:
    """Return a - b in one world, by seed and image."""
    columns = []
    for collected in (each for each in runs if each.run.world == world):
        rows, others = (_rows(collected, method, claim, part) for method in (claim.a, claim.b))
        columns.append((rows[claim.metric] - others[claim.metric]).dropna().rename(collected.run.seed))
    shared = pd.concat(columns, axis=1, join="inner").sort_index()
    if len(shared) < 2:
        place = " ".join([part.testset, "+".join(part.subsets)]).strip()
        raise _AbsentError(f"fewer than 2 images of {place} with {claim.metric} of both in world {world}")
    return WorldSample(shared.to_numpy().T, people_of(rows.loc[shared.index]))


def _rows(collected: Collected, method: str, claim: Claim, part: ImageSet) -> pd.DataFrame:
    return collected.results.rows("run", method, part.testset, part.subsets).set_index("image")


def _verdict(
    runs: Sequence[Collected], claim: Claim, rng: np.random.Generator, resamples: int, own: Sequence[Verdict]
) -> Verdict:
    margin = low = high = None
    holds: bool | str | None = None
    images, reason = 0, None
    try:
        parts = differences(runs, claim)
    except _AbsentError as absent:
        reason = str(absent)
    else:
        found = hierarchical_interval(parts, rng, resamples)
        margin, low, high = (round(figure - claim.threshold, 6) for figure in found)
        holds = True if low > 0 else False if high < 0 else NOT_RESOLVED
        images = sum(max(one.values.shape[1] for one in part.worlds) for part in parts)
    about = {"id": claim.id, "claim": claim.claim, "table": claim.table, "testset": claim.testset}
    about |= {"a": claim.a, "b": claim.b, "metric": claim.metric, "mechanism": claim.mechanism}
    figures = {"margin": margin, "low": low, "high": high, "holds": holds, "images": images}
    return {**about, **figures, **_counted(own), "reason": reason, "each": list(_each(runs, own))}


def _counted(own: Sequence[Verdict]) -> dict[str, int]:
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
