"""scripts/paper_dry_run.py: the profile that it derives, and what it watches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

import dvc_dag
import paper_dry_run
from dry_run_checks import expect
from focus.settings import Profile, read_params, read_profile, read_yaml
from focus.stand_ins.folder import PLACES
from projects import ROOT
from watch_run import Watch, session_mib

FULL_SIZE = ("image", "face_model", "recogniser", "encoder", "segmentation", "render", "losses")


@pytest.fixture
def content():
    """The derived profile as it is written."""
    assets = {name: Path("/stand-ins") / place for name, place in PLACES.items()}
    return yaml.safe_load(yaml.safe_dump(paper_dry_run.derived(read_yaml(ROOT / "profiles/paper.yaml"), assets)))


def test_derived_profile_is_valid(content):
    """The dry run would end at its first stage."""
    profile = Profile.model_validate(content)
    without = {name for name, path in profile.assets if path is None}
    assert without == {
        "focus_crop",
        "focus_encoder",
        "focus_segmentation",
    }  # the authors' own, which no code stands in for
    assert not profile.emulate


def test_what_is_full_size_stays(content):
    """The dry run would show memory and time of something smaller than the paper."""
    derived, paper = Profile.model_validate(content), read_profile("paper", ROOT)
    assert {name: getattr(derived, name) for name in FULL_SIZE} == {name: getattr(paper, name) for name in FULL_SIZE}
    assert derived.training.batch == paper.training.batch == 12
    assert derived.evaluation.batch == paper.evaluation.batch
    assert paper_dry_run.STAND_INS["train"] >= 12, "a batch would be smaller than the paper's"


def test_short_values_have_a_place_in_the_profile():
    """A renamed setting would stay at the paper's length, and the dry run would take weeks."""
    paper = read_yaml(ROOT / "profiles/paper.yaml")
    assert not [(s, k) for s, values in paper_dry_run.SHORT.items() for k in values if k not in paper[s]]


def test_memory_is_named_for_the_variants_that_train_s():
    """Two trainings of S side by side would take 14 GB."""
    variants = read_params(ROOT).variants
    training_s = {name for name, plan in variants.items() if plan.schedule in ("em", "adaptation")}
    assert set(paper_dry_run.SEGMENTATION) == training_s
    outs = dvc_dag.entries(ROOT)
    assert set(paper_dry_run.RESOURCES) <= set(outs)
    assert [entry for entry in outs if paper_dry_run.LONGEST_CHAIN in outs[entry]]


def test_prepared_clone_has_the_profile_and_nothing_run(tmp_path):
    """The clone would run the demo, or take its results for the dry run's."""
    paper_dry_run.prepare(ROOT, tmp_path / "clone", tmp_path / "stand-ins")
    params = read_params(tmp_path / "clone")
    assert params.profile == "paper-dry-run" and params.remote == "private"
    assert read_profile(params.profile, tmp_path / "clone").assets.bfm == tmp_path / "stand-ins" / PLACES["bfm"]
    assert not (tmp_path / "clone/dvc.lock").exists() and not (tmp_path / "clone/results").exists()


def test_watch_times_steps_and_skips_what_was_there(tmp_path, monkeypatch):
    """Times of an earlier run, or of lines that are no steps, would be reported."""
    log, clock = tmp_path / "train" / "FOCUS.log", iter([10.0, 14.0, 21.5])
    log.parent.mkdir()
    log.write_text("train/FOCUS: step 0 of 9, reconstruction, loss 1\n")
    watch = Watch(os.getsid(0), tmp_path)
    monkeypatch.setattr("watch_run.time.monotonic", lambda: next(clock))
    for line in ("step 1 of 4, segmentation, loss 2", "step 2 of 4, segmentation, loss", "step 3 of 4, reconstruction"):
        with log.open("a") as stream:
            stream.write(f"train/FOCUS: {line}, loss 3\nsomething else\n")
        watch.look()
    assert watch.steps == {"train/FOCUS, segmentation": [4.0], "train/FOCUS, reconstruction": [7.5]}


def test_watch_counts_the_memory_of_a_session():
    """The run's peak would be that of one process, or of the whole machine."""
    assert session_mib(os.getsid(0)) > 50
    assert session_mib(-1) == 0


def test_a_wrong_shape_ends_the_dry_run():
    """A broken output would be written down as checked."""
    assert expect("theta", 257, 257) == 257
    with pytest.raises(SystemExit, match="dry run: theta: found 256, expected 257"):
        expect("theta", 256, 257)
