"""The stage of methods that fit each image by itself."""

from __future__ import annotations

import pandas as pd
import pytest

import tiny
from focus import settings
from focus.files import read_npy, write_json
from focus.report.results import load_results
from focus.stages import paths
from focus.stages.instance_fit import PARAMS, SECTIONS, work

NAME = "Egger-like"


@pytest.fixture
def chosen(project):
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        tiny.face_model().save(path)
    found = settings.load(("compute", *SECTIONS), tuple(key.format(name=NAME) for key in PARAMS))
    found.image = found.image.model_copy(update={"side": tiny.SIZE})
    return found


def test_every_image_has_its_scores(chosen, monkeypatch):
    """Table 4's row would lack images, or depend on the batch size."""
    tiny.packed_faces(paths.PACKED / "ar", 5)
    frames = []
    for batch in (2, 5):
        chosen.evaluation = chosen.evaluation.model_copy(update={"batch": batch})
        work(chosen, NAME)
        frames.append(pd.read_csv(paths.METRICS / NAME / "images.csv"))
    assert len(frames[0]) == 5 and frames[0][["rmse", "acc", "ppv", "tpr", "f1"]].notna().all(axis=None)
    assert (frames[0]["testset"] == "AR").all()
    assert frames[0]["rmse"].to_numpy() == pytest.approx(frames[1]["rmse"].to_numpy(), rel=1e-3)
    assert read_npy(paths.EVALUATION / NAME / "ar_masks.npy").shape == (5, tiny.SIZE, tiny.SIZE)


def test_missing_ar_leaves_an_empty_row(chosen):
    """A user without AR could not build the other tables."""
    write_json(paths.PACKED / "ar" / paths.MISSING, {"reason": "AR missing"})
    work(chosen, NAME)
    assert load_results([paths.METRICS / NAME]).images.empty
