from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from focus.registry.testsets import IMAGE_SETS
from focus.report.bootstrap import Mean, Sample, interval, resampled_means
from focus.report.claims import CLAIMS, Claim
from focus.report.claims_text import claims_markdown
from focus.report.results import load_results
from focus.report.verdicts import evaluate_claims

ASKED = ["id", "claim", "table", "testset", "a", "b", "margin", "low", "high", "holds"]
KEYS = [*ASKED, "metric", "images", "mechanism", "reason"]


ONE_FIGURE = {"all": {"median": 1.0, "mean": 1.0, "std": 1.0, "images": 2}}


def rng():
    return np.random.default_rng(7)


def mean(weight, values, people=None):
    """A mean over the images of one run."""
    return Mean(weight, [Sample(values[None], people)])


def one(results, claim, resamples=2000, **options):
    (verdict,) = evaluate_claims([[results]], rng(), claims=[claim], resamples=resamples, **options)
    return verdict


def lower(testset, metric="rmse", a="Good", b="Poor", **options):
    return Claim("x", "a below b", 1, testset, a, b, metric, **options)


def test_all_seventeen_claims_are_there():
    """One of the paper's claims is not checked, or two entries share an id."""
    ids = [claim.id for claim in CLAIMS]
    assert sorted({int(id.split("-")[0]) for id in ids}) == list(range(1, 18))
    assert len(ids) == len(set(ids))
    assert all(claim.testset in IMAGE_SETS for claim in CLAIMS if claim.metric != "seconds")


def test_a_network_that_knows_no_shape_fails_claim_17(write_method, rows):
    """A network worse than the mean face would pass, or the claim would be about images in place of people."""
    people = [f"person{k // 2}" for k in range(8)]
    folders = []
    for name, medians in (("MoFA", [1.1] * 8), ("FOCUS", [0.8] * 8), ("mean face", [1.0] * 8)):
        made = rows("NoW", "none", "now_median", medians, points=9)
        made = [row | {"subject": person} for row, person in zip(made, people, strict=True)]
        pooled = {"all": {"median": medians[0], "mean": 1.0, "std": 0.1, "images": 8}}
        folders.append(write_method(name, made, pooled))
    verdicts = {v["id"]: v for v in evaluate_claims([[load_results(folders)]], rng(), resamples=100)}
    assert verdicts["17-NoW-MoFA"]["holds"] is False and verdicts["17-NoW-FOCUS"]["holds"] is True
    assert verdicts["17-NoW-MoFA"]["margin"] == pytest.approx(-0.1)
    assert verdicts["17-NoW-Backbone"]["reason"] == "no results of Backbone"


@pytest.mark.parametrize(
    ("testset", "metric", "margin", "images"),
    [
        ("CelebA-Occluded", "rmse", 1.0, 4),
        ("CelebA-Overall", "rmse", 1.0, 6),
        ("CelebA-Occluded minus Unoccluded", "rmse", 0.0, 6),
        ("AR-glasses", "f1", 0.1, 2),
        ("NoW", "now_median", 0.25, 4),
        ("AR-sidelight minus unoccluded", "f1", 0.0, 4),
    ],
)
def test_margins_by_hand(two_methods, testset, metric, margin, images):
    """A margin has the wrong size, sign or images."""
    claim = Claim("x", "", 1, testset, "Good", "Poor", metric)
    verdict = one(two_methods, claim)
    assert verdict["margin"] == pytest.approx(margin, abs=1e-9)
    assert verdict["images"] == images
    assert verdict["holds"] == (True if margin else "not resolved")
    back = one(two_methods, replace(claim, a="Poor", b="Good"))
    assert back["margin"] == pytest.approx(-margin, abs=1e-9)
    assert back["holds"] == (False if margin else "not resolved")


def test_overall_is_the_unweighted_mean_of_its_subsets(write_method, rows):
    """The larger CelebA subset weighs more in CelebA-Overall's claim."""
    folders = [
        write_method(name, rows("CelebA", "unoccluded", "rmse", [u] * 2) + rows("CelebA", "occluded", "rmse", [o] * 6))
        for name, u, o in (("Good", 1.0, 1.0), ("Poor", 2.0, 4.0))
    ]
    results = load_results(folders)
    assert one(results, lower("CelebA-Overall"))["margin"] == 2.0
    assert one(results, lower("CelebA-Occluded minus Unoccluded"))["margin"] == 2.0


def test_threshold_makes_non_inferiority(two_methods):
    """Claim 12 asks for a gain instead of "no worse by more than 0.02 mm"."""
    worse = lower("NoW", "now_median", a="Poor", b="Good", threshold=-0.3)
    assert one(two_methods, worse)["margin"] == pytest.approx(0.05)
    assert one(two_methods, worse)["holds"] is True


