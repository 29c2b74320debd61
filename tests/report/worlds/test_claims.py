from __future__ import annotations

import json

import numpy as np
import pytest

from focus.report.claims import CLAIMS, Claim
from focus.report.verdicts import differences
from focus.report.worlds.claims import claims_of, evaluate

LOWER = Claim("1-AR-Backbone", "", 1, "AR", "FOCUS", "Backbone", "rmse")


def one(runs, claim=LOWER, resamples=4000):
    (verdict,) = evaluate(runs, np.random.default_rng(1), [claim], resamples)
    return verdict


def test_margins_by_hand(four_runs):
    """The margin is not the mean over worlds of the mean over seeds, or a run's own is wrong."""
    verdict = one(four_runs)
    assert verdict["margin"] == pytest.approx((1.5 + 4.5) / 2)
    assert [run["margin"] for run in verdict["each"]] == [1, 2, 3, 6]
    assert (verdict["low"], verdict["high"]) == pytest.approx((1.25, 5.25), abs=0.01)  # the next to last draws
    assert (verdict["holds"], verdict["runs"], verdict["holding"], verdict["failing"]) == (True, 4, 4, 0)
    assert verdict["images"] == 9


def test_worlds_weigh_the_same(make_run):
    """A world with more seeds would count for more."""
    runs = [make_run(0, 0, gain=1), make_run(1, 0, gain=3), make_run(1, 1, gain=3)]
    assert one(runs)["margin"] == pytest.approx(2.0)


def test_a_claim_that_fails_in_one_world(make_run):
    """One world against another would pass for a finding."""
    verdict = one([make_run(0, 0, gain=2), make_run(1, 0, gain=-1)])
    assert verdict["margin"] == pytest.approx(0.5) and verdict["holds"] == "not resolved"
    assert (verdict["holding"], verdict["failing"], verdict["positive"]) == (1, 1, 1)


def test_direction_and_threshold(four_runs):
    """A claim's sign or its allowance is lost."""
    back = Claim("x", "", 1, "AR", "Backbone", "FOCUS", "rmse", -4.0)
    assert one(four_runs, back)["margin"] == pytest.approx(1.0)


def test_only_images_that_all_seeds_share_count(make_run):
    """Two seeds would be compared on different images."""
    first, second = make_run(0, 0, count=3), make_run(0, 1, count=5)
    (part,) = differences([[first.results, second.results]], LOWER)
    assert part.worlds[0].values.shape == (2, 9)


def test_an_absent_figure_has_its_reason(four_runs):
    """A claim on values that no run has would vanish, or count as failed."""
    verdict = one(four_runs, Claim("x", "", 5, "AR-scarf", "FOCUS", "Backbone", "f1"))
    assert verdict["margin"] is None and verdict["holds"] is None
    assert verdict["reason"] == "Backbone has no f1 on AR scarf"
    assert verdict["holding"] == verdict["failing"] == 0


def test_claims_of_the_methods_only():
    """Claims on methods that were not run, or on speed, would fill the table without figures."""
    chosen = claims_of(["FOCUS", "Backbone", "FOCUS-MP", "Deep3D-skin"])
    assert {each.id for each in chosen} >= {"1-AR-Backbone", "6-NoW-FOCUS-MP", "7-NoW", "8-scarf"}
    assert all(each.metric != "seconds" and not each.by for each in chosen) and len(chosen) < len(CLAIMS)


def test_repeats_and_is_json(four_runs):
    """claims.json changes from run to run, or cannot be read elsewhere."""
    assert json.dumps(one(four_runs), allow_nan=False) == json.dumps(one(four_runs), allow_nan=False)
