"""Percentile bootstrap intervals for a weighted sum of means over images: over people where a set has several of each.

Images of one person are repeated measurements, not further draws: on NoW the error is mostly the person's and the one
scan's. There whole people are drawn, with all their images.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

CHUNK = 2_000_000
"""Draws held in memory at once (16 MB of float64)."""


class Sample(NamedTuple):
    """One mean of the sum: its weight, a value per image, and who is on it.

    Figures of the same images (a pair of methods) belong into ONE sample as their difference, which makes the test a
    paired one.
    """

    weight: float
    values: np.ndarray  # (n,) float64
    people: np.ndarray | None = None  # (n,) str; None: the images are draws of their own


def interval(
    samples: Sequence[Sample], rng: np.random.Generator, resamples: int, level: float = 0.95
) -> tuple[float, float, float]:
    """Return (value, low, high) of sum_k weight_k * mean(values_k) with its percentile bootstrap interval.

    Samples with people share the drawn ones; samples without are resampled independently of each other. A resample
    without any image of one of the samples (few people, a rare image) is left out.
    """
    value, total = 0.0, np.zeros(resamples)
    everybody = all_people(sample.people for sample in samples)
    drawn = counts(len(everybody), resamples, rng)
    for weight, values, people in samples:
        value += weight * float(values.mean())
        if people is None:
            total += weight * resampled_means(values, rng, resamples)
        else:
            sums, sizes = by_person(values[None], people, everybody)
            with np.errstate(invalid="ignore"):
                total += weight * (drawn @ sums[0]) / (drawn @ sizes)
    low, high = np.nanpercentile(total, [50 * (1 - level), 50 * (1 + level)])
    return value, float(low), float(high)


def resampled_means(values: np.ndarray, rng: np.random.Generator, resamples: int) -> np.ndarray:
    """Return (resamples,) float64 means of `values` (n,), each over n draws with replacement; memory is bounded."""
    return np.concatenate(list(_chunked_means(values, rng, resamples)))


def _chunked_means(values: np.ndarray, rng: np.random.Generator, resamples: int) -> Iterator[np.ndarray]:
    count = len(values)
    step = max(1, CHUNK // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        yield values[rng.integers(count, size=(rows, count), dtype=np.int32)].mean(axis=1)


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
