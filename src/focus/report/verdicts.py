"""Each claim held against per-image data: margin, bootstrap interval, and what they say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from focus.registry.metrics import METRICS
from focus.registry.testsets import IMAGE_SETS, Part
from focus.report.bootstrap import Mean, Sample, interval, resampled_means
from focus.report.claims import CLAIMS, Claim
from focus.report.results import Results

NOT_RESOLVED = "not resolved"
LEAST_OF_GROUP = 20  # images of one occluder type or size: an interval of fewer is no verdict
SIZES = (("small", 0.0, 0.1), ("medium", 0.1, 0.25), ("large", 0.25, 1.01))
"""Occluder sizes: name, from, below; the share of the face region that is hidden."""
Verdict = dict[str, object]


class _AbsentError(Exception):
    """A claim cannot be evaluated; the message is the reason that claims.json gives."""


def evaluate_claims(
    worlds: Sequence[Sequence[Results]],
    rng: np.random.Generator,
    timings: Mapping[str, Sequence[float]] | None = None,
    claims: Sequence[Claim] = CLAIMS,
    resamples: int = 10_000,
) -> list[Verdict]:
    """Return {id, claim, table, testset, a, b, margin, low, high, holds, metric, images, mechanism, reason} per claim.

    worlds: the results of each world's seeds; a single run is one world with one seed. margin (positive = the claim
    holds) is in the metric's unit: RMSE 0..255, mm, or a score of 0..1, the mean over worlds of the mean over seeds;
    low and high are its 95 % percentile bootstrap interval over worlds, seeds and images (over people, with all their
    images, where the data say who is on them), paired where a and b were run on the same images. NoW claims compare
    means of per-image medians. holds: True (interval above 0), False (below 0), "not resolved" (it covers 0), or None
    with a reason where a method or its data is absent. images: those of a world. timings: method -> seconds per image,
    one or more.
    A claim's draws depend on `rng` and its place in `claims` only, so an absent method changes no other interval.
    """
    verdicts: list[Verdict] = []
    for claim, own in zip(claims, rng.spawn(len(claims)), strict=True):
        if claim.metric == "seconds":
            verdicts.append(_speed(claim, timings or {}, own, resamples))
        elif claim.by:
            verdicts += _by_value(worlds, claim, own, resamples)
        else:
            verdicts.append(_verdict(worlds, claim, own, resamples))
    return verdicts


def _verdict(
    worlds: Sequence[Sequence[Results]], claim: Claim, rng: np.random.Generator, resamples: int, value: str = ""
) -> Verdict:
    """Evaluate one claim, on the images with `value` in column `claim.by` only when that is set."""
    try:
        means = differences(worlds, claim, value)
    except _AbsentError as absent:
        return _entry(claim, reason=str(absent))
    margin, low, high = (each - claim.threshold for each in interval(means, rng, resamples))
    images = sum(max(one.values.shape[1] for one in mean.worlds) for mean in means)
    return _entry(claim, margin, low, high, images)


def differences(worlds: Sequence[Sequence[Results]], claim: Claim, value: str = "") -> list[Mean]:
    """Return the claim's per-image differences, turned so that positive speaks for it: a mean per weighted image set.

    In a world only images count that both methods have values of with every seed. Two methods without a shared image
    (other people's predictions on images of their own) give a mean each.
    """
    sign = 1.0 if METRICS[claim.metric].better == "max" else -1.0
    means: list[Mean] = []
    for part in IMAGE_SETS[claim.testset]:
        samples = [_samples(seeds, claim, part, value) for seeds in worlds]
        for which, turn in zip(zip(*samples, strict=True), (1.0, -1.0), strict=False):
            means.append(Mean(turn * sign * part.weight, which))
    return means


def _samples(seeds: Sequence[Results], claim: Claim, part: Part, value: str) -> list[Sample]:
    """Return a - b in one world, by seed and image; or a and b apart when they share no image."""
    pairs = [tuple(_rows(run, method, claim, part, value) for method in (claim.a, claim.b)) for run in seeds]
    paired = [[(a[claim.metric] - b[claim.metric]).dropna() for a, b in pairs]]
    apart = [[pair[k][claim.metric] for pair in pairs] for k in (0, 1)]
    shared = all(len(each) for each in paired[0])
    samples = []
    for k, columns in enumerate(paired if shared else apart):
        joined = pd.concat(columns, axis=1, join="inner")
        samples.append(Sample(joined.to_numpy().T, people_of(pairs[0][k].loc[joined.index])))
    for each in samples:
        least = LEAST_OF_GROUP if value else 2
        if each.values.shape[1] < least:
            raise _AbsentError(f"fewer than {least} images of {_describe(part, claim, value)}")
        if each.people is not None and len(set(each.people)) < 2:
            raise _AbsentError(f"images of one person only of {_describe(part, claim, value)}")
    return samples


def people_of(rows: pd.DataFrame) -> np.ndarray | None:
    """Return who is on each of the images, (n,) str, or None where no row says; who is not named is nobody else."""
    subjects = rows["subject"]
    if (subjects == "").all():
        return None
    return subjects.where(subjects != "", rows.index.to_series()).to_numpy(dtype=str)


def _rows(results: Results, method: str, claim: Claim, part: Part, value: str) -> pd.DataFrame:
    """Return the rows of one method with the claim's metric, by image; the run's own values come before others'."""
    source = next((source for source in ("run", "external") if method in results.methods(source)), None)
    if source is None:
        raise _AbsentError(f"no results of {method}")
    rows = results.rows(source, method, part.testset, part.subsets)
    if value:
        rows = rows[_groups(rows, claim.by) == value]
    rows = rows.set_index("image").dropna(subset=[claim.metric])
    if rows.empty:
        raise _AbsentError(f"{method} has no {claim.metric} on {_describe(part, claim, value)}")
    return rows


def _by_value(
    worlds: Sequence[Sequence[Results]], claim: Claim, rng: np.random.Generator, resamples: int
) -> list[Verdict]:
    values: list[str] = []
    for part in IMAGE_SETS[claim.testset]:
        places = [(run, source) for seeds in worlds for run in seeds for source in ("run", "external")]
        rows = pd.concat([run.rows(source, claim.a, part.testset, part.subsets) for run, source in places])
        values += sorted(value for value in _groups(rows, claim.by).unique() if value)
    if not values:
        return [_entry(claim, reason=f"no image of {claim.testset} says its {claim.by}")]
    named = [(value, replace(claim, id=f"{claim.id}-{value}", claim=f"{claim.claim}: {value}")) for value in values]
    draws = zip(named, rng.spawn(len(named)), strict=True)
    return [_verdict(worlds, one, own, resamples, value) for (value, one), own in draws]


def _groups(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return the group of each row ("" for none): a text column's own values, or the size class of a share."""
    if column != "occluder_fraction":
        return rows[column].where(rows[column] != "none", "")
    names = pd.Series("", index=rows.index, dtype=object)
    for name, low, high in SIZES:
        names[(rows[column] > 0) & (rows[column] >= low) & (rows[column] < high)] = name
    return names


def _speed(claim: Claim, timings: Mapping[str, Sequence[float]], rng: np.random.Generator, resamples: int) -> Verdict:
    """Compare mean seconds per image: the margin is b's over a's, less the claimed factor."""
    lacking = [method for method in (claim.a, claim.b) if not len(timings.get(method, ()))]
    if lacking:
        return _entry(claim, reason=f"no timing of {' and '.join(lacking)}")
    a, b = (np.asarray(timings[method], dtype=float) for method in (claim.a, claim.b))
    margin = float(b.mean() / a.mean()) - claim.threshold
    if min(len(a), len(b)) < 2:
        return {**_entry(claim, margin, margin, margin, len(a) + len(b)), "reason": "one timing, so no interval"}
    ratios = resampled_means(b, rng, resamples) / resampled_means(a, rng, resamples) - claim.threshold
    low, high = np.percentile(ratios, [2.5, 97.5])
    return _entry(claim, margin, float(low), float(high), len(a) + len(b))


def _entry(
    claim: Claim,
    margin: float | None = None,
    low: float | None = None,
    high: float | None = None,
    images: int = 0,
    reason: str | None = None,
) -> Verdict:
    margin, low, high = (None if each is None else round(each, 6) for each in (margin, low, high))
    holds: bool | str | None = None
    if low is not None and high is not None:  # rounded first: a difference of 1e-17 is none
        holds = True if low > 0 else False if high < 0 else NOT_RESOLVED
    return {
        **{key: getattr(claim, key) for key in ("id", "claim", "table", "testset", "a", "b")},
        "margin": margin,
        "low": low,
        "high": high,
        "holds": holds,
        "metric": claim.metric,
        "images": images,
        "mechanism": claim.mechanism,
        "reason": reason,
    }


def _describe(part: Part, claim: Claim, value: str) -> str:
    name = f"{part.testset} {' + '.join(part.subsets)}".strip()
    return f"{name} with {claim.by} {value}" if value else name
