"""The stages of the rows that the others are read against."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tiny
from focus import settings
from focus.files import read_json, write_json, write_npy, write_text
from focus.report.results import load_results
from focus.settings import MethodSettings
from focus.stages import constant_mask, paths, reference
from focus.stages.common import shown

NAMES = {"mean-face": "mean face", "best-fit": "best fit"}


def loaded(module, name: str):
    return tiny.sized(settings.load(module.Settings, name))


@pytest.fixture
def sets(project):
    """A project with all three test sets, its scans and lists."""
    model = tiny.face_model()
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        model.save(path)
    found = {split: tiny.packed_faces(paths.PACKED / split, 4) for split in ("celeba_test", "ar", "now")}
    vertices = model.neutral(tiny.latents(1).shape)[0].double().numpy()
    arrays = {}
    for row in found["now"].index:
        arrays[f"{row['subject']}/vertices"] = vertices
        arrays[f"{row['subject']}/landmarks"] = vertices[model.landmarks_now.numpy()]
    np.savez(paths.PACKED / "now" / "scans.npz", **arrays)
    for prefix, split in (("celeba", "celeba_test"), ("now", "now")):
        names = found[split].names
        write_text(paths.LISTS / f"{prefix}_unoccluded.txt", f"{names[0]}\n")
        write_text(paths.LISTS / f"{prefix}_occluded.txt", f"{names[1]}\n")
    return found


def test_references_have_what_their_tables_need(sets):
    """A row of Tables 1, 2, 3 or 5 would lack values, or the best fit be worse than the mean face."""
    medians = {}
    for name, label in NAMES.items():
        reference.work(loaded(reference, name), name)
        frame = pd.read_csv(paths.METRICS / name / "images.csv")
        assert set(frame["method"]) == {label}
        celeba = frame[frame["testset"] == "CelebA"]
        assert list(celeba["subset"]) == ["unoccluded", "occluded"] and celeba["rmse"].notna().all()
        assert len(frame[frame["testset"] == "NoW"]) == 4
        medians[name] = read_json(paths.METRICS / name / "pooled.json")["NoW"]["all"]["median"]
    assert medians["best-fit"] < medians["mean-face"]


def test_all_ones_keeps_every_rendered_pixel(sets):
    """The reference of segmentation would miss faces, or have values of shape."""
    write_npy(paths.EVALUATION / "FOCUS" / "ar_theta.npy", tiny.latents(4).theta().numpy())
    constant_mask.work(loaded(constant_mask, "all-ones"), "all-ones")
    frame = pd.read_csv(paths.METRICS / "all-ones" / "images.csv")
    assert len(frame) == 4 and (frame["tpr"] == 1).all() and frame["now_median"].isna().all()


@pytest.mark.parametrize(("module", "name"), [(reference, "mean-face"), (constant_mask, "all-ones")])
def test_missing_sets_leave_an_empty_row(project, module, name):
    """A user without the licensed sets could not build the other tables."""
    for split in ("celeba_test", "ar", "now"):
        write_json(paths.PACKED / split / paths.MISSING, {"reason": "missing"})
    module.work(loaded(module, name), name)
    assert load_results([paths.METRICS / name]).images.empty


def test_labels_stand_in_the_tables_and_names_in_the_folders(project):
    """The tables would look for a folder of another name, or a reference compete with the methods."""
    chosen = settings.load(MethodSettings)
    found = shown(chosen)
    folders = dict(zip(found.tables, found.folders, strict=True))
    assert folders["mean face"] == "mean-face" and folders["FOCUS"] == "FOCUS"
    assert found.references == ["all-ones", *(plan.label for plan in chosen.references.values())]
