"""The released schedules: learning rates and turns of profile `paper` against the authors' own loop."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tiny
from focus.methods.em import turns
from focus.settings import Optimiser
from focus.training.loop import Plan, train
from focus.training.optimisers import OptimiserPlan
from focus.training.turns import Turn

RELATIVE = 1e-6


@pytest.fixture(scope="module")
def figures(golden) -> dict[str, np.ndarray]:
    """The authors' rates and turns."""
    return golden.arrays("schedules")


def rates(plan: Optimiser, iterations: np.ndarray) -> list[float]:
    built = OptimiserPlan(plan)
    return [built.rate(int(iteration), 0) for iteration in iterations]


@pytest.mark.parametrize(("network", "key"), [("reconstruction", "R"), ("segmentation", "S")])
def test_rates_of_the_rounds(profile_paper, figures, network, key):
    """S's rate was 7.8 times the released one in the ninth round while it fell with S's own steps alone."""
    plan = getattr(profile_paper.em, network)
    np.testing.assert_allclose(rates(plan, figures["iteration"]), figures[f"lr_{key}"], rtol=RELATIVE)
    np.testing.assert_allclose(rates(plan, figures["lr_edge_iteration"]), figures[f"lr_edge_{key}"], rtol=RELATIVE)


@pytest.mark.parametrize(("section", "key"), [("initialise", "init"), ("pretrain", "pretrain")])
def test_rates_before_the_rounds(profile_paper, figures, section, key):
    """The initialisation of R, or the pre-training of S, would run by another schedule."""
    plan = getattr(profile_paper, section).optimiser
    np.testing.assert_allclose(rates(plan, figures[f"{key}_iteration"]), figures[f"{key}_lr"], rtol=RELATIVE)


def test_turns(profile_paper, figures):
    """A round would not be the released one: 5,001 steps of S, then 24,999 of R."""
    order = turns(profile_paper, "em")
    assert [turn.steps for turn in order] == figures["turn_length"].tolist()
    assert [turn.network == "reconstruction" for turn in order] == figures["turn_is_R"].tolist()
    assert np.cumsum([0, *(turn.steps for turn in order)])[:-1].tolist() == figures["turn_start"].tolist()
    steps = [sum(turn.steps for turn in order if turn.network == name) for name in ("reconstruction", "segmentation")]
    assert steps == [figures["count_R"], figures["count_S"]]


@pytest.mark.parametrize(("network", "key"), [("reconstruction", "R"), ("segmentation", "S")])
def test_adaptation_goes_on_with_the_rates_of_its_start(profile_paper, figures, network, key):
    """Adaptation would run at other rates than the release's: 0.026 for R, 1.8e-4 for S."""
    plan, start = profile_paper.adaptation, profile_paper.adaptation.start
    adapting = OptimiserPlan(getattr(profile_paper.em, network), lr_share=plan.lr_share, start=start)
    expected = figures[f"lr_{key}"][figures["iteration"] == start]
    np.testing.assert_allclose([adapting.rate(0, plan.steps)], expected, rtol=RELATIVE)


def test_adaptation_begins_with_the_turn_of_its_start(profile_paper, figures):
    """S would be trained first, where the release trains R."""
    place = np.searchsorted(figures["turn_start"], profile_paper.adaptation.start, "right") - 1
    [first, *_] = turns(profile_paper, "adaptation")
    assert (first.network == "reconstruction") == bool(figures["turn_is_R"][place])


def test_the_network_in_turn_trains_alone(figures):
    """Batch statistics of the frozen network would move, as they do not in the released code."""
    networks = {"R": nn.Linear(1, 1), "S": nn.Linear(1, 1)}
    modes: dict[str, bool] = {}

    def objective(turn: str, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        modes.update({f"{name}_training_flag_in_{turn}_turn": networks[name].training for name in networks})
        return networks[turn](torch.ones(1, 1)).sum(), {}

    train(
        Plan(
            networks=networks,
            objectives={name: partial(objective, name) for name in networks},
            optimisers={name: tiny.optimiser("adam", 0.1) for name in networks},
            turns=[Turn("S", 1), Turn("R", 1)],
            seed=0,
        )
    )
    assert modes == {key: bool(figures[key][0]) for key in modes} and len(modes) == 4


def test_adadelta(profile_paper, figures):
    """Adadelta would average over other windows than the released code's."""
    [group] = OptimiserPlan(profile_paper.em.reconstruction).build(nn.Linear(1, 1)).param_groups
    found = (group["rho"], group["eps"], group["weight_decay"])
    assert found == pytest.approx(tuple(figures["adadelta_rho_eps_weight_decay"]))
