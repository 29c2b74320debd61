"""`focus verify`: what it says of two runs, and that it runs a clone, on a pipeline of two stages."""

from __future__ import annotations

import hashlib
import shutil

import numpy as np
import pytest
import torch
import yaml

from focus.commands import verify
from focus.commands.same import differing
from focus.errors import FocusError
from focus.files import write_npy, write_text
from focus.networks.store import save_networks
from projects import ROOT, Project

TABLE = "method,rmse\nFOCUS,15.25\nBackbone,1e-3\n"
STAGES = {  # name: outs, deps; not in the order of the run
    "tables": (["results/tables"], ["results/metrics"]),
    "evaluate@FOCUS": (["results/metrics/FOCUS"], ["models/FOCUS"]),
    "train@FOCUS": (["models/FOCUS"], ["data/packed/celeba_train", "src/focus/losses.py"]),
    "landmarks@celeba_train": (["data/packed/celeba_train"], []),
}


@pytest.fixture
def project(tmp_path):
    """Return a function that writes a finished project: its dvc.lock, and results/ as git keeps them."""

    def make(name: str, table: str = TABLE, model: str = "bits", code: str = "code", profile: str = "demo"):
        contents = {"results/tables": table, "models/FOCUS": model, "src/focus/losses.py": code}

        def entries(paths):
            return [{"path": p, "md5": hashlib.md5(contents.get(p, p).encode()).hexdigest()} for p in paths]

        stages = {
            stage: {"outs": entries(outs), "deps": entries(deps), "params": {f"profiles/{profile}.yaml": {"x": 1}}}
            for stage, (outs, deps) in STAGES.items()
        }
        write_text(tmp_path / name / "dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": stages}))
        write_text(tmp_path / name / "results/tables/table1.csv", table)
        return verify.read_lock(tmp_path / name / "dvc.lock")

    return make


def test_stages_come_in_the_order_in_which_they_run(project):
    """The first stage named would not be the one where the difference begins."""
    lock = project("a")
    assert list(lock.outs) == ["landmarks@celeba_train", "train@FOCUS", "evaluate@FOCUS", "tables"]
    assert lock.profile == "demo"


def test_the_same_bits(project):
    """Two equal runs would be called different."""
    expected = "verify: the same bits: 4 outs of 4 stages, profile demo"
    assert verify.verdict(project("a"), project("b"), 0) == expected


def test_the_first_stage_and_the_largest_difference_are_named(project):
    """A person would have to search where, and by how much, the runs part."""
    found = project("a", table=TABLE.replace("15.25", "15.40").replace("1e-3", "2e-3"), model="other")
    with pytest.raises(FocusError) as caught:
        verify.verdict(found, project("b"), 0)
    text = str(caught.value)
    assert "2 of 4 outs differ, first those of stage train@FOCUS (models/FOCUS)" in text
    assert "by up to 0.00984 (results/tables)" in text and "\n" not in text  # 0.15 / 15.25; 0.001 counts as it is


def test_another_dependency_is_the_cause(project):
    """A lock made by other code would look like a run that cannot be repeated."""
    with pytest.raises(FocusError, match=r"its dependency src/focus/losses\.py is another one"):
        verify.verdict(project("a", model="other", code="newer"), project("b"), 0)


def test_tolerance(project):
    """Another type of machine, whose last digits differ, could not be checked at all."""
    found, expected = project("a", table=TABLE.replace("15.25", "15.26")), project("b")
    assert verify.verdict(found, expected, 1e-3).endswith("within the tolerance of 0.001")
    with pytest.raises(FocusError, match="1 of 4 outs differ"):
        verify.verdict(found, expected, 1e-4)
    with pytest.raises(FocusError, match="up to inf"):
        verify.verdict(project("c", table=TABLE + "MoFA,3\n"), expected, 1e-3)


def test_a_changed_word_is_within_no_tolerance(project):
    """A verdict that turned from "holds" to "not resolved" would pass as a small difference of figures."""
    found = project("a", table=TABLE.replace("FOCUS", "Focus"))
    with pytest.raises(FocusError, match="up to inf"):
        verify.verdict(found, project("b"), 0.5)


def test_tolerance_is_about_results(project):
    """Another type of machine, whose models differ in their last digits, would fail with the same figures."""
    found, expected = project("a", model="other"), project("b")
    assert "no figure in results/: within the tolerance of 0.001" in verify.verdict(found, expected, 1e-3)
    with pytest.raises(FocusError, match="expected the same bits"):
        verify.verdict(found, expected, 0)


def test_another_pipeline(project):
    """Runs of different stages would be compared."""
    found, expected = project("a"), project("b")
    del found.outs["tables"]
    with pytest.raises(FocusError, match="stage tables is in one of the two runs only"):
        verify.compare(found, expected)


@pytest.mark.parametrize("content", ["", "stages: 3", "stages: {a: {outs: [1]}}", "stages: {a: {}}", "{", "a: b: c"])
def test_no_lock(tmp_path, content):
    """Another file under the name would end in a traceback."""
    (tmp_path / "dvc.lock").write_text(content)
    with pytest.raises(FocusError, match=r"dvc\.lock") as caught:
        verify.read_lock(tmp_path / "dvc.lock")
    assert "\n" not in str(caught.value)


