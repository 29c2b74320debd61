"""Each claim held against per-image data: margin, bootstrap interval, and what they say together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from focus.report.bootstrap import Sample, interval, resampled_means
from focus.report.claims import CLAIMS, TESTSETS, Claim, Part
from focus.report.results import Results

NOT_RESOLVED = "not resolved"
LEAST_OF_GROUP = 20  # images of one occluder type or size: an interval of fewer is no verdict
SIZES = (("small", 0.0, 0.1), ("medium", 0.1, 0.25), ("large", 0.25, 1.01))
"""Occluder sizes: name, from, below; the share of the face region that is hidden."""
Verdict = dict[str, object]


class _AbsentError(Exception):
    """A claim cannot be evaluated; the message is the reason that claims.json gives."""


def evaluate_claims(
    results: Results,
    rng: np.random.Generator,
    timings: Mapping[str, Sequence[float]] | None = None,
    claims: Sequence[Claim] = CLAIMS,
    resamples: int = 10_000,
) -> list[Verdict]:
    """Return {id, claim, table, testset, a, b, margin, low, high, holds, metric, images, mechanism, reason} per claim.

    margin (positive = the claim holds) is in the metric's unit: RMSE 0..255, mm, or a score of 0..1; low and high are
    its 95 % percentile bootstrap interval over images (over people, with all their images, where the data say who is
    on them), paired where a and b were run on the same images. NoW claims compare means of per-image medians. holds:
    True (interval above 0), False (below 0), "not resolved" (it covers 0), or None with a reason where a method or its
    data is absent. timings: method -> seconds per image, one or more.
    A claim's draws depend on `rng` and its place in `claims` only, so an absent method changes no other interval.
    """
    verdicts: list[Verdict] = []
    for claim, own in zip(claims, rng.spawn(len(claims)), strict=True):
        if claim.kind == "faster":
            verdicts.append(_speed(claim, timings or {}, own, resamples))
        elif claim.by:
            verdicts += _by_value(results, claim, own, resamples)
        else:
            verdicts.append(_verdict(results, claim, own, resamples))
    return verdicts


def _verdict(results: Results, claim: Claim, rng: np.random.Generator, resamples: int, value: str = "") -> Verdict:
    """Evaluate one claim, on the images with `value` in column `claim.by` only when that is set."""
    samples: list[Sample] = []
    try:
        for part in TESTSETS[claim.testset]:
            samples += _samples(results, claim, part, value)
    except _AbsentError as absent:
        return _entry(claim, reason=str(absent))
    margin, low, high = (figure - claim.threshold for figure in interval(samples, rng, resamples))
    images = sum(len(sample.values) for sample in samples)
    return _entry(claim, margin, low, high, images)


def _samples(results: Results, claim: Claim, part: Part, value: str) -> list[Sample]:
    """Return the weighted per-image values of one part: one sample of differences, or two when no image is shared."""
    weight = part.weight if claim.kind == "higher" else -part.weight
    rows_a, rows_b = (_rows(results, method, claim, part, value) for method in (claim.a, claim.b))
    a, b = rows_a[claim.metric], rows_b[claim.metric]
    shared = a.index.intersection(b.index, sort=False)
    if len(shared):
        samples = [Sample(weight, (a[shared] - b[shared]).to_numpy(), people_of(rows_a.loc[shared]))]
    else:
        samples = [Sample(weight, a.to_numpy(), people_of(rows_a)), Sample(-weight, b.to_numpy(), people_of(rows_b))]
    for each in samples:
        least = LEAST_OF_GROUP if value else 2
        if len(each.values) < least:
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
    """Return the rows of one method with the claim's metric, by image; the run's own figures come before others'."""
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


def _by_value(results: Results, claim: Claim, rng: np.random.Generator, resamples: int) -> list[Verdict]:
    found: list[str] = []
    for part in TESTSETS[claim.testset]:
        rows = pd.concat([results.rows(source, claim.a, part.testset, part.subsets) for source in ("run", "external")])
        found += sorted(value for value in _groups(rows, claim.by).unique() if value)
    if not found:
        return [_entry(claim, reason=f"no image of {claim.testset} says its {claim.by}")]
    named = [(value, replace(claim, id=f"{claim.id}-{value}", claim=f"{claim.claim}: {value}")) for value in found]
    draws = zip(named, rng.spawn(len(named)), strict=True)
    return [_verdict(results, one, own, resamples, value) for (value, one), own in draws]


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
    margin, low, high = (None if figure is None else round(figure, 6) for figure in (margin, low, high))
    holds: bool | str | None = None
    if low is not None and high is not None:  # rounded first: a difference of 1e-17 is none
        holds = True if low > 0 else False if high < 0 else NOT_RESOLVED
    return {
        "id": claim.id,
        "claim": claim.claim,
        "table": claim.table,
        "testset": claim.testset,
        "a": claim.a,
        "b": claim.b,
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


_UNITS = {"rmse": ("RMSE", 3), "now_median": ("mm", 3), "seconds": ("times", 0)}


def claims_markdown(verdicts: Sequence[Verdict], note: str) -> str:
    """Return the claims as a Markdown table, `note` (data and profile) above it; mechanism claims have bold ids."""
    counts = {word: sum(_word(v) == word for v in verdicts) for word in ("yes", "no", NOT_RESOLVED, "n/a")}
    lines = [
        f"*{note}*",
        "",
        f"{len(verdicts)} comparisons: {counts['yes']} hold, {counts['no']} do not, {counts[NOT_RESOLVED]} not "
        f"resolved, {counts['n/a']} without data. Margin: positive = the claim holds; 95 % bootstrap interval over "
        "images, on NoW and AR over people with all their images. Bold: claims that test the mechanism itself.",
        "",
        "| id | claim | table | test set | a | b | margin | 95 % interval | images | holds |",
        "|---|---|---:|---|---|---|---:|---:|---:|---|",
    ]
    return "\n".join(lines + list(_claim_lines(verdicts))) + "\n"


def _claim_lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        unit, decimals = _UNITS.get(str(verdict["metric"]), (str(verdict["metric"]).upper(), 3))
        id = f"`{verdict['id']}`"
        word = _word(verdict)
        margin = limits = ""
        if verdict["margin"] is not None:
            margin = f"{verdict['margin']:+.{decimals}f} {unit}"
            limits = f"{verdict['low']:+.{decimals}f} … {verdict['high']:+.{decimals}f}"
        cells = [
            f"**{id}**" if verdict["mechanism"] else id,
            verdict["claim"],
            verdict["table"] or "",
            verdict["testset"],
            verdict["a"],
            verdict["b"],
            margin,
            limits,
            verdict["images"] or "",
            f"{word}: {verdict['reason']}" if verdict["reason"] else word,
        ]
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _word(verdict: Verdict) -> str:
    words: dict[object, str] = {True: "yes", False: "no", None: "n/a"}
    return words.get(verdict["holds"], NOT_RESOLVED)