def test_same_images_are_paired(write_method, rows):
    """The spread between images, equal for both methods, drowns a difference that every image shows."""
    noise = np.random.default_rng(0)
    spread = noise.normal(10, 3, 100)
    gain = noise.normal(0.3, 0.1, 100)
    poor = write_method("Poor", rows("CelebA", "occluded", "rmse", list(spread)))
    paired = write_method("Good", rows("CelebA", "occluded", "rmse", list(spread - gain)))
    verdict = one(load_results([poor, paired]), lower("CelebA-Occluded"))
    assert verdict["holds"] is True
    assert verdict["images"] == 100
    assert verdict["high"] - verdict["low"] < 0.06
    others = rows("CelebA", "occluded", "rmse", list(spread - gain), start=1000)
    unpaired = write_method("Good", others, folder="others")
    verdict = one(load_results([poor, unpaired]), lower("CelebA-Occluded"))
    assert verdict["holds"] == "not resolved"
    assert verdict["images"] == 200
    assert verdict["high"] - verdict["low"] > 1.0


def test_only_shared_images_count(write_method, rows):
    """An image that only one method could process moves the difference."""
    poor = write_method("Poor", rows("CelebA", "occluded", "rmse", [2.0, 3.0, 100.0]))
    good = write_method("Good", rows("CelebA", "occluded", "rmse", [1.0, 2.0]))
    verdict = one(load_results([poor, good]), lower("CelebA-Occluded"))
    assert (verdict["margin"], verdict["images"]) == (1.0, 2)


def test_coverage_of_the_interval():
    """The 95 % interval holds the true mean much less or more often than 95 times of 100."""
    source = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        _, low, high = interval([mean(1.0, source.normal(2.0, 1.0, 60))], source, 1000)
        hits += low <= 2.0 <= high
    assert 0.91 <= hits / 300 <= 0.98


def test_interval_of_a_weighted_sum():
    """Weights are lost in the interval: its width is not that of the sum of independent means."""
    values = np.random.default_rng(2).normal(size=(2, 400))
    value, low, high = interval([mean(1.0, values[0]), mean(-0.5, values[1])], rng(), 4000)
    assert value == pytest.approx(values[0].mean() - values[1].mean() / 2)
    expected = 2 * 1.96 * np.sqrt(values[0].var() / 400 + values[1].var() / 1600)
    assert high - low == pytest.approx(expected, rel=0.06)


def test_images_of_one_person_are_drawn_together(write_method, rows):
    """20 images of each person would count as 20 people: intervals on NoW half as wide as they are."""
    people = np.repeat(np.random.default_rng(4).normal(0.1, 0.3, 21), 20)
    names = [f"p{k // 20}" for k in range(len(people))]
    folders = []
    for method, gain in (("Poor", 0.0), ("Good", 1.0)):
        made = rows("NoW", "unoccluded", "now_median", list(1 - gain * people), points=10)
        folders.append(
            write_method(method, [{**row, "subject": name} for row, name in zip(made, names, strict=True)], ONE_FIGURE)
        )
    claim = Claim("x", "", 2, "NoW", "Good", "Poor", "now_median")
    verdict = one(load_results(folders), claim)
    assert verdict["high"] - verdict["low"] == pytest.approx(2 * 1.96 * people.std() / np.sqrt(21), rel=0.12)


def test_samples_share_their_people():
    """A difference between two image sets of the same people would be as uncertain as one between strangers."""
    people = np.array([f"p{k}" for k in range(30)])
    values = np.random.default_rng(3).normal(size=30)
    same = [mean(1.0, values, people), mean(-1.0, np.repeat(values, 2), np.repeat(people, 2))]
    assert interval(same, rng(), 500) == pytest.approx((0, 0, 0), abs=1e-12)


def test_a_rare_person_is_left_out_where_not_drawn():
    """One resample without an image of a small sample would make the whole interval NaN."""
    rare = mean(1.0, np.array([1.0, 2.0]), np.array(["a", "b"]))
    many = mean(1.0, np.zeros(8), np.array(list("abcdefgh")))
    _, low, high = interval([rare, many], rng(), 2000)
    assert (low, high) == (1.0, 2.0)


def test_one_person_has_no_interval(two_methods, write_method, rows):
    """Twenty images of one person would give an interval of no width, and so a verdict."""
    folders = [
        write_method(
            method, [{**row, "subject": "s"} for row in rows("NoW", "occluded", "now_median", [a, a + 1])], ONE_FIGURE
        )
        for method, a in (("A", 1.0), ("B", 2.0))
    ]
    verdict = one(load_results(folders), Claim("x", "", 2, "NoW", "A", "B", "now_median"))
    assert verdict["holds"] is None and "one person" in verdict["reason"]