def test_numbers_of_models_and_arrays(tmp_path):
    """A difference between two models would be called unknown."""
    for name, value in (("a", 1.0), ("b", 1.5)):
        network = torch.nn.Linear(2, 1)
        torch.nn.init.constant_(network.weight, value), torch.nn.init.zeros_(network.bias)
        save_networks(tmp_path / name / "model.safetensors", {"net": network}, {})
        write_npy(tmp_path / name / "x.npy", np.arange(3) + 4 * value)
    assert verify.largest_difference(tmp_path / "a", tmp_path / "b") == pytest.approx(1 / 3)  # 0.5 / 1.5
    assert verify.largest_difference(tmp_path / "a" / "x.npy", tmp_path / "b" / "x.npy") == pytest.approx(2 / 6)
    assert verify.largest_difference(tmp_path / "a", tmp_path / "none") is None


def test_numbers_in_a_text(tmp_path):
    """A name such as table1 or f1_std would count as a value."""
    write_text(tmp_path / "a.csv", "f1_mean,x2\nv1.2,-0.5,1e-07\n")
    assert verify._numbers(tmp_path / "a.csv").tolist() == [-0.5, 1e-07]


PIPELINE = """\
stages:
  pretrain:
    cmd: mkdir -p models/pretrain && echo "$FLAW" > models/pretrain/weights.txt
    params: ["profiles/${{profile}}.yaml": [image]]
    outs: [models/pretrain]
  tables:
    cmd: mkdir -p results/tables && (echo x; wc -c < models/pretrain/weights.txt) > results/tables/table1.csv
    deps: [models/pretrain]
    outs: [results/tables: {{cache: false}}]
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Return a function that commits a project of two stages, run once; `flaw`: what the first stage writes."""

    def make(flaw: str) -> Project:
        made = Project(tmp_path / "project")
        shutil.copytree(ROOT / "profiles", made.path / "profiles")
        shutil.copy(ROOT / "params.yaml", made.path)
        write_text(made.path / "dvc.yaml", PIPELINE.format().replace("$FLAW", flaw))
        write_text(made.path / ".gitignore", "/models/\n/logs/\n")
        made.commit("a pipeline", first=True)
        made.dvc("init", "-q")
        made.dvc("repro", TZ="UTC")
        made.commit("run")
        monkeypatch.chdir(made.path)
        return made

    return make


def test_a_run_that_can_be_repeated(small, tmp_path, caplog):
    """A run with the same bits would be called different, or the project itself be changed by the check."""
    project = small("weights")
    before = project.contents(".")
    lines = [
        verify.verdict(*verify.verify(project.path, profile, None, 1, tmp_path / profile), 0)
        for profile in ("demo", "smoke")
    ]
    assert lines == [f"verify: the same bits: 2 outs of 2 stages, profile {name}" for name in ("demo", "smoke")]
    assert "not of profile smoke: two runs are compared" in caplog.text
    assert {name for name, content in project.contents(".").items() if before.get(name) != content} == set()


def test_a_run_that_depends_on_its_environment(small, tmp_path):
    """A result that only this machine, folder or time zone gives would pass for one that all can repeat."""
    project = small("$TZ")
    with pytest.raises(FocusError, match=r"2 of 2 outs differ, first those of stage pretrain \(models/pretrain\)"):
        verify.verdict(*verify.verify(project.path, "demo", None, 1, tmp_path / "work"), 0)


def test_a_run_that_fails_names_its_log(small, tmp_path):
    """A stage that fails in the clone would leave no trace of why."""
    project = small('$(test -n "$TZ" && test "$TZ" = UTC && echo x || kill $$)')
    (project.path / "logs").mkdir()
    with pytest.raises(FocusError, match=r"dvc repro ended with \d+ in the clone; see logs/verify\.log"):
        verify.verify(project.path, "demo", None, 1, tmp_path / "work")
    assert "pretrain" in (project.path / "logs/verify.log").read_text()


def test_a_lock_of_another_profile(small, tmp_path):
    """Runs of two scales would be compared."""
    project = small("weights")
    with pytest.raises(FocusError, match="found a run of profile demo, expected one of smoke"):
        verify.verify(project.path, "smoke", project.path / "dvc.lock", 1, tmp_path / "work")


def test_a_lock_of_hashes_alone(small, tmp_path):
    """The smoke profile's lock could not be written, or change with every edit of the code."""
    project = small("weights")
    path = verify.write_lock(project.path, "smoke", 1, tmp_path / "work", tmp_path / "smoke.lock")
    lock, whole = verify.read_lock(path), verify.read_lock(tmp_path / "work" / "run" / "dvc.lock")
    assert lock.profile == "smoke" and list(lock.outs) == ["pretrain", "tables"] and not any(lock.deps.values())
    assert differing(whole, lock) == [] and set(whole.outs) == set(lock.outs)
    whole.outs["pretrain"]["models/pretrain"] = "other bits"
    whole.outs["code"] = {"workflow/code/pretrain.json": "a fingerprint"}
    assert differing(whole, lock) == ["pretrain"]
