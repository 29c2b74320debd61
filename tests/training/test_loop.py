"""The training loop: turns, resumption bit for bit, and what is left when it fails."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from torch import nn

import tiny
from em_training import TURNS, StoppedError, em, weights
from focus.errors import FocusError
from focus.training.checkpoint import Checkpoint
from focus.training.loop import Plan, train
from focus.training.turns import Turn
from second_device import second_device


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return tiny.packed_faces(tmp_path_factory.mktemp("faces") / "set")


def assert_same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    different = [key for key in first if not torch.equal(first[key], second[key])]
    assert first.keys() == second.keys() and different == []


@pytest.fixture(scope="module")
def undisturbed(packed, tmp_path_factory) -> tuple[dict[str, torch.Tensor], str]:
    """Weights and curve of a run that nothing stopped and that wrote no checkpoint."""
    plan, curve = em(packed), tmp_path_factory.mktemp("curve") / "curve.csv"
    train(plan, curve)
    return weights(plan), curve.read_text()


@pytest.mark.parametrize("stop_at", [1, 2, 4, 5, 8])  # in and between the turns of both rounds
def test_resumed_equals_undisturbed(packed, undisturbed, tmp_path, stop_at):
    """A training stopped in an R or S turn, or between two, would end with other weights or another curve."""
    checkpoint, curve = Checkpoint(tmp_path / "c" / "checkpoint.pt", "key", 1), tmp_path / "curve.csv"
    with pytest.raises(StoppedError):
        train(em(packed, checkpoint, stop_at), curve)
    assert not curve.exists() and checkpoint.load()["step"] == stop_at
    torch.manual_seed(99)  # a new process starts from another global state
    plan = em(packed, checkpoint)
    train(plan, curve)
    assert_same(weights(plan), undisturbed[0])
    assert curve.read_text() == undisturbed[1]


def test_resumed_from_between_two_checkpoints(packed, undisturbed, tmp_path, caplog):
    """The steps after the last checkpoint would be lost or done twice, or the log not say where training resumes."""
    caplog.set_level(logging.INFO)
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", "key", 4)
    with pytest.raises(StoppedError):
        train(em(packed, checkpoint, 7))
    assert checkpoint.load()["step"] == 4
    plan = em(packed, checkpoint)
    train(plan, tmp_path / "curve.csv")
    assert_same(weights(plan), undisturbed[0])
    assert (tmp_path / "curve.csv").read_text() == undisturbed[1]
    assert f"{plan.title}: resuming from step 4 of {plan.total}" in caplog.messages


@pytest.mark.parametrize("spoil", ["settings", "truncated", "words"])
def test_checkpoint_that_does_not_fit_is_ignored(packed, undisturbed, tmp_path, spoil):
    """Weights of other settings would be trained on, or a damaged file end the training for good."""
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(StoppedError):
        train(em(packed, Checkpoint(path, "key", 1), 6))
    content = path.read_bytes()
    path.write_bytes({"settings": content, "truncated": content[: len(content) // 2], "words": b"words"}[spoil])
    plan = em(packed, Checkpoint(path, "other" if spoil == "settings" else "key", 100))
    train(plan)
    assert_same(weights(plan), undisturbed[0])


def test_only_the_network_in_turn_moves(packed):
    """The inactive network would be trained, or its batch statistics and dropout be active."""
    plan = em(packed)
    before, seen = {key: value.clone() for key, value in weights(plan).items()}, []
    for name, objective in plan.objectives.items():

        def watched(step, name=name, objective=objective):
            other = plan.networks["segmentation" if name == "reconstruction" else "reconstruction"]
            assert all(part.training for part in plan.networks[name].modules())
            assert not any(part.training for part in other.modules())
            assert not any(weight.requires_grad for weight in other.parameters())
            assert all(weight.requires_grad for weight in plan.networks[name].parameters())
            now = weights(plan)
            changed = {key.partition(".")[0] for key in now if not torch.equal(now[key], before[key])}
            before.update({key: value.clone() for key, value in now.items()})
            seen.append((name, changed))
            return objective(step)

        plan.objectives[name] = watched
    train(plan)
    assert [name for name, _ in seen] == [turn.network for turn in TURNS for _ in range(turn.steps)]
    assert [changed for _, changed in seen[1:]] == [{name} for name, _ in seen[:-1]]
    assert not any(net.training for net in plan.networks.values())


def test_optimisers_and_rates_go_on_across_rounds(packed, tmp_path):
    """Each EM round would start with an empty Adam and at the schedule's beginning."""
    checkpoint = Checkpoint(tmp_path / "checkpoint.pt", "key", 9)
    plan = em(packed, checkpoint)
    train(plan)
    state = torch.load(checkpoint.path, weights_only=True)["optimisers"]
    assert {float(entry["step"]) for entry in state["segmentation"]["state"].values()} == {4.0}
    assert {float(entry["step"]) for entry in state["reconstruction"]["state"].values()} == {5.0}
    assert [step for step, name in plan.order() if name == "reconstruction"] == [2, 3, 4, 7, 8, 9]
    expected = plan.optimisers["reconstruction"].rate(8, 10)
    assert state["reconstruction"]["param_groups"][0]["lr"] == pytest.approx(expected)


