"""One DAG, two engines: what must hold whichever of them ran, on the real pipeline with stand-in stages.

The stand-in stages write a hash of their inputs and parameters and note that they ran, so that "executed" is a fact.
"""

import shutil
from pathlib import Path

import pytest

from projects import Project, copy_of_the_work_tree, with_stand_in_stages, without_results

ENGINES = {"snakemake": lambda project: project.snakemake("--cores", "2"), "dvc": lambda project: project.dvc("repro")}
# What a variant's losses reach: its own training and evaluation, and what is made of all the metrics.
FROM_ALL_METHODS = {"tables", "figures", "claims", "report"}
AFTER_NEIGHBOR = {"train@Neighbor", "evaluate@Neighbor", *FROM_ALL_METHODS}
RESULTS = ("data", "models", "results")


@pytest.fixture(params=ENGINES)
def engine(request):
    """Each engine in turn: a function that runs the whole pipeline."""
    return ENGINES[request.param]


@pytest.fixture(params=["run_by_snakemake", "run_by_dvc"])
def finished(request, copy) -> Project:
    """A copy of a project that either engine has run."""
    return copy(request.getfixturevalue(request.param))


def change_neighbor(project: Project) -> None:
    """Leave one loss out of the variant Neighbor."""
    project.edit("params.yaml", r"(Neighbor: .*segmentation: \[neighbour), area, binary\]", r"\1, area]")


def test_snakemake_in_a_clean_clone_leaves_nothing_for_dvc(run_by_snakemake, copy):
    """Results would not be recorded in dvc.lock, or DVC would compute them again."""
    project = copy(run_by_snakemake)
    assert project.is_up_to_date()
    project.dvc("repro")
    assert project.executed() == []


def test_every_stage_ran_once(run_by_snakemake, run_by_dvc):
    """An engine would skip a stage or repeat one."""
    by_snakemake, by_dvc = run_by_snakemake.executed(), run_by_dvc.executed()
    assert sorted(by_snakemake) == sorted(by_dvc) == sorted(set(by_dvc))


def test_nothing_to_do_in_snakemake_after_dvc(run_by_dvc, copy):
    """A cluster would compute again what a laptop has done."""
    assert copy(run_by_dvc).planned() == set()


def test_both_engines_give_the_same_bytes(run_by_snakemake, run_by_dvc):
    """A table would depend on who ran it."""
    assert run_by_snakemake.contents(*RESULTS) == run_by_dvc.contents(*RESULTS)
    recorded = (run_by_snakemake.path / "dvc.lock").read_text().count("cmd:")
    assert (
        recorded == len(run_by_dvc.executed()) + 2
    )  # stages `code` and `listed` are real, and note themselves nowhere


def test_removed_outputs_come_back_from_the_cache(finished, engine):
    """Either engine would pay again for what the cache holds, whichever of them made it."""
    before = finished.contents(*RESULTS)
    finished.remove_outs()
    shutil.rmtree(finished.path / "results/tables")
    engine(finished)
    assert finished.executed() == []
    assert finished.contents(*RESULTS) == before
    assert finished.is_up_to_date()


def test_a_changed_parameter_reruns_what_it_reaches(finished, engine):
    """A result would be stale, or days of training repeated for nothing."""
    change_neighbor(finished)
    engine(finished)
    assert set(finished.executed()) == AFTER_NEIGHBOR
    assert finished.is_up_to_date() and finished.planned() == set()


def test_a_parameter_changed_back_executes_nothing(finished, engine):
    """Going back to an earlier setting would not use its cached results."""
    before = (finished.path / "params.yaml").read_text(), finished.contents(*RESULTS)
    change_neighbor(finished)
    engine(finished)
    finished.forget_executed()
    (finished.path / "params.yaml").write_text(before[0])
    engine(finished)
    assert finished.executed() == [] and finished.contents(*RESULTS) == before[1]


def test_snakemake_plans_what_a_change_reaches(run_by_dvc, copy):
    """`snakemake -n` would promise less than it does; what depends on `listed` may prove to be unchanged."""
    project = copy(run_by_dvc)
    change_neighbor(project)
    assert project.planned() == {*AFTER_NEIGHBOR, "listed", "misfit"}


def test_a_leftover_reruns_nothing(run_by_snakemake, copy, engine):
    """Files of a method that was removed would cost the documents anew."""
    project = copy(run_by_snakemake)
    for folder in ("results/metrics/Removed", "data/evaluation/Removed"):
        (project.path / folder).mkdir()
        (project.path / folder / "content.txt").write_text("old\n")
    (project.path / "results/curves/Removed.csv").write_text("step\n")
    engine(project)
    assert project.executed() == [] and project.is_up_to_date() and project.planned() == set()


