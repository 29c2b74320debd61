"""Percentile bootstrap intervals over images for a weighted sum of means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

CHUNK = 2_000_000
"""Draws held in memory at once (16 MB of float64)."""


def resampled_means(values: np.ndarray, rng: np.random.Generator, resamples: int) -> np.ndarray:
    """Return (resamples,) float64 means of `values` (n,), each over n draws with replacement; memory is bounded."""
    chunks = list(_chunked_means(values, rng, resamples))
    return np.concatenate(chunks)


def interval(
    samples: Sequence[tuple[float, np.ndarray]], rng: np.random.Generator, resamples: int, level: float = 0.95
) -> tuple[float, float, float]:
    """Return (value, low, high) of sum_k weight_k * mean(samples_k) with its percentile bootstrap interval.

    samples: (weight, (n_k,) float64 per-image values). Samples are resampled independently of each other; figures of
    the same images (a pair of methods) belong into ONE sample as their difference, which makes the test a paired one.
    """
    value, total = 0.0, np.zeros(resamples)
    for weight, values in samples:
        value += weight * float(values.mean())
        total += weight * resampled_means(values, rng, resamples)
    low, high = np.percentile(total, [50 * (1 - level), 50 * (1 + level)])
    return value, float(low), float(high)


def _chunked_means(values: np.ndarray, rng: np.random.Generator, resamples: int) -> Iterator[np.ndarray]:
    count = len(values)
    step = max(1, CHUNK // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        yield values[rng.integers(count, size=(rows, count), dtype=np.int32)].mean(axis=1)
