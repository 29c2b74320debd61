"""`focus plan`: every training is in it, costs follow the profile, and it says what it rests on."""

from __future__ import annotations

import shutil

import pytest
from typer.testing import CliRunner

import dvc_dag
import record_costs
from focus import cli
from focus.commands.plan import plan, print_plan, read_measured, trainings
from focus.errors import FocusError
from focus.files import read_json, write_json
from focus.settings import Profile, read_params, read_profile
from projects import ROOT


@pytest.fixture
def demo() -> Profile:
    return read_profile("demo", ROOT)


def costs(profile: Profile, runs: int = 1) -> dict[str, float]:
    return {each.stage: each.cpu_s for each in plan(read_params(ROOT), profile, read_measured(ROOT), runs)}


def changed(profile: Profile, section: str, **values: object) -> Profile:
    return profile.model_copy(update={section: getattr(profile, section).model_copy(update=values)})


def test_the_plan_has_every_training_of_dvc_yaml(demo):
    """A training's cost would be left out, or one planned that does not exist."""
    kinds = ("initialise", "pretrain", "r_syn", "train")
    stages = {name.replace("@", "/") for name in dvc_dag.load(ROOT) if name.partition("@")[0] in kinds}
    assert set(costs(demo)) == stages


def test_trainings_grow_with_steps_batch_area_and_runs(demo):
    """A longer schedule, a larger batch, larger images or more runs would look free."""
    once = costs(demo)["initialise"]
    longer = changed(demo, "initialise", steps=2 * demo.initialise.steps)
    batched = changed(demo, "training", batch=3 * demo.training.batch)
    larger = changed(demo, "image", side=2 * demo.image.side)
    found = [costs(profile)["initialise"] for profile in (longer, batched, larger)]
    assert found == [pytest.approx(factor * once) for factor in (2, 3, 4)]
    assert costs(demo, runs=9)["initialise"] == pytest.approx(9 * once)


def test_a_variants_losses_and_schedule_count(demo):
    """All variants would seem to cost the same."""
    found = costs(demo)
    assert found["train/Pretrained"] == 0 < found["train/MoFA"] < found["train/Backbone"] < found["train/FOCUS"]


def test_damaged_costs_are_one_line(tmp_path):
    """`focus plan` would end in a traceback."""
    write_json(tmp_path / "benchmarks/results/costs.json", {"machine": 3})
    with pytest.raises(FocusError, match=r"costs\.json: \w+: "):
        read_measured(tmp_path)


def test_paper_has_gpu_hours_and_paper_short_a_tenth():
    """Nobody could tell what to ask a cluster for."""
    params, measured = read_params(ROOT), read_measured(ROOT)
    paper, short = (
        {each.stage: each.gpu_s for each in plan(params, read_profile(name, ROOT), measured)}
        for name in ("paper", "paper-short")
    )
    assert paper["train/FOCUS"] > 3600
    assert short["train/FOCUS"] == pytest.approx(paper["train/FOCUS"] / 10, rel=1e-3)  # turns of 5,001 and 24,999


def test_an_encoder_that_was_not_measured_has_steps_without_hours(demo):
    """`focus plan` would end in a traceback for a reader's own encoder."""
    measured = read_measured(ROOT).model_copy(update={"steps": {}})
    (first, *_) = plan(read_params(ROOT), demo, measured)
    assert first.steps == demo.initialise.steps and first.cpu_s is first.gpu_s is None


def test_what_is_extrapolated_is_said(capsys):
    """GPU hours from counted arithmetic would pass for measured ones."""
    measured = read_measured(ROOT).model_copy(update={"gpu": record_costs.EXTRAPOLATED})
    print_plan("title", plan(read_params(ROOT), read_profile("paper", ROOT), measured), measured)
    assert "GPU h: extrapolated" in capsys.readouterr().out


def test_costs_come_from_a_runs_logs(tmp_path, monkeypatch):
    """scripts/record_costs.py would fail on the logs that a run leaves, or not give back what the run has cost."""
    params = read_params(ROOT)
    profile = read_profile(params.profile, ROOT)
    spent = {stage: 2.0 * steps.total() for stage, steps in trainings(params, profile).items()}
    spent |= {"headline": 1.0, "tables": 2.5}
    host = {"machine": "m", "cores": 2, "cpu_capability": "c", "torch": "t"}
    logs = {name: {"cpu_s": seconds, **host} for name, seconds in spent.items()}
    write_json(tmp_path / "logs/cost.json", {"stages": logs})
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "profiles").symlink_to(ROOT / "profiles")
    write_json(tmp_path / "benchmarks/results/steps.json", read_json(ROOT / "benchmarks/results/steps.json"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["record_costs.py"])
    record_costs.main()
    measured = read_measured()
    found = {each.stage: each.cpu_s for each in plan(params, profile, measured)}
    names = ("initialise", "pretrain", "train/MoFA", "train/Backbone", "train/FOCUS")
    assert measured.others_s == 3.5
    assert [found[name] for name in names] == [pytest.approx(spent[name], rel=1e-3) for name in names]


@pytest.mark.parametrize(
    ("arguments", "title"),
    [(["--profile", "paper"], "Profile paper"), (["--worlds", "3", "--seeds", "3"], ", 3 worlds x 3 seeds")],
)
def test_command(monkeypatch: pytest.MonkeyPatch, arguments, title):
    """`focus plan` would fail, or plan a plain run in place of the study."""
    monkeypatch.chdir(ROOT)
    printed = CliRunner().invoke(cli.app, ["plan", *arguments]).output
    assert title in printed and "train/FOCUS" in printed and "all trainings" in printed
    assert ("train/Deep3D-skin" in printed) == ("paper" in arguments)
