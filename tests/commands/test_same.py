"""`focus same`: the line with which `make reproduce` ends."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import pytest
import yaml

from focus.commands.same import same
from focus.files import write_json, write_text
from projects import Project


def entry(made: str, reads: list[str], hashes: str = "a") -> dict:
    deps = [{"path": path, "md5": "0"} for path in ["src/focus/losses.py", *reads]]
    return {
        "deps": deps,
        "params": {"profiles/demo.yaml": {"em": {"rounds": 2}}},
        "outs": [{"path": made, "md5": hashes}],
    }


STAGES = {
    "tables": entry("results/tables", ["models/FOCUS"]),
    "train@FOCUS": entry("models/FOCUS", ["models/initialise"]),
    "initialise": entry("models/initialise", []),
}
COST = {"stage": "initialise", "torch": "2.13.0+cpu", "cpu_capability": "AVX2", "machine": "x86_64"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A committed run of three stages."""
    made = Project(tmp_path / "project")
    write(made, STAGES)
    write_text(made.path / "pyproject.toml", '"torch==2.13.0",\n')
    write_text(made.path / "results/tables/table1.csv", "15.2\n")
    for model in ("initialise", "FOCUS"):
        write_text(made.path / "models" / model / "model.safetensors", "weights")
    write_text(made.path / ".gitignore", "/logs/\n/models/\n")
    made.commit("run", first=True)
    return made


def write(project: Project, stages: dict) -> None:
    write_text(project.path / "dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": stages}))


def another(*names: str) -> dict:
    """Return the run's stages, other bits made by those named."""
    stages = copy.deepcopy(STAGES)
    for name in names:
        stages[name]["outs"][0]["md5"] = "b"
    return stages


def test_the_committed_bits(project):
    """A reader would not know whether the tables are the README's."""
    expected = "same: results/, models and data have the committed bits (3 outs of 3 stages)"
    assert same(project.path) == expected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"em": {"rounds": 3}}, "likely the settings (profiles/demo.yaml: em.rounds: 3, committed 2)"),
        ("src/focus/losses.py", "likely the code (src/focus/losses.py)"),
        ({**COST, "torch": "2.12.0+cpu"}, "likely the torch build (2.12.0+cpu, expected 2.13.0+cpu)"),
        ({**COST, "torch": "2.13.0+cu130"}, "likely the torch build (2.13.0+cu130, expected 2.13.0+cpu)"),
        (
            {**COST, "cpu_capability": "AVX512"},
            "likely the instruction set (AVX512 on x86_64, expected AVX2: compute.isa)",
        ),
        (COST, "likely another version of a library (requirements.lock): settings, code, torch are the same"),
        (None, "likely another version of a library (requirements.lock): settings, code, torch are the same"),
    ],
    ids=["settings", "code", "torch", "cuda", "isa", "library", "cached"],
)
def test_the_first_stage_that_differs_and_why(project, change, reason):
    """A person whose run differs would have to search for the stage and the reason."""
    stages = another("initialise", "tables")
    if isinstance(change, str):
        stages["initialise"]["deps"][0]["md5"] = "1"
    elif change and "em" in change:
        stages["initialise"]["params"]["profiles/demo.yaml"] = change
    elif change:
        write_json(project.path / "logs/cost/initialise.json", change)
    write(project, stages)
    where = "same: other bits than committed: 2 of 3 stages, first initialise (models/initialise); "
    assert same(project.path) == where + reason


def test_a_variant_more(project):
    """A new row of the tables would end in a traceback, or be overlooked."""
    write(project, {**STAGES, "train@New": entry("models/New", ["models/initialise"])})
    assert "1 of 4 stages, first train@New (models/New); likely the settings: one of" in same(project.path)
    write(project, {name: stage for name, stage in STAGES.items() if name != "tables"})
    assert "1 of 2 stages, first tables; likely the settings: one of" in same(project.path)


def test_a_result_changed_by_hand(project):
    """results/ would pass for the run's though a file was edited afterwards."""
    (project.path / "results/tables/table1.csv").write_text("14.9\n")
    assert same(project.path).endswith("but results/tables/table1.csv was changed by hand")


def test_a_clone_in_which_nothing_was_run(project):
    """A fresh clone, which has the committed dvc.lock, would be told that its run has the committed bits."""
    shutil.rmtree(project.path / "models/FOCUS")
    expected = "same: models/FOCUS is not there: dvc.lock is the committed one, but not all of it has been run here"
    assert same(project.path) == expected


def test_nothing_to_compare_with(project, tmp_path):
    """A downloaded folder without .git, or one without a run, would end in a traceback."""
    expected = "same: no dvc.lock is committed here: nothing to compare the run with"
    (project.path / "dvc.lock").rename(tmp_path / "lock")
    assert same(project.path) == "same: no dvc.lock yet: nothing has been run here"
    (tmp_path / "lock").rename(project.path / "dvc.lock")
    (project.path / ".git").rename(tmp_path / "git")
    assert same(project.path) == expected


def test_a_damaged_lock_is_one_line(project):
    """A half-merged dvc.lock would end in a traceback."""
    (project.path / "dvc.lock").write_text("<<<<<<< HEAD\n")
    assert same(project.path).startswith("same: ") and "\n" not in same(project.path)
