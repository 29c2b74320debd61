"""One row of values per image."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import tiny
from focus.datasets.packed import pack
from focus.datasets.sample import Sample
from focus.datasets.scans import Scan
from focus.errors import FocusError
from focus.evaluation.now import now_errors
from focus.evaluation.per_image import COLUMNS, about, image_rows, now_rows, pooled, write_figures
from focus.model.inference import Prediction
from focus.report.results import load_results


@pytest.fixture
def packed(tmp_path):
    """Three grey images of 4 px: the upper half visible face."""
    visible = np.zeros((4, 4), np.uint8)
    visible[:2] = 1
    extra = [{"occluder": "scarf", "occluder_fraction": "0.25", "crop": "{}"}, {}, {}]
    samples = [
        Sample(f"{i}.png", np.full((4, 4, 3), 102, np.uint8), visible, np.zeros((68, 2)), f"s{i}", "glasses", extra[i])
        for i in range(3)
    ]
    return pack(tmp_path / "set", samples)


def prediction(mask: bool = True) -> Prediction:
    """Two images, 0.6 where the truth is 0.4; rendered: the left half; mask: the first's upper left quarter."""
    rendered = torch.zeros(2, 1, 4, 4)
    rendered[..., :2] = 1
    predicted = torch.zeros(2, 1, 4, 4)
    predicted[0, 0, :2, :2] = 0.9
    images = torch.full((2, 3, 4, 4), 0.6) * rendered
    return Prediction(images, rendered, predicted if mask else None, torch.zeros(2, 68, 2), tiny.latents(2))


def test_image_rows_by_hand(packed):
    """Values would be of another image, region or unit."""
    first, second = image_rows(packed, 1, prediction())
    assert (first["image"], second["image"], first["subject"], first["subset"]) == ("1.png", "2.png", "s1", "glasses")
    assert first["rmse"] == pytest.approx(51)  # 0.2 of 255 on visible rendered pixels
    assert first["rmse_visible"] == pytest.approx(np.sqrt((51**2 + 102**2) / 2))  # half of the face is not rendered
    assert [first[key] for key in ("acc", "ppv", "tpr", "f1")] == [1, 1, 1, 1]
    assert [second[key] for key in ("acc", "ppv", "tpr", "f1")] == [0.5, 0, 0, 0]


def test_no_mask_no_scores(packed):
    """A variant without a mask would get segmentation figures."""
    row = next(image_rows(packed, 0, prediction(mask=False)))
    assert "rmse" in row and not {"acc", "ppv", "tpr", "f1"} & set(row)


def test_set_without_ground_truth(packed):
    """A set without masks would end in a traceback."""
    packed.visible = None
    with pytest.raises(FocusError, match="found no visible-face masks, expected one an image"):
        list(image_rows(packed, 0, prediction()))


def test_about(packed):
    """The occluder would get lost, or the crop's numbers land in the tables."""
    assert about(packed, 0) == {
        "image": "0.png", "subject": "s0", "subset": "glasses", "occluder": "scarf", "occluder_fraction": "0.25",
    }  # fmt: skip
    assert set(about(packed, 1)) == {"image", "subject", "subset"}


@pytest.fixture
def scanned(tmp_path):
    """Two images of one person, the model's own mean face the scan."""
    model = tiny.face_model()
    vertices = model.shape_mean.double().numpy()
    scans = {"s": Scan(vertices, vertices[model.landmarks_now.numpy()])}
    samples = [Sample(name, np.zeros((4, 4, 3), np.uint8), None, np.zeros((68, 2)), "s") for name in ("a", "b", "c")]
    return pack(tmp_path / "now", samples), scans, model


def test_now_rows(scanned):
    """NoW values would be of another mesh, or pooled into another subset."""
    packed, scans, model = scanned
    shape = torch.zeros(3, model.n_shape)
    shape[1:, 0] = torch.tensor([2.0, -2.0])
    meshes = model.neutral(shape)
    rows, errors = now_rows(packed, scans, meshes, model, {"a": "unoccluded", "b": "occluded"})
    assert [row["subset"] for row in rows] == ["unoccluded", "occluded", "none"]
    assert rows[0]["now_median"] < 1e-3 < 0.05 < rows[1]["now_median"]
    expected = now_errors(
        scans["s"].vertices,
        scans["s"].landmarks,
        meshes[1].double().numpy(),
        model.triangles.numpy(),
        meshes[1, model.landmarks_now].double().numpy(),
    ).errors
    assert np.array_equal(errors["occluded"][0], expected) and len(errors["all"]) == 3
    assert [rows[1][f"now_{key}"] for key in ("median", "mean", "std")] == [
        pytest.approx(value) for value in (np.median(expected), expected.mean(), expected.std())
    ]
    assert rows[1]["points"] == len(expected)


def test_pooled_by_hand():
    """Table 2's values would be means of means, not over all scan points."""
    errors = {
        "all": [np.array([0.0, 1.0]), np.array([2.0, 3.0, 9.0])],
        "unoccluded": [np.array([0.0, 1.0])],
        "occluded": [],
    }
    assert pooled(errors) == {
        "all": {"median": 2.0, "mean": 3.0, "std": pytest.approx(np.sqrt(10), abs=1e-6), "images": 2},
        "unoccluded": {"median": 0.5, "mean": 0.5, "std": 0.5, "images": 1},
    }


def test_written_figures_are_what_the_report_reads(packed, tmp_path):
    """Tables would be built from other values than were measured, or writer and reader disagree on the columns."""
    rows = [row | {"testset": "AR"} for row in image_rows(packed, 0, prediction())]
    now = {
        "image": "a", "subject": "s", "subset": "none", "testset": "NoW",
        "now_median": 1.23456789, "now_mean": 1.0, "now_std": 0.5, "points": 1234,
    }  # fmt: skip
    folder = tmp_path / "FOCUS"
    write_figures(folder, "FOCUS", [*rows, now], pooled({"all": [np.array([1.0, 2.0])]}))
    text = (folder / "images.csv").read_text()
    assert text.splitlines()[0].split(",") == list(COLUMNS)
    assert text.splitlines()[3].startswith("FOCUS,NoW,none,a,s,,,,,,,,1.23457,1,0.5,1234")
    found = load_results([folder])
    assert found.rows("run", "FOCUS", "AR")["rmse"].tolist() == pytest.approx([51, 51])
    assert found.pooled["run", "FOCUS"]["all"]["median"] == 1.5
    write_figures(tmp_path / "again", "FOCUS", [*rows, now], pooled({"all": [np.array([1.0, 2.0])]}))
    assert (tmp_path / "again" / "images.csv").read_bytes() == (folder / "images.csv").read_bytes()


def test_no_rows(tmp_path):
    """A method without a test set would end in a traceback."""
    write_figures(tmp_path / "m", "m", [], {})
    assert pd.read_csv(tmp_path / "m" / "images.csv").columns.tolist() == list(COLUMNS)
