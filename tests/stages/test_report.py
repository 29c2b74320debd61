"""The report stage: what of a run reaches the page, and what is withheld where the faces are real."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import tiny
from focus import settings
from focus.environment.assets import STAND_IN
from focus.errors import FocusError
from focus.evaluation.per_image import write_figures
from focus.files import write_bytes, write_json, write_npy, write_text
from focus.registry.testsets import TESTSETS
from focus.report.tables import read_paper_table
from focus.report.write import write_table
from focus.stages import build, listed, paths, report
from focus.stages.common import provenance
from focus.stages.finer import Finer

SUBSETS = {"CelebA": "occluded", "AR": "scarf", "NoW": "occluded"}


def enlarged(finer: Finer, split: str, rows: list[int]) -> tuple[np.ndarray, np.ndarray | None]:
    """Stand in for `Finer.cut`: the packed images, each pixel a square."""
    packed = build.packed(split)
    parts = (packed.images[rows], None if packed.visible is None else packed.visible[rows])
    images, visible = (
        None if part is None else part.repeat(finer.factor, axis=1).repeat(finer.factor, axis=2) for part in parts
    )
    return images, visible


@pytest.fixture
def chosen(project, monkeypatch):
    """A finished run of six images a data set, on the smallest face model; what they were packed from is not there."""
    monkeypatch.setattr(Finer, "cut", enlarged)
    model = tiny.face_model()
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        model.save(path)
    rows = []
    for testset, split in {name: each.split for name, each in TESTSETS.items()}.items():
        packed = tiny.packed_faces(paths.PACKED / split)
        write_npy(paths.EVALUATION / "FOCUS" / f"{split}_theta.npy", tiny.latents(6).theta().numpy())
        figures = {"now_median": 1.0} if testset == "NoW" else {"rmse": 5.0, "f1": 0.5}
        facts = {"testset": testset, "subset": SUBSETS[testset], "subject": "s", "occluder": "none"}
        rows += [{**facts, "image": name, **figures} for name in packed.names]
        write_json(paths.RESULTS / "landmarks" / f"{split}.json", {"images": 6})
    for split in ("celeba_test", "ar"):
        write_npy(paths.EVALUATION / "FOCUS" / f"{split}_masks.npy", np.ones((6, tiny.SIZE, tiny.SIZE), np.uint8))
    write_figures(paths.METRICS / "FOCUS", "FOCUS", rows, {})
    for kind in ("plain", "composited"):
        paths.misfit_prior(kind).parent.mkdir(parents=True)
        save_file({"misfit_prior": torch.randn(model.vertex_count, 3)}, paths.misfit_prior(kind))
    for number in range(1, 6):
        write_table(paths.TABLES, number, read_paper_table(number), "note")
    write_json(paths.RESULTS / "claims.json", [])
    write_text(paths.TABLES / "now_shares.csv", "method,median_mm,share\nFOCUS,0.9906,-0.0560\nOther,2,\n")
    write_text(paths.CURVES / "FOCUS.csv", "step,network,loss\n0,reconstruction,2\n10,reconstruction,1\n")
    write_text(paths.CURVES / "Pretrained.csv", "\n")
    write_text(paths.CURVES / "Removed.csv", "step,network,loss\n0,reconstruction,2\n10,reconstruction,1\n")
    stream = io.BytesIO()
    Image.new("RGB", (40, 20)).save(stream, "PNG")
    for name in ("figure1", "figure4_plain"):
        write_bytes(paths.FIGURES / f"{name}.png", stream.getvalue())
    listed.work(settings.load(listed.Settings))
    return tiny.sized(settings.load(report.Settings))


def test_curves_of_removed_variants_are_not_shown(chosen) -> None:
    """A variant that is no longer in the settings would stay on the page by its leftover file."""
    drawn = str(report.curves(chosen))
    assert "FOCUS" in drawn and "Removed" not in drawn


def test_page_has_all_parts_and_stable_bytes(chosen) -> None:
    """A part of the run would be missing from the page, or DVC would see a new page in every run."""
    contents = []
    for _ in range(2):
        report.work(chosen)
        contents.append(paths.REPORT.read_text())
    assert contents[0] == contents[1]
    for part in ('id="table5"', "Figure 1", "Figure 4, plain", "AR scarf, by F1", "NoW, by median", 'data-run="FOCUS"'):
        assert part in contents[0], part
    assert "-6 %" in contents[0] and "Other" not in contents[0]  # a method without a share is left out
    assert "embedded data (drawn faces" in contents[0] and "true mask" in contents[0] and "<canvas" in contents[0]


def test_faces_can_be_left_out(chosen) -> None:
    """`focus report --no-faces` would show faces."""
    report.work(chosen, faces=False)
    text = paths.REPORT.read_text()
    assert "Figure 4, plain" in text and "left out" in text
    assert "Figure 1" not in text and "<canvas" not in text and 'class="case"' not in text


@pytest.mark.parametrize("asset", ["bfm", "celeba_hq", "ar", "now"])
def test_real_people_are_withheld_unless_asked_for(chosen, asset: str) -> None:
    """A page with licensed pictures would be passed on without a thought."""
    chosen = replace(chosen, assets=chosen.assets.model_copy(update={asset: Path("/licensed")}))
    report.work(chosen)
    text = paths.REPORT.read_text()
    assert "<canvas" not in text and "Figure 1" not in text and "licensed assets" in text
    report.work(chosen, faces=True)
    assert "<canvas" in paths.REPORT.read_text()


def test_stand_ins_do_not_pose_as_licensed_files(chosen, project) -> None:
    """Figures on drawn faces would be printed as figures on the real data sets."""
    write_text(project / "stand-ins" / STAND_IN, "made by code")
    chosen = replace(chosen, assets=chosen.assets.model_copy(update={"now": project / "stand-ins" / "now"}))
    assert provenance(chosen) == (
        "run: profile smoke, stand-ins made by code in place of now; "
        "not comparable with the paper's figures, which are on real faces"
    )


def test_a_page_too_large_to_open_is_refused(chosen, monkeypatch) -> None:
    """A phone would run out of memory."""
    monkeypatch.setattr(report, "LIMIT", 1000)
    with pytest.raises(FocusError, match=r"results/report.html: would be .* bytes, expected at most 1,000"):
        report.work(chosen)
    assert not paths.REPORT.exists()
