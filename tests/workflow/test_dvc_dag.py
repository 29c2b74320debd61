"""dvc_dag: the stages as Snakemake sees them, and file times that say what DVC's hashes say."""

import json
import os
import re
import subprocess
from pathlib import Path
from threading import Timer

import pytest

import dvc_dag
from projects import Project

PIPELINE = """
stages:
  split:
    cmd: mkdir -p data && cp source.txt data/train.txt && cp source.txt data/test.txt
    deps: [source.txt]
    outs: [data]
  fit:
    cmd: python -c "import pathlib; pathlib.Path('model.txt').write_text(pathlib.Path('data/train.txt').read_text())"
    deps: [data/train.txt]
    params: [rate]
    outs: [model.txt]
  score:
    cmd: cat model.txt data/test.txt > score.txt
    deps: [model.txt, data/test.txt]
    outs: [score.txt]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Three stages that have run, in a repository of their own."""
    project = Project(tmp_path)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "params.yaml").write_text("rate: 1\n")
    (tmp_path / "source.txt").write_text("pixels\n")
    project.run("git", "init", "-q", ".")
    project.dvc("init", "-q")
    project.dvc("repro", "-q")
    return project


def needs_a_run(project: Project, stages: dict[str, dvc_dag.Stage]) -> set[str]:
    """Return the stages with an output that is older than an input: what Snakemake goes by."""
    time = {path.name: path.stat().st_mtime_ns for path in project.path.iterdir()}
    return {
        stage.name
        for stage in stages.values()
        if min(time[out] for out in stage.outs) < max(time[path] for path in stage.inputs)
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("outs: [score.txt]", "outs: [model.txt]", "dvc.yaml: output 'model.txt' is specified in"),
        ("deps: [source.txt]", "deps: [score.txt]", "dvc.yaml: Same item.s. are defined as both"),
    ],
)
def test_a_pipeline_that_cannot_run_is_one_line(project, old, new, message):
    """A variant called `recogniser`, or one that starts from itself, would end Snakemake in a traceback."""
    project.edit("dvc.yaml", re.escape(old), new)
    with pytest.raises(SystemExit, match=message) as caught:
        dvc_dag.load(project.path)
    assert "\n" not in str(caught.value)


def test_a_dependency_inside_an_output_is_the_whole_output(project):
    """Snakemake would look for a rule that makes data/train.txt, and find none."""
    stages = dvc_dag.load(project.path)
    assert stages["fit"].inputs == ("data",)
    assert stages["score"].inputs == ("model.txt", "data")
    assert stages["split"].outs == ("data",)


def test_stages_come_after_what_they_read(project):
    """Times would be set before those they depend on."""
    assert [stage.name for stage in dvc_dag.in_order(dvc_dag.load(project.path))] == ["split", "fit", "score"]


def test_a_touched_file_reruns_nothing(project):
    """A git checkout, which renews every file's time, would cost a whole run."""
    stages = dvc_dag.load(project.path)
    for name in ("source.txt", "data", "model.txt"):
        os.utime(project.path / name)
    dvc_dag.sync_mtimes(stages, project.path)
    assert needs_a_run(project, stages) == set()


def test_an_old_benchmark_reruns_nothing(project):
    """Snakemake would run again what `dvc repro` has run since."""
    stages = dvc_dag.load(project.path)
    benchmark = project.path / stages["fit"].benchmark
    benchmark.parent.mkdir(parents=True)
    benchmark.touch()
    os.utime(benchmark, (0, 0))
    dvc_dag.sync_mtimes(stages, project.path)
    assert benchmark.stat().st_mtime_ns >= (project.path / "data").stat().st_mtime_ns


def test_a_changed_parameter_reruns_its_stage(project):
    """Snakemake, which sees files alone, would miss it."""
    stages = dvc_dag.load(project.path)
    (project.path / "params.yaml").write_text("rate: 2\n")
    assert dvc_dag.sync_mtimes(stages, project.path) == {"fit"}
    assert needs_a_run(project, stages) >= {"fit"} and "split" not in needs_a_run(project, stages)


def test_a_job_that_was_killed_a_moment_ago_is_waited_for(project):
    """After a power cut's `kill -9` the same command would be refused while the last job's memory is being freed."""
    stages = dvc_dag.load(project.path)
    with subprocess.Popen(["sleep", "1"]) as job:
        held = {"read": {}, "write": {os.fspath(project.path / "model.txt"): {"pid": job.pid, "cmd": "dvc repro fit"}}}
        (project.path / ".dvc/tmp/rwlock").write_text(json.dumps(held))
        Timer(1, job.wait).start()  # whoever started it takes note of its end
        assert dvc_dag.sync_mtimes(stages, project.path) == set()


def test_a_tampered_output_reruns_its_stage(project):
    """A changed result would pass for one of this code."""
    stages = dvc_dag.load(project.path)
    (project.path / "model.txt").write_text("forged\n")
    assert "fit" in dvc_dag.sync_mtimes(stages, project.path)
    assert "fit" in needs_a_run(project, stages)


def test_lost_outputs_come_back_from_the_cache(project):
    """A lost file would cost its whole training again."""
    before = (project.path / "model.txt").read_bytes()
    (project.path / "model.txt").unlink()
    assert dvc_dag.restore_missing(project.path) == ["model.txt"]
    assert (project.path / "model.txt").read_bytes() == before


def test_restoring_leaves_other_outputs_alone(project):
    """A file that the user changed would be overwritten in passing."""
    (project.path / "model.txt").unlink()
    (project.path / "score.txt").unlink()
    (project.path / "score.txt").write_text("mine\n")
    dvc_dag.restore_missing(project.path)
    assert (project.path / "score.txt").read_text() == "mine\n"


def test_a_broken_pipeline_ends_with_one_line(project):
    """A mistyped key in dvc.yaml would print a traceback."""
    (project.path / "dvc.yaml").write_text("stages: {fit: {comand: x}}\n")
    with pytest.raises(SystemExit, match=r"^dvc\.yaml: "):
        dvc_dag.load(project.path)
