"""Habits of DVC, Snakemake and make that the workflow keeps."""

import re
import subprocess

import pytest
import yaml

import dvc_dag
from projects import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def outs_of(body: dict) -> dict[str, dict]:
    """Return the options of each out, metric and plot of an entry of dvc.yaml."""
    entries = [entry for kind in ("outs", "metrics", "plots") for entry in body.get(kind, [])]
    return {
        path: options or {}
        for entry in entries
        for path, options in (entry if isinstance(entry, dict) else {entry: {}}).items()
    }


@pytest.mark.parametrize("stage", STAGES)
def test_stage_has_a_one_line_description(stage):
    """`dvc stage list` would not say what a stage is for."""
    description = STAGES[stage].get("do", STAGES[stage]).get("desc", "")
    assert len(description) > 20 and "\n" not in description


def test_what_dvc_keeps_is_ignored_by_git_and_the_rest_is_not(fresh):
    """DVC would write .gitignore files into output folders, which changes their hashes; or git would miss results."""
    for stage in STAGES.values():
        for path, options in outs_of(stage.get("do", stage)).items():
            name = re.sub(r"\$\{[^}]*\}", "x", path)
            ignored = fresh.run("git", "check-ignore", "-q", name, check=False).returncode == 0
            assert ignored == options.get("cache", True), path


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"code"}))  # that one takes a second, and only reads
def test_outs_that_git_keeps_are_metrics_or_plots(stage):
    """DVC records no run of a stage with another uncached out: going back to a setting would train again."""
    uncached = [
        entry for entry in STAGES[stage].get("do", STAGES[stage]).get("outs", []) if "'cache': False" in str(entry)
    ]
    assert uncached == []


def keys_of(value: object) -> set[str]:
    """Return every key of a nested mapping."""
    if not isinstance(value, dict):
        return set()
    return set(value) | {key for inner in value.values() for key in keys_of(inner)}


@pytest.mark.parametrize(
    "name", ["params.yaml", *(f"profiles/{path.name}" for path in (ROOT / "profiles").glob("*.yaml"))]
)
def test_no_parameter_has_a_name_that_dvc_overlooks(name):
    """DVC's run-cache leaves keys named size and nfiles out of its hash, parameters included: a change of such a one
    would bring back the results of the old value without a word.
    """
    assert keys_of(yaml.safe_load((ROOT / name).read_text())) & {"size", "nfiles"} == set()


def test_make_help_lists_every_target():
    """A target would be known only to readers of the Makefile."""
    printed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert sorted(re.findall(r"^  make (\S+)", printed.stdout, re.MULTILINE)) == sorted(phony)


def test_make_says_what_it_needs_when_there_is_no_python():
    """A bare machine would see a shell's error in the middle of an installation."""
    made = subprocess.run(
        ["make", "--no-print-directory", "--always-make", "install", "PYTHON=/nonexistent/python"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert made.returncode and made.stderr.startswith("make: found '/nonexistent/python', expected Python 3.11")


def test_make_clean_stays_in_the_project(tmp_path):
    """A dvc.lock from elsewhere would remove what lies beside the project, or a folder that no stage has made."""
    clone = tmp_path / "clone"
    for kept in (tmp_path / "beside", clone / "data/mine", clone / "data/face_model"):
        kept.mkdir(parents=True)
    outs = "    outs:\n    - path: data/face_model\n    - path: data/../../beside\n    deps:\n    - path: data/mine\n"
    (clone / "dvc.lock").write_text(f"stages:\n  face_model:\n{outs}")
    subprocess.run(["make", "-f", ROOT / "Makefile", "clean"], cwd=clone, check=True, capture_output=True)
    assert (tmp_path / "beside").is_dir() and [path.name for path in (clone / "data").iterdir()] == ["mine"]


def test_snakefiles_are_formatted(fresh):
    """`make lint` would fail."""
    assert fresh.run("snakefmt", "--check", "workflow", check=False).returncode == 0


def test_snakemake_lint_is_clean(fresh):
    """A rule without log or environment, or an absolute path, would go unnoticed."""
    linted = fresh.run("snakemake", "--lint", check=False)
    assert linted.returncode == 0, linted.stdout[-3000:]


def test_snakefile_is_short():
    """Edges or commands would creep from dvc.yaml into Snakemake's files."""
    assert len((ROOT / "workflow/Snakefile").read_text().splitlines()) <= 45


def test_a_mistyped_parameter_stops_both_engines_with_one_line(fresh):
    """A wrong key would surface as a traceback, or as a failed job in the middle of the night."""
    params = fresh.path / "params.yaml"
    before = params.read_text()
    params.write_text(before.replace("\nvariants:", "\nvariantz:"))
    try:
        for command in (("snakemake", "-n"), ("dvc", "repro", "--dry")):
            done = fresh.run(*command, check=False)
            assert done.returncode and "Traceback" not in done.stdout, done.stdout
        with pytest.raises(SystemExit, match="variants"):
            dvc_dag.load(fresh.path)
    finally:
        params.write_text(before)


def test_every_rule_has_its_resources():
    """A new stage would have no memory or run time on a cluster, or Snakemake stop with a KeyError."""
    table = yaml.safe_load((ROOT / "workflow/resources.yaml").read_text())
    assert sorted(table) == sorted(STAGES)
    assert all({"priority", "mem_mb", "runtime"} <= set(plan) for plan in table.values())


def test_workflow_files_stay_small():
    """Lists of source files once made dvc.yaml 1,156 lines, and copies of one body Snakemake's files 481."""
    rules = [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    assert sum(len(file.read_text().splitlines()) for file in rules) < 200
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) < 450