def test_bootstrap_memory_is_bounded():
    """10,000 resamples of a large set take gigabytes."""
    tracemalloc.start()
    resampled_means(np.zeros(3000), rng(), 10_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64e6


def test_absent_method_has_its_reason(two_methods):
    """A claim about a method that was not run vanishes, or counts as failed."""
    verdicts = evaluate_claims([[two_methods]], rng(), resamples=100)
    assert {int(v["id"].split("-")[0]) for v in verdicts} == set(range(1, 18))
    assert all(v["holds"] is None and v["margin"] is None and v["reason"] for v in verdicts)
    assert one(two_methods, lower("AR", b="MoFA"))["reason"] == "no results of MoFA"
    assert one(two_methods, lower("NoW", "rmse"))["reason"] == "Good has no rmse on NoW"


def test_absent_method_changes_no_other_interval(two_methods):
    """Running one more method moves the intervals of claims that it has no part in."""
    first, second = lower("AR", b="MoFA"), lower("CelebA-Occluded", "rmse")
    alone = evaluate_claims([[two_methods]], rng(), claims=[first, second], resamples=500)[1]
    present = evaluate_claims([[two_methods]], rng(), claims=[replace(first, b="Poor"), second], resamples=500)[1]
    assert alone == present


def test_by_occluder(write_method, rows):
    """F1 is not told apart by occluder type and size."""
    folders = []
    for name, gain in (("Good", 0.1), ("Poor", 0.0)):
        made = rows("AR", "glasses", "f1", [0.7 + gain, 0.8 + gain] * 10, occluder="glasses", occluder_fraction=0.05)
        made += rows("AR", "scarf", "f1", [0.6 - gain, 0.5 - gain] * 10, occluder="hand", occluder_fraction=0.4)
        made += rows("AR", "unoccluded", "f1", [0.9, 0.9], occluder="none", occluder_fraction=0.0)
        folders.append(write_method(name, made))
    results = load_results(folders)
    kinds = {}
    for column in ("occluder", "occluder_fraction"):
        claim = Claim("14-AR", "F1", None, "AR", "Good", "Poor", "f1", by=column)
        kinds |= {v["id"]: v["holds"] for v in evaluate_claims([[results]], rng(), claims=[claim], resamples=200)}
    assert kinds == {"14-AR-glasses": True, "14-AR-hand": False, "14-AR-small": True, "14-AR-large": False}


def test_small_groups_of_occluders_have_no_verdict(write_method, rows):
    """Nineteen images of one occluder type would hold or refute a claim."""

    def write(name: str, f1: float):
        return write_method(name, rows("AR", "scarf", "f1", [f1] * 19, occluder="scarf", occluder_fraction=0.4))

    results = load_results([write("Good", 0.9), write("Poor", 0.5)])
    claim = Claim("14-AR", "F1", None, "AR", "Good", "Poor", "f1", by="occluder")
    (found,) = evaluate_claims([[results]], rng(), claims=[claim], resamples=200)
    assert found["holds"] is None and found["reason"].startswith("fewer than 20 images of AR")


def test_speed(two_methods):
    """Claim 16's margin is not the ratio of seconds per image less the claimed factor."""
    claim = next(claim for claim in CLAIMS if claim.metric == "seconds")
    many = one(two_methods, claim, timings={"FOCUS": [0.01, 0.03], "Egger-like": [4.0, 4.0]})
    assert many["margin"] == pytest.approx(100.0)
    assert many["low"] < 100 < many["high"]
    assert many["holds"] is True
    single = one(two_methods, claim, timings={"FOCUS": [0.01], "Egger-like": [0.5]})
    assert (single["margin"], single["holds"]) == (pytest.approx(-50.0), False)
    assert one(two_methods, claim, timings={"FOCUS": [0.01]})["reason"] == "no timing of Egger-like"


def test_external_stands_in(write_method, rows):
    """A claim against Deep3D stays empty though a user gave Deep3D's predictions."""
    ours = write_method("FOCUS", rows("CelebA", "occluded", "rmse", [1.0, 2.0]))
    theirs = write_method("Deep3D", rows("CelebA", "occluded", "rmse", [2.0, 3.0]), folder="external")
    verdicts = evaluate_claims([[load_results([ours], [theirs])]], rng(), resamples=100)
    assert next(v for v in verdicts if v["id"] == "2-CelebA-Occluded-Deep3D")["margin"] == 1.0


def test_form_and_repeat(two_methods):
    """claims.json lacks a key, is not JSON, or changes from run to run."""
    claims = [lower("CelebA-Occluded"), lower("AR", b="MoFA")]
    first, again = (evaluate_claims([[two_methods]], rng(), claims=claims, resamples=300) for _ in range(2))
    assert [list(verdict) for verdict in first] == [KEYS, KEYS]
    assert json.dumps(first, allow_nan=False) == json.dumps(again, allow_nan=False)
    assert claims_markdown(first, "n") == claims_markdown(again, "n")


def test_markdown(two_methods):
    """The page's claims section hides an interval, a reason or the counts."""
    claims = [replace(lower("CelebA-Occluded"), id="1-A<B", mechanism=True), lower("AR", b="MoFA")]
    text = claims_markdown(evaluate_claims([[two_methods]], rng(), claims=claims, resamples=300), "run: demo")
    assert "2 comparisons: 1 hold, 0 do not, 0 not resolved, 1 without data." in text
    assert (
        "| **`1-A<B`** | a below b | 1 | CelebA-Occluded | Good | Poor | +1.000 RMSE | +1.000 … +1.000 | 4 | yes |"
        in text.splitlines()
    )
    assert "| n/a: no results of MoFA |" in text
    assert text.startswith("*run: demo*\n")
