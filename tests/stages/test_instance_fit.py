"""The stage of methods that fit each image by itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest

import tiny
from focus import settings
from focus.files import read_npy, write_json
from focus.report.results import load_results
from focus.stages import paths
from focus.stages.instance_fit import Settings, work

NAME = "Egger-like"


@pytest.fixture
def chosen(project):
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        tiny.face_model().save(path)
    return tiny.sized(settings.load(Settings, NAME))


def test_every_image_has_its_scores(chosen, monkeypatch):
    """Table 4's row would lack images, or depend on the batch size."""
    tiny.packed_faces(paths.PACKED / "ar", 5)
    frames = []
    for batch in (2, 5):
        work(replace(chosen, evaluation=chosen.evaluation.model_copy(update={"batch": batch})), NAME)
        frames.append(pd.read_csv(paths.METRICS / NAME / "images.csv"))
    assert len(frames[0]) == 5 and frames[0][["rmse", "acc", "ppv", "tpr", "f1"]].notna().all(axis=None)
    assert (frames[0]["testset"] == "AR").all()
    assert frames[0]["rmse"].to_numpy() == pytest.approx(frames[1]["rmse"].to_numpy(), rel=1e-3)
    assert read_npy(paths.EVALUATION / NAME / "ar_masks.npy").shape == (5, tiny.SIZE, tiny.SIZE)


def test_bits_do_not_depend_on_what_lay_in_memory(project):
    """Two runs would differ in their last digits, as those did that started from unwritten pivots (torch's gelsy)."""
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        tiny.face_model().save(path)
    tiny.packed_faces(paths.PACKED / "ar", 3)
    profile = (project / "profiles/smoke.yaml").read_text()
    (project / "profiles").unlink()
    (project / "profiles").mkdir()
    (project / "profiles/smoke.yaml").write_text(re.sub(r"image: \{side: \d+", f"image: {{side: {tiny.SIZE}", profile))
    made = []
    for fresh_memory in ("255", "128"):  # glibc fills with the complement: bytes of 0, or 127
        command = [sys.executable, "-m", "focus.stages.instance_fit", NAME]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": "src", "MALLOC_PERTURB_": fresh_memory})
        made.append({file.name: file.read_bytes() for file in (paths.EVALUATION / NAME).iterdir()})
        shutil.rmtree(paths.EVALUATION / NAME)
    assert made[0] == made[1] != {}


def test_missing_ar_leaves_an_empty_row(chosen):
    """A user without AR could not build the other tables."""
    write_json(paths.PACKED / "ar" / paths.MISSING, {"reason": "AR missing"})
    work(chosen, NAME)
    assert load_results([paths.METRICS / NAME]).images.empty
