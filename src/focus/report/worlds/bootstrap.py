"""Percentile bootstrap over worlds, seeds within a world, and images: for means over runs that share their images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from focus.report.bootstrap import CHUNK, all_people, by_person, counts


class WorldSample(NamedTuple):
    """One world's part of a mean: what each seed's run says of each image, and who is on it."""

    values: np.ndarray  # (seeds, images) float64
    people: np.ndarray | None = None  # (images,) str; None: the images are draws of their own


class Part(NamedTuple):
    """One mean of the margin's sum: its weight, and a sample for each world."""

    weight: float
    worlds: Sequence[WorldSample]


def hierarchical_interval(
    parts: Sequence[Part], rng: np.random.Generator, resamples: int, level: float = 0.95
) -> tuple[float, float, float]:
    """Return (value, low, high) of sum_k weight_k * mean over worlds of mean over seeds and images.

    A resample draws as many worlds as there are, with replacement; for each drawn world anew its seeds and its images.
    All seeds of a drawn world are taken on the same drawn images, as they were evaluated on the same test set: an
    unusual image moves all of them together. All parts share the drawn worlds and seeds, and the drawn people where
    images say who is on them; else images are drawn part by part.

    With W worlds there are few different draws: with three, 1 of 9 resamples is one world three times. If only worlds
    differed, the interval would reach from the lowest to the highest of the three, which holds the true mean 75 times
    of 100, not 95. So it is a lower bound of what is not known.
    """
    worlds = [len(part.worlds) for part in parts]
    if len(set(worlds)) != 1:
        raise ValueError(f"parts have {worlds} worlds, expected the same number in each")
    value = sum(part.weight * float(np.mean([one.values.mean() for one in part.worlds])) for part in parts)
    total = np.zeros(resamples)
    for chosen in rng.integers(worlds[0], size=(worlds[0], resamples)):
        for world in range(worlds[0]):
            here = np.flatnonzero(chosen == world)
            samples = [part.worlds[world] for part in parts]
            seeds = counts(len(samples[0].values), len(here), rng)
            everybody = all_people(sample.people for sample in samples)
            drawn = counts(len(everybody), len(here), rng)
            for part, (values, people) in zip(parts, samples, strict=True):
                if people is None:
                    means = _over_images(values, seeds, rng)
                else:
                    means = _over_people(*by_person(values, people, everybody), seeds, drawn)
                total[here] += part.weight / worlds[0] * means
    low, high = np.nanpercentile(total, [50 * (1 - level), 50 * (1 + level)])
    return value, float(low), float(high)


def _over_people(sums: np.ndarray, sizes: np.ndarray, seeds: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return (R,) means with seeds taken `seeds` (R,S) and people `drawn` (R,P) times; sums (S,P), sizes (P,)."""
    with np.errstate(invalid="ignore"):  # none of the drawn people is in this part: no mean
        means: np.ndarray = ((seeds @ sums) * drawn).sum(axis=1) / (len(sums) * (drawn @ sizes))
        return means


def _over_images(values: np.ndarray, seeds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (R,) means of `values` (S,n) with its seeds taken `seeds` (R,S) times, on n drawn images."""
    step, means = max(1, CHUNK // values.shape[1]), []
    for start in range(0, len(seeds), step):
        rows = seeds[start : start + step]
        images = counts(values.shape[1], len(rows), rng)
        means.append(((rows @ values) * images).sum(axis=1) / values.size)
    return np.concatenate(means) if means else np.zeros(0)
