"""Percentile bootstrap intervals for a weighted sum of means: over worlds, seeds within a world, and people or images.

Images of one person are repeated measurements, not further draws: on NoW the error is mostly the person's and the one
scan's. There whole people are drawn, with all their images. A single run is one world with one seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

CHUNK = 1_000_000
"""Draws held in memory at once (8 MB of float64)."""


class Sample(NamedTuple):
    """One world's part of a mean: what each seed's run says of each image, and who is on it."""

    values: np.ndarray  # (seeds, images) float64
    people: np.ndarray | None = None  # (images,) str; None: the images are draws of their own


class Mean(NamedTuple):
    """One mean of the sum: its weight, and a sample for each world.

    Values of the same images (a pair of methods) belong into ONE mean as their difference, which makes the test a
    paired one.
    """

    weight: float
    worlds: Sequence[Sample]


def interval(means: Sequence[Mean], rng: np.random.Generator, resamples: int) -> tuple[float, float, float]:
    """Return (value, low, high), a 95 % interval, of sum_k weight_k * mean over worlds of mean over seeds and images.

    A resample draws as many worlds as there are, with replacement; for each drawn world anew its seeds and its images.
    All seeds of a drawn world are taken on the same drawn images, as they were evaluated on the same test set: an
    unusual image moves all of them together. All means share the drawn worlds and seeds, and the drawn people where
    images say who is on them; else images are drawn mean by mean. A resample without any image of one of the means
    (few people, a rare image) is left out.

    With W worlds there are few different draws: with three, 1 of 9 resamples is one world three times. If only worlds
    differed, the interval would reach from the lowest to the highest of the three, which holds the true mean 75 times
    of 100, not 95. So it is a lower bound of what is not known.
    """
    worlds = [len(mean.worlds) for mean in means]
    if len(set(worlds)) != 1:
        raise ValueError(f"means have {worlds} worlds, expected the same number in each")
    value = sum(mean.weight * float(np.mean([one.values.mean() for one in mean.worlds])) for mean in means)
    total = np.zeros(resamples)
    for drawn_worlds in rng.integers(worlds[0], size=(worlds[0], resamples)):
        for world in range(worlds[0]):
            here = np.flatnonzero(drawn_worlds == world)
            samples = [mean.worlds[world] for mean in means]
            seeds = counts(len(samples[0].values), len(here), rng)
            everybody = all_people(sample.people for sample in samples)
            drawn = counts(len(everybody), len(here), rng)
            for mean, (values, people) in zip(means, samples, strict=True):
                if people is None:
                    resampled = _over_images(values, seeds, rng)
                else:
                    resampled = _over_people(*by_person(values, people, everybody), seeds, drawn)
                total[here] += mean.weight / worlds[0] * resampled
    low, high = np.nanpercentile(total, [2.5, 97.5])
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


def resampled_means(values: np.ndarray, rng: np.random.Generator, resamples: int) -> np.ndarray:
    """Return (resamples,) float64 means of `values` (n,), each over n draws with replacement; memory is bounded."""
    return _over_images(values[None], np.ones((resamples, 1)), rng)


def all_people(groups: Iterable[np.ndarray | None]) -> np.ndarray:
    """Return who is in any of the groups, sorted, each once; groups without people add none."""
    return np.unique(np.concatenate([np.array([], dtype=str), *(group for group in groups if group is not None)]))


def by_person(values: np.ndarray, people: np.ndarray, everybody: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's sums over a person's images (S,P) and the number of these images (P,), for values (S,n)."""
    place = np.searchsorted(everybody, people)
    sums = np.stack([np.bincount(place, row, len(everybody)) for row in values])
    return sums, np.bincount(place, minlength=len(everybody)).astype(float)


def counts(items: int, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return (rows, items) float64: how often each item comes in as many draws with replacement as there are items."""
    if not items:
        return np.zeros((rows, 0))
    drawn = rng.integers(items, size=(rows, items)) + np.arange(rows)[:, None] * items
    return np.bincount(drawn.ravel(), minlength=rows * items).reshape(rows, items).astype(float)
