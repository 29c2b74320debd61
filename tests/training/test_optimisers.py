"""Learning-rate shapes by hand, and the optimisers by name."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import tiny
from focus.training.optimisers import OptimiserPlan


def test_cosine_with_warm_up_by_hand():
    """The learning rate would have another shape than the profile's comment says."""
    plan = tiny.optimiser("adam", 2.0, "cosine", warmup=4, final=0.1)
    assert [plan.rate(step, 104) for step in (0, 1, 3)] == pytest.approx([2 * 0.25, 2 * 0.5, 2.0])
    assert plan.rate(4, 104) == pytest.approx(2.0)
    assert plan.rate(54, 104) == pytest.approx(2 * 0.55)
    assert plan.rate(79, 104) == pytest.approx(2 * (0.1 + 0.9 * 0.1464466))
    assert plan.rate(103, 104) == pytest.approx(2 * (0.1 + 0.9 * 0.000246720))
    rates = [plan.rate(step, 104) for step in range(4, 104)]
    assert rates == sorted(rates, reverse=True)


def test_a_training_shorter_than_its_warm_up():
    """Its rate would be divided by nothing, or fall before it has risen."""
    plan = tiny.optimiser("adam", 1.0, warmup=10)
    assert [plan.rate(step, 5) for step in range(5)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert plan.rate(10, 10) == 1.0


def test_a_share_of_the_learning_rate():
    """Adaptation would run at the full learning rate."""
    plan = OptimiserPlan(tiny.optimiser("adam", 2.0, warmup=2).settings, lr_share=0.5)
    assert (plan.lr, plan.rate(0, 10), plan.rate(2, 10)) == (1.0, 0.5, 1.0)


def test_no_warm_up():
    """The first step would be lost."""
    assert tiny.optimiser("adam", 3.0).rate(0, 10) == 3.0


def test_released_codes_steps_by_hand():
    """The released 0.99 per 5,000 iterations would be another schedule."""
    plan = tiny.optimiser("adadelta", 0.1, "step", decay=0.99, decay_every=5000)
    rates = [plan.rate(step, 300000) for step in (0, 4999, 5000, 9999, 10000, 299999)]
    assert rates == pytest.approx([0.1, 0.1, 0.099, 0.099, 0.09801, 0.1 * 0.99**59])


def test_a_training_that_goes_on_has_the_rates_of_its_iteration():
    """Test-time adaptation would begin again with the rates of iteration 0."""
    whole = tiny.optimiser("adadelta", 0.0438, "step", decay=0.99, decay_every=5000)
    resumed = tiny.optimiser("adadelta", 0.0438, "step", decay=0.99, decay_every=5000, start=260_000)
    assert [resumed.rate(step, 10_000) for step in (0, 5000)] == [
        whole.rate(step, 270_000) for step in (260_000, 265_000)
    ]


@pytest.mark.parametrize(
    ("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("adadelta", torch.optim.Adadelta)]
)
def test_build(name, kind):
    """Another optimiser would be used, or frozen weights trained."""
    network = nn.Linear(2, 2)
    network.bias.requires_grad_(False)
    optimiser = tiny.optimiser(name, 0.5, weight_decay=0.25).build(network)
    assert type(optimiser) is kind
    (group,) = optimiser.param_groups
    assert [id(weight) for weight in group["params"]] == [id(network.weight)]
    assert (group["lr"], group["weight_decay"]) == (0.5, 0.25)
