"""Percentile bootstrap over worlds, seeds within a world, and images: for means over runs that share their images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from focus.report.bootstrap import CHUNK

Part = tuple[float, Sequence[np.ndarray]]
"""(weight, for each world a (seeds, images) float64 array)."""


def hierarchical_interval(
    parts: Sequence[Part], rng: np.random.Generator, resamples: int, level: float = 0.95
) -> tuple[float, float, float]:
    """Return (value, low, high) of sum_k weight_k * mean over worlds of mean over seeds and images.

    A resample draws as many worlds as there are, with replacement; for each drawn world anew its seeds, and, part by
    part, its images. All seeds of a drawn world are taken on the same drawn images, as they were evaluated on the same
    test set: an unusual image moves all of them together. All parts share the drawn worlds and seeds.

    With W worlds there are few different draws: with three, 1 of 9 resamples is one world three times. If only worlds
    differed, the interval would reach from the lowest to the highest of the three, which holds the true mean 75 times
    of 100, not 95. So it is a lower bound of what is not known.
    """
    worlds = [len(arrays) for _, arrays in parts]
    if len(set(worlds)) != 1:
        raise ValueError(f"parts have {worlds} worlds, expected the same number in each")
    value = sum(weight * float(np.mean([array.mean() for array in arrays])) for weight, arrays in parts)
    total = np.zeros(resamples)
    for chosen in rng.integers(worlds[0], size=(worlds[0], resamples)):
        for world in range(worlds[0]):
            here = np.flatnonzero(chosen == world)
            seeds = _counts(parts[0][1][world].shape[0], len(here), rng)
            for weight, arrays in parts:
                total[here] += weight / worlds[0] * _resampled(arrays[world], seeds, rng)
    low, high = np.percentile(total, [50 * (1 - level), 50 * (1 + level)])
    return value, float(low), float(high)


def _resampled(values: np.ndarray, seeds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (R,) means of `values` (S,n) with its seeds taken `seeds` (R,S) times, on n drawn images."""
    step, means = max(1, CHUNK // values.shape[1]), []
    for start in range(0, len(seeds), step):
        rows = seeds[start : start + step]
        images = _counts(values.shape[1], len(rows), rng)
        means.append(((rows @ values) * images).sum(axis=1) / values.size)
    return np.concatenate(means) if means else np.zeros(0)


def _counts(count: int, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return (rows, count) float64: how often each of `count` items comes in `count` draws with replacement."""
    drawn = rng.integers(count, size=(rows, count)) + np.arange(rows)[:, None] * count
    return np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(float)
