"""`focus plan`: every stage is in it, costs follow the profile, and it says what it rests on."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import dvc_dag
from focus import cli
from focus.planning import estimate, read_measured
from focus.settings import Profile, read_params, read_profile
from projects import ROOT

# CPU seconds of stages of a demo run other than the one in measured.json, on the same type of machine.
ANOTHER_RUN = {"datasets@ar": 20.30, "detector": 94.35, "initialise": 158.07, "recogniser": 87.05, "r_syn@plain": 54.15}


@pytest.fixture
def demo() -> Profile:
    return read_profile("demo", ROOT)


def costs(profile: Profile) -> dict[str, float]:
    return {each.stage: each.cpu_s for each in estimate(read_params(ROOT), profile, read_measured())}


def changed(profile: Profile, section: str, **values: object) -> Profile:
    return profile.model_copy(update={section: getattr(profile, section).model_copy(update=values)})


def test_the_plan_has_every_stage_of_dvc_yaml(demo):
    """A stage's cost would be left out, or one planned that does not exist."""
    assert set(costs(demo)) == set(dvc_dag.load(ROOT))


def test_the_demo_is_predicted_within_30_percent(demo):
    """The plan would be no plan."""
    found = costs(demo)
    assert {name: found[name] / seconds for name, seconds in ANOTHER_RUN.items()} == {
        name: pytest.approx(1, abs=0.3) for name in ANOTHER_RUN
    }


def test_trainings_grow_with_steps_batch_and_area(demo):
    """A longer schedule, a larger batch or larger images would look free."""
    start = read_measured().start_s
    once = costs(demo)["initialise"] - start
    longer = changed(demo, "initialise", steps=2 * demo.initialise.steps)
    batched = changed(demo, "training", batch=3 * demo.training.batch)
    larger = changed(demo, "image", side=2 * demo.image.side)
    found = [costs(profile)["initialise"] - start for profile in (longer, batched, larger)]
    assert found == [pytest.approx(factor * once) for factor in (2, 3, 4)]


def test_a_variants_losses_and_schedule_count(demo):
    """All variants would seem to cost the same."""
    found = costs(demo)
    assert found["train@Pretrained"] < found["train@MoFA"] < found["train@Backbone"] < found["train@FOCUS"]


def test_paper_has_gpu_hours_and_paper_short_a_tenth():
    """Nobody could tell what to ask a cluster for."""
    params, measured = read_params(ROOT), read_measured()
    paper, short = (
        {each.stage: each.gpu_s for each in estimate(params, read_profile(name, ROOT), measured)}
        for name in ("paper", "paper-short")
    )
    assert paper["train@FOCUS"] > 3600 and paper["datasets@ar"] is None
    assert short["train@FOCUS"] == pytest.approx(paper["train@FOCUS"] / 10)


def test_measured_extrapolated_and_absent_work_are_told_apart(demo):
    """An extrapolation would pass for a measurement."""
    params, measured = read_params(ROOT), read_measured()
    demo_basis, paper_basis = (
        {each.stage: each.basis for each in estimate(params, profile, measured)}
        for profile in (demo, read_profile("paper", ROOT))
    )
    assert (demo_basis["datasets@ar"], paper_basis["datasets@ar"]) == ("measured", "-")
    assert (paper_basis["train@FOCUS"], paper_basis["evaluate@FOCUS"]) == ("step measured", "scaled")


def test_command(monkeypatch: pytest.MonkeyPatch):
    """`focus plan --profile paper` would fail, or not say that GPU hours are extrapolated."""
    monkeypatch.chdir(Path(ROOT))
    printed = CliRunner().invoke(cli.app, ["plan", "--profile", "paper"]).output
    assert "FOCUS (train, evaluate)" in printed and "GPU h: extrapolated" in printed and "Profile paper: " in printed
