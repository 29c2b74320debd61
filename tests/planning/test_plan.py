"""`focus plan`: every stage is in it, costs follow the profile, and it says what it rests on."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import dvc_dag
import worlds
from focus import cli
from focus.planning import estimate, estimate_worlds, read_measured
from focus.planning.worlds import ONCE_A_WORLD
from focus.report.worlds.study import reduced
from focus.settings import Profile, read_params, read_profile
from projects import ROOT

# CPU seconds of stages of a demo run other than the one in measured.json, on the same type of machine.
ANOTHER_RUN = {"datasets@ar": 20.30, "initialise": 158.07, "recogniser": 87.05, "r_syn@plain": 54.15}


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
    assert short["train@FOCUS"] == pytest.approx(paper["train@FOCUS"] / 10, rel=1e-3)  # turns of 5,001 and 24,999


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


def upstream(stages: dict[str, dvc_dag.Stage], targets: tuple[str, ...]) -> set[str]:
    """Return the targets and all stages that they need."""
    maker, found, waiting = dvc_dag.makers(stages), set(), list(targets)
    while waiting:
        name = waiting.pop()
        if name in stages and name not in found:
            found.add(name)
            waiting += dvc_dag.upstream(stages[name], maker)
    return found


def test_the_study_has_the_stages_that_its_runs_need(demo):
    """`focus plan --worlds` would leave a stage's cost out, or count what no run makes."""
    params = read_params(ROOT)
    kept = {*reduced(params).variants, *reduced(params).corrected, *params.references}
    left_out = {*params.variants, *params.corrected, *params.instance_wise, *params.constant_masks} - kept
    stages = {name: stage for name, stage in dvc_dag.load(ROOT).items() if name.partition("@")[2] not in left_out}
    found = {each.stage for each in estimate_worlds(params, demo, read_measured(), 3, 3)}
    assert found == upstream(stages, worlds.STAGES)


def test_what_a_world_shares_is_what_no_training_seed_reaches():
    """A stage would be planned once a world that runs once a seed, or the other way round."""
    stages, written = dvc_dag.load(ROOT), yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    seeded = {name for name, stage in written.items() if "seeds.training" in stage.get("do", stage).get("params", ())}
    for name in upstream(stages, worlds.STAGES) - {"instance_fit@Egger-like", "constant_mask@all-ones"}:
        group = name.partition("@")[0]
        reached = bool({part.partition("@")[0] for part in upstream(stages, (name,))} & seeded)
        assert reached == (group not in ONCE_A_WORLD), name


def test_the_study_counts_what_runs_share_once(demo):
    """Nine runs would seem to cost nine times one, or the same as one."""
    params, measured = read_params(ROOT), read_measured()
    one, nine = (
        {each.stage: each.cpu_s for each in estimate_worlds(params, demo, measured, *runs)} for runs in ((1, 1), (3, 3))
    )
    assert nine["recogniser"] == pytest.approx(3 * one["recogniser"])
    assert nine["train@FOCUS"] == pytest.approx(9 * one["train@FOCUS"])
    assert "demo_model" not in nine and "train@Deep3D-skin" not in nine


def test_command_of_the_study(monkeypatch: pytest.MonkeyPatch):
    """`focus plan --worlds 3 --seeds 3` would fail, or plan a plain run."""
    monkeypatch.chdir(Path(ROOT))
    printed = CliRunner().invoke(cli.app, ["plan", "--worlds", "3", "--seeds", "3"]).output
    assert "Profile demo, 3 worlds x 3 seeds: 45 stages" in printed and "demo_model" not in printed
