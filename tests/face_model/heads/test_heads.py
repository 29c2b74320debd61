import json
from pathlib import Path

import numpy as np
import pytest

from focus.face_model.heads.heads import Heads, aligned, load_heads, weights
from focus.face_model.heads.people import (
    AGES,
    ANCESTRIES,
    MUSCLES,
    SEXES,
    WEIGHTS,
    Changes,
    action_names,
    draw_actions,
    draw_phenotypes,
    phenotype_targets,
)

REFERENCE = json.loads((Path(__file__).parents[2] / "fixtures/heads/anny.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def heads() -> Heads:
    return load_heads()


def _factors(person: dict) -> dict[str, np.ndarray]:
    """The package's phenotype values as factor weights; its gender 0 is male, its `young` is at age 2/3."""
    values = person["phenotype"]
    old = 3 * values["age"] - 2
    low_to_high = {}
    for names, value in ((MUSCLES, values["muscle"]), (WEIGHTS, values["weight"])):
        low_to_high |= dict(
            zip(names, (max(1 - 2 * value, 0), 1 - abs(2 * value - 1), max(2 * value - 1, 0)), strict=True)
        )
    single = low_to_high | {name: values[name] for name in ANCESTRIES}
    single |= dict(zip(SEXES, (values["gender"], 1 - values["gender"]), strict=True))
    single |= dict(zip(AGES, (1 - old, old), strict=True))
    return {name: np.array([weight]) for name, weight in single.items()}


@pytest.mark.parametrize("person", REFERENCE["people"])
def test_same_head_as_the_package_makes(heads, person):
    """If it fails, targets are summed in another way than MakeHuman's package sums them."""
    names = [positive.split("/")[1] for _, positive in heads.changes.pairs]
    changes = np.zeros((1, len(names)))
    for name, value in person["changes"].items():
        changes[0, names.index(name)] = value
    strengths = {name: np.array([person["actions"].get(name, 0.0)]) for name in action_names()}
    used = heads.template(0).used
    shared = np.isin(REFERENCE["ids"], used)
    place = np.searchsorted(used, np.array(REFERENCE["ids"])[shared])
    assert shared.sum() > 90
    # The package does not align its heads: a neutral one is compared up to a rigid move.
    found = heads.neutral(_factors(person), changes)[0, place]
    expected = np.array(person["neutral"], dtype=np.float32)[shared]
    fitted = aligned(expected[None], found.astype(float), np.arange(len(found)))[0]
    np.testing.assert_allclose(fitted, found, atol=5e-3)
    np.testing.assert_allclose(heads.expressions(strengths)[0, place], np.array(person["offset"])[shared], atol=2e-3)


def test_weights_of_a_grid_sum_to_one(heads):
    """If it fails, heads shrink or grow with age, sex or weight by an error of interpolation."""
    drawn = draw_phenotypes(50, np.random.default_rng(0), rich=True)
    found = weights(drawn, phenotype_targets())
    np.testing.assert_allclose(found[:, :36].sum(1), 1)
    np.testing.assert_allclose(found[:, 36:].sum(1), 1)
    assert found.min() >= 0


def test_plain_faces_are_symmetric_and_rich_ones_are_not(heads):
    """If it fails, the people hold nothing that the model's sample leaves out, or the model's sample is lopsided."""
    names = [positive for _, positive in heads.changes.pairs]
    left, right = names.index("eyes/l-eye-scale-incr"), names.index("eyes/r-eye-scale-incr")
    ear, asymmetry = names.index("ears/l-ear-wing-incr"), names.index("asym/asym-jaw-1-r")
    plain, rich = (heads.changes.draw(200, np.random.default_rng(0), rich) for rich in (False, True))
    np.testing.assert_array_equal(plain[:, left], plain[:, right])
    assert np.abs(rich[:, left] - rich[:, right]).mean() > 0.01
    assert not plain[:, [ear, asymmetry]].any() and rich[:, [ear, asymmetry]].std(0).min() > 0.03
    assert np.abs(rich).max() <= 0.9


def test_same_bits_on_repeat(heads):
    """If it fails, model and data sets change from run to run."""
    again = Heads()
    for one, two in zip(*(_some(h) for h in (heads, again)), strict=True):
        np.testing.assert_array_equal(one, two)


def _some(heads: Heads) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    neutral = heads.neutral(draw_phenotypes(3, rng, True), heads.changes.draw(3, rng, True))
    return neutral, heads.expressions(draw_actions(3, rng))


def test_heads_are_aligned(heads):
    """If it fails, a person's head floats away from the place that poses are about."""
    rng = np.random.default_rng(1)
    drawn = heads.neutral(draw_phenotypes(20, rng, False), heads.changes.draw(20, rng, False))
    template = heads.template(0)
    offset = (drawn - heads.mean[template.used])[:, template.anchors]
    assert np.abs(offset.mean(1)).max() < 0.05
    assert 2 < np.sqrt((offset**2).sum(-1).mean()) < 5


def test_alignment_by_hand():
    """If it fails, the rotation is inverted or a mirror image is taken for one."""
    points = np.random.default_rng(0).standard_normal((1, 9, 3)).astype(np.float32)
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    moved = (points @ turn.T + 5).astype(np.float32)
    np.testing.assert_allclose(aligned(moved, points[0].astype(float), np.arange(9)), points, atol=1e-5)
    mirrored = aligned(points * np.float32([-1, 1, 1]), points[0].astype(float), np.arange(9))
    assert np.abs(mirrored - points).max() > 0.1


def test_every_action_moves_the_face(heads):
    """If it fails, an expression is named that does nothing."""
    names = action_names()
    assert len(set(names)) == len(names) == 50
    for index, name in enumerate(names):
        strengths = {other: np.array([float(other == name)]) for other in names}
        assert np.abs(heads.expressions(strengths)).max() > 0.5, (index, name)


def test_changes_keep_their_order(heads):
    """If it fails, a draw means another change from one run to the next."""
    assert Changes(heads._files).pairs == heads.changes.pairs