@pytest.mark.parametrize("name", ["models/FOCUS/content.txt", "results/metrics/FOCUS/content.txt"])
def test_a_tampered_output_is_restored(run_by_snakemake, copy, engine, name):
    """A changed result would pass for the run's own."""
    project = copy(run_by_snakemake)
    before = (project.path / name).read_bytes()
    (project.path / name).chmod(0o644)
    (project.path / name).write_text("forged\n")
    engine(project)
    assert (project.path / name).read_bytes() == before
    assert project.executed() == [] and project.is_up_to_date()


def test_a_code_edit_reruns_the_stages_that_can_run_it(run_by_snakemake, copy, engine):
    """An edit to code that few stages use would cost the whole run, or none."""
    project = copy(run_by_snakemake)
    module = project.path / "src/focus/stages/correct.py"
    module.write_text(module.read_text() + "EDITED = 1\nprint(EDITED)\n")
    engine(project)
    reached = {name for name in run_by_snakemake.executed() if name.startswith("correct@")}
    assert set(project.executed()) == reached, "the stand-ins' outs do not depend on their code"
    assert project.is_up_to_date() and project.planned() == set()


def test_a_comment_reruns_nothing(run_by_snakemake, copy, engine):
    """A sentence put right would cost the whole run."""
    project = copy(run_by_snakemake)
    for module in (project.path / "src/focus/stages").glob("*.py"):
        module.write_text(module.read_text() + "# a comment\n")
    engine(project)
    assert project.executed() == [] and project.is_up_to_date() and project.planned() == set()


def test_a_part_of_the_pipeline_sees_an_edit_too(run_by_snakemake, copy):
    """`dvc repro STAGE` would give the results of old code."""
    project = copy(run_by_snakemake)
    module = project.path / "src/focus/stages/headline.py"
    module.write_text(module.read_text() + "print(1)\n")
    project.dvc("repro", "headline")
    assert project.executed() == ["headline"]


def test_a_failing_stage_names_its_log_and_leaves_nothing_half_written(stand_in, copy):
    """A half-written model would be trained on, or the reason be hard to find."""
    project = copy(stand_in)
    printed = project.snakemake("--cores", "2", check=False, STAND_IN_FAILS="pretrain")
    assert "logs/pretrain.log" in printed and "told to fail" in printed
    assert "told to fail" in (project.path / "logs/pretrain.log").read_text()
    assert not (project.path / "models/pretrain").exists()
    done = project.executed()
    assert "pretrain" not in done and "train@FOCUS" not in done and "initialise" in done

    project.forget_executed()
    project.snakemake("--cores", "2")
    assert not set(done) & set(project.executed()), "the next run must go on from there"
    assert project.is_up_to_date()


def test_a_failure_stops_dvc_repro_with_its_reason(stand_in, copy):
    """As above, for the other engine."""
    project = copy(stand_in)
    done = project.run("dvc", "repro", "headline", check=False, STAND_IN_FAILS="pretrain")
    assert done.returncode and "told to fail" in done.stdout
    project.dvc("repro", "headline")
    assert project.executed().count("initialise") == 1


def test_a_path_with_a_space(tmp_path: Path):
    """The project would only work in folders without spaces."""
    project = with_stand_in_stages(without_results(copy_of_the_work_tree(tmp_path / "my own folder" / "the paper")))
    project.snakemake("--cores", "2", "results/headline.json")
    assert (project.path / "results/headline.json").exists()
    assert project.dvc("repro", "headline") and len(project.executed()) == len(set(project.executed()))


def test_a_partial_run_makes_what_its_target_needs_and_no_more(stand_in, copy):
    """One figure for one variant would cost the whole paper."""
    project = copy(stand_in)
    project.snakemake("--cores", "2", "models/FOCUS")
    trained = {name for name in project.executed() if name.startswith("train@")}
    assert trained == {"train@FOCUS"} and "tables" not in project.executed()


def test_a_new_ablation_is_a_few_lines_of_yaml(finished, engine):
    """An ablation would need code, or retrain the others."""
    finished.edit(
        "params.yaml", r"^  FOCUS-TTA:", "  No-area: {<<: *focus, tables: [5], segmentation: [neighbour]}\n  FOCUS-TTA:"
    )
    engine(finished)
    assert set(finished.executed()) == {"train@No-area", "evaluate@No-area", *FROM_ALL_METHODS}


def test_nothing_is_planned_in_a_clean_clone_without_the_cache(run_by_snakemake, copy, tmp_path):
    """A reader who only clones could not check that the committed results belong to the committed code."""
    project = copy(run_by_snakemake)
    clone = Project(tmp_path / "clone")
    project.run("git", "clone", "-q", str(project.path), str(clone.path))
    assert "Running stage" not in clone.dvc("repro", "--dry", "--allow-missing")