def test_a_baseline_makes_the_steps_of_the_full_method(packed):
    """It would see other batches, at other rates, and differ from the full method for that reason too."""
    full, baseline = em(packed), em(packed)
    del baseline.objectives["segmentation"]
    of_r = [(step, name) for step, name in full.order() if name == "reconstruction"]
    assert list(baseline.order()) == of_r and baseline.total == full.total


class Scalar(nn.Module):
    """One weight: loss and gradient by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))


def scalar_plan(objective, steps: int = 6, checkpoint: Checkpoint | None = None, **optimiser) -> Plan:
    network = Scalar()
    return Plan(
        networks={"net": network},
        objectives={"net": lambda step: objective(network.weight, step)},
        optimisers={"net": tiny.optimiser("adam", 0.1, **optimiser)},
        turns=[Turn("net", steps)],
        seed=0,
        log_every=2,
        checkpoint=checkpoint,
        title="train a number",
    )


def test_loss_that_is_not_finite(tmp_path):
    """A diverged training would go on and write a result, or not say where it broke."""

    def objective(weight, step):
        loss = weight * (float("nan") if step == 3 else 1.0)
        return loss, {"pixel": loss.detach(), "area": torch.tensor(0.25)}

    checkpoint, curve = Checkpoint(tmp_path / "c" / "checkpoint.pt", "key", 1), tmp_path / "curve.csv"
    plan = scalar_plan(objective, checkpoint=checkpoint)
    with pytest.raises(FocusError) as caught:
        train(plan, curve)
    text = str(caught.value)
    assert "train a number: the loss is not finite at step 3 (pixel nan, area 0.25); expected" in text
    assert str(checkpoint.path) in text and "\n" not in text
    assert not curve.exists() and checkpoint.load()["step"] == 3
    assert all(torch.isfinite(value).all() for value in checkpoint.load()["networks"]["net"].values())


@pytest.mark.parametrize("clip", [0.0, 1.0])
def test_gradient_that_is_not_finite(tmp_path, clip):
    """A finite loss with a NaN gradient would spoil the weights, the result and the checkpoint to go on from."""

    def objective(weight, step):
        loss = weight * 1.0 if step < 5 else (weight - weight.detach()).abs().sqrt()
        return loss, {"pixel": loss.detach()}

    checkpoint = Checkpoint(tmp_path / "c" / "checkpoint.pt", "key", 1)
    plan = scalar_plan(objective, checkpoint=checkpoint, clip=clip)
    with pytest.raises(FocusError, match=r"the gradient's norm is not finite at step 5 \(pixel 0\)"):
        train(plan)
    assert torch.isfinite(plan.networks["net"].weight) and checkpoint.load()["step"] == 5


def test_elsewhere_a_nan_is_found_before_it_is_saved(tmp_path, monkeypatch):
    """On a GPU only some steps ask whether all is finite; a checkpoint in between would keep the spoilt weights."""

    def objective(weight, step):
        loss = (weight * (float("nan") if step == 3 else 1.0)).sum()
        return loss, {"pixel": loss.detach()}

    saved = []
    monkeypatch.setattr(Checkpoint, "save", lambda checkpoint, state: saved.append(state["step"]))
    with second_device() as found:
        plan = scalar_plan(objective, steps=20, checkpoint=Checkpoint(tmp_path / "checkpoint.pt", "key", 3))
        plan.log_every = 1000
        plan.networks["net"].to(found)
        with pytest.raises(FocusError, match=r"the loss is not finite at step 5 or before \(pixel nan\)"):
            train(plan)
    assert saved == [3]


def test_clip():
    """One bad batch would throw the weights far away; or no clipping would change gradients."""

    def sgd_like(clip):
        plan = scalar_plan(lambda weight, step: (100 * weight, {}), steps=1, clip=clip)
        train(plan)
        return plan.networks["net"].weight.grad

    assert float(sgd_like(5.0)) == pytest.approx(5.0, rel=1e-4)
    assert float(sgd_like(0.0)) == 100.0


def test_curve(tmp_path):
    """The training curve would lack steps, terms of one network, or the last step."""
    networks = {"a": Scalar(), "b": Scalar()}
    plan = Plan(
        networks=networks,
        objectives={
            "a": lambda step: (networks["a"].weight * 0 + 1 / 3, {"pixel": torch.tensor(2.0 + step)}),
            "b": lambda step: (networks["b"].weight * 0 + 1e-7, {"area": torch.tensor(-1.0)}),
        },
        optimisers={name: tiny.optimiser("adam", 0.1) for name in networks},
        turns=[Turn("a", 3), Turn("b", 3)],
        seed=0,
        log_every=2,
    )
    path = tmp_path / "curves" / "x.csv"
    train(plan, path)
    assert path.read_text() == (
        "step,network,loss,pixel,area\n0,a,0.333333,2,\n2,a,0.333333,4,\n4,b,1e-07,,-1\n5,b,1e-07,,-1\n"
    )


def test_no_steps(tmp_path):
    """A reference row (schedule none) would fail or change the weights."""
    plan = scalar_plan(lambda weight, step: (weight, {}), steps=0)
    plan.turns = []
    train(plan, tmp_path / "curve.csv")
    assert plan.networks["net"].weight.item() == 1.0 and not plan.networks["net"].training
    assert (tmp_path / "curve.csv").is_file()


def test_log_lines_name_the_step(caplog):
    """A log file would show a progress bar's control codes, or nothing."""
    caplog.set_level(logging.INFO)
    train(scalar_plan(lambda weight, step: (weight * 1.0, {}), steps=3))
    lines = caplog.messages
    assert lines[0] == "train a number: step 0 of 3, net, loss 1" and len(lines) == 2


def test_dropout_differs_from_step_to_step():
    """Dropout would leave out the same channels in every step."""
    draws = []
    train(scalar_plan(lambda weight, step: draws.append(torch.rand(1).item()) or (weight * 1.0, {})))
    assert len(set(draws)) == len(draws) == 6


def test_frozen_weights_stay_frozen():
    """Weights that a network keeps fixed, as the embedding's scale of F, would be trained."""
    network = nn.Linear(2, 1)
    network.bias.requires_grad_(False)
    plan = Plan(
        networks={"net": network},
        objectives={"net": lambda step: (network(torch.ones(1, 2)).sum(), {})},
        optimisers={"net": tiny.optimiser("adam", 0.1)},
        turns=[Turn("net", 2)],
        seed=0,
    )
    before = network.bias.clone()
    train(plan)
    assert torch.equal(network.bias, before) and not network.bias.requires_grad


def test_checkpoint_is_outside_the_result(tmp_path):
    """Both engines delete a stage's outs before a run: the checkpoint must not be among them."""
    from focus.stages import paths

    outs = (paths.MODELS, paths.RESULTS, paths.PACKED.parent)
    assert not any(Path(paths.checkpoint("train/FOCUS")).is_relative_to(out) for out in outs)
