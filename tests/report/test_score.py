"""The reproduction score: the paper's order of methods against a run's."""

import math

import pandas as pd
import pytest

from focus.registry.tables import TABLES
from focus.report.score import scores


def frame(paper, run, groups=("Unoccluded",)):
    """Return Table 3's tidy frame with these medians by method."""
    rows = [
        {"method": method, "subset": group, "median_mm": value, "source": source}
        for group in groups
        for source, values in (("paper", paper), ("run", run))
        for method, value in values.items()
    ]
    return pd.DataFrame(rows)


PAPER = {"A": 1.0, "B": 2.0, "C": 3.0, "only in the paper": 4.0}


@pytest.mark.parametrize(
    ("run", "tau", "same"),
    [
        ({"A": 0.1, "B": 0.2, "C": 0.3}, 1.0, 3),
        ({"A": 0.3, "B": 0.2, "C": 0.1}, -1.0, 0),
        ({"A": 0.2, "B": 0.1, "C": 0.3, "only here": 0.0}, 1 / 3, 2),
    ],
)
def test_orders(run, tau, same):
    """A run in the paper's order would not be told from one that turns it round."""
    (score,) = scores(TABLES[3], frame(PAPER, run))
    assert (score.methods, score.same, score.pairs) == (3, same, 3)
    assert score.tau == pytest.approx(tau)


def test_pairs_without_a_difference_in_the_paper_do_not_count():
    """A tie in the paper would be held against the run."""
    (score,) = scores(TABLES[3], frame({"A": 1.0, "B": 1.0, "C": 2.0}, {"A": 1.0, "B": 2.0, "C": 3.0}))
    assert (score.same, score.pairs) == (2, 2)


def test_a_run_that_tells_nothing_apart_agrees_in_nothing():
    """Equal values would count as agreement."""
    (score,) = scores(TABLES[3], frame(PAPER, dict.fromkeys("ABC", 1.0)))
    assert score.same == 0 and math.isnan(score.tau)


def test_groups_without_two_common_methods_have_none():
    """A table of one method would have an order."""
    assert not list(scores(TABLES[3], frame(PAPER, {"A": 1.0}, groups=("Unoccluded", "Occluded"))))
