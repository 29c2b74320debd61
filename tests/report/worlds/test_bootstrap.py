from __future__ import annotations

import numpy as np
import pytest

from focus.report.bootstrap import Mean, Sample, interval


def part(weight, arrays, people=None):
    return Mean(weight, [Sample(values, people) for values in arrays])


def plain_loop(parts, rng, resamples):
    """The same, a draw at a time."""
    totals = []
    for _ in range(resamples):
        total = 0.0
        worlds = len(parts[0].worlds)
        for world in rng.integers(worlds, size=worlds):
            count = len(parts[0].worlds[world].values)
            seeds = rng.integers(count, size=count)
            known = [one.worlds[world].people for one in parts if one.worlds[world].people is not None]
            everybody = sorted(set(np.concatenate(known))) if known else []
            chosen = [everybody[k] for k in rng.integers(len(everybody), size=len(everybody))] if everybody else []
            for weight, samples in parts:
                values, people = samples[world]
                if people is None:
                    images = rng.integers(values.shape[1], size=values.shape[1])
                else:
                    images = np.concatenate([np.flatnonzero(people == name) for name in chosen])
                total += weight * (values[seeds][:, images].mean() if len(images) else np.nan) / worlds
        totals.append(total)
    return np.nanpercentile(totals, [2.5, 97.5])


def test_against_a_plain_loop(rng):
    """The vectorised draws are not those that the docstring describes."""
    first = [
        rng.normal(world, 1.0, (seeds, 12)) + rng.normal(0, 0.5, (seeds, 1)) for world, seeds in enumerate((3, 2, 3))
    ]
    second = [rng.normal(0, 2.0, (seeds, 7)) for seeds in (3, 2, 3)]
    parts = [part(1.0, first), part(-0.5, second)]
    value, low, high = interval(parts, rng, 8000)
    expected = np.mean([array.mean() for array in first]) - 0.5 * np.mean([array.mean() for array in second])
    assert value == pytest.approx(expected)
    assert (low, high) == pytest.approx(plain_loop(parts, rng, 8000), abs=0.06)


def test_people_against_a_plain_loop(rng):
    """People's images are not drawn together, or two image sets of the same people do not share who is drawn."""
    people = np.repeat(list("abcdef"), (1, 2, 3, 4, 1, 1))
    first = [rng.normal(world, 1.0, (3, 12)) for world in range(2)]
    second = [values[:, 4:] + rng.normal(0, 0.2, (3, 8)) for values in first]
    parts = [part(1.0, first, people), part(-0.5, second, people[4:])]
    value, low, high = interval(parts, rng, 8000)
    assert value == pytest.approx(np.mean(first) - 0.5 * np.mean(second))
    assert (low, high) == pytest.approx(plain_loop(parts, rng, 8000), abs=0.06)


def test_images_are_shared_by_the_seeds_of_a_world(rng):
    """Nine runs on three test sets would count as nine test sets, and the interval would be too short."""
    spread = rng.normal(0, 1.0, 50)
    _, low, high = interval([part(1.0, [np.tile(spread, (3, 1))])], rng, 4000)
    assert high - low == pytest.approx(2 * 1.96 * spread.std() / np.sqrt(50), rel=0.08)


def test_seeds_and_worlds_widen_the_interval(rng):
    """The spread between runs is not resampled."""
    seeds = [np.repeat([[0.0], [1.0], [2.0]], 40, axis=1)]
    worlds = [np.full((2, 40), float(world)) for world in range(3)]
    for arrays in (seeds, worlds):
        assert interval([part(1.0, arrays)], rng, 4000) == pytest.approx((1.0, 0.0, 2.0))


def test_one_run_is_the_bootstrap_over_images(rng):
    """With one world and one seed the interval is another one than that of results/claims.json."""
    values = rng.normal(1.0, 1.0, (1, 200))
    value, low, high = interval([part(2.0, [values])], rng, 4000)
    assert value == pytest.approx(2 * values.mean())
    assert high - low == pytest.approx(2 * 2 * 1.96 * values.std() / np.sqrt(200), rel=0.08)


def test_memory_is_bounded_and_draws_repeat():
    """Large test sets take gigabytes, or a second run gives another interval."""
    parts = [part(1.0, [np.random.default_rng(0).normal(size=(2, 3000))] * 2)]
    first, again = (interval(parts, np.random.default_rng(5), 1500) for _ in range(2))
    assert first == again


def test_parts_of_different_worlds():
    """A margin would be taken over worlds that only one of its image sets has."""
    with pytest.raises(ValueError, match="the same number"):
        parts = [part(1.0, [np.ones((1, 2))]), part(1.0, [np.ones((1, 2))] * 2)]
        interval(parts, np.random.default_rng(), 10)
