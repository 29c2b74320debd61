"""The parts of the page, each against values that can be worked by hand."""

from __future__ import annotations

import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from focus.report.layout import blocks
from focus.report.page.claims import ClaimRow, claim_rows, counts
from focus.report.page.compare import compare
from focus.report.page.curves import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, panels
from focus.report.page.embed import mask_uri, photo_uri
from focus.report.page.gallery import Choice, case, choose, error_map
from focus.report.page.views import STEP_MM, distance_views, misfit_views, payload, reconstruction_view
from focus.report.tables import read_paper_table


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1]))).convert("RGB"))


def unpacked(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def test_run_and_paper_share_a_cell() -> None:
    """The paper's value would not stand beside the run's, or under another method's name."""
    paper = read_paper_table(4)
    run = paper[paper["method"] == "FOCUS"].assign(source="run", f1_mean=0.5, f1_std=0.25)
    own = run.assign(method="all-ones")
    table = compare(4, blocks(4, pd.concat([paper, run, own]), {}, ["all-ones"]))
    rows = dict(table.rows)
    assert list(rows) == ["Deep3D", "Egger et al.", "FOCUS", "all-ones"] and table.italic == {"all-ones"}
    glasses_f1 = table.spans[0][1] + 3
    assert [(source, cell.text) for source, cell in rows["FOCUS"][glasses_f1]] == [
        ("run", "0.50 ± 0.25"),
        ("paper", "0.91 ± 0.04"),
        ("difference", "-0.41"),
    ]
    assert [source for source, _ in rows["all-ones"][glasses_f1]] == ["run"]
    assert rows["Egger et al."][0] == []


def test_columns_that_only_one_source_has_stay_apart() -> None:
    """The paper's NoW test set would be printed over the run's validation set."""
    paper = read_paper_table(2)
    run = paper[paper["method"] == "FOCUS"].assign(source="run", split="validation", median_mm=9.0)
    table = compare(2, blocks(2, pd.concat([paper, run]), {}))
    assert table.spans == [("NoW test set", 3), ("NoW validation set", 3)]
    cells = dict(table.rows)["FOCUS"]
    assert [source for source, _ in cells[0]] == ["paper"]
    assert [(source, cell.text) for source, cell in cells[3]] == [("run", "9.00")]


def test_a_transposed_table_keeps_methods_in_columns() -> None:
    """Table 1 would look unlike the paper's."""
    table = compare(1, blocks(1, read_paper_table(1), {}))
    assert table.corner == "Testset" and "MoFA" in table.headings and table.spans == []


def test_intervals_of_a_metric_share_a_scale() -> None:
    """A wide interval would look like a narrow one."""
    base = {"id": "a", "claim": "c", "testset": "AR", "holds": True, "mechanism": False, "images": 2, "reason": None}
    wide = {**base, "metric": "rmse", "margin": 0.0, "low": -2.0, "high": 2.0}
    narrow = {**base, "metric": "rmse", "margin": 1.0, "low": 0.0, "high": 2.0}
    none = {**base, "metric": "f1", "margin": None, "low": None, "high": None, "holds": None, "reason": "no AR"}
    rows = claim_rows([wide, narrow, none])
    assert rows[0].places == ["4.0", "70.0", "136.0"]
    assert rows[1].places == ["70.0", "103.0", "136.0"]
    assert rows[2] == ClaimRow(none, "no data")
    assert counts(rows) == {"holds": 2, "does not hold": 0, "not resolved": 0, "no data": 1}


def test_a_curve_fills_its_panel() -> None:
    """A curve would be drawn off its axes."""
    frame = pd.DataFrame({"step": [0, 50, 100], "network": "s", "loss": [1.0, np.nan, 3.0], "area": [1.0, 10.0, 100.0]})
    frame["binary"] = 1.0
    loss, area, binary = panels({"FOCUS": frame}, last="FOCUS")["s"]
    assert loss.lines[0].points == f"{LEFT}.0,{HEIGHT - BOTTOM}.0 {WIDTH - RIGHT}.0,{TOP}.0"
    assert not loss.logarithmic and area.logarithmic
    assert area.lines[0].points.split()[1].split(",")[1] == f"{(HEIGHT - BOTTOM + TOP) / 2:.1f}"
    assert {point.split(",")[1] for point in binary.lines[0].points.split()} == {f"{HEIGHT - BOTTOM}.0"}


def test_networks_have_panels_of_their_own_and_the_last_training_is_on_top() -> None:
    """R's and S's losses would share an axis, or FOCUS would lie under the others."""
    frame = pd.DataFrame({"step": [0, 1], "network": ["reconstruction", "recogniser"], "loss": [1.0, 2.0]})
    found = panels({"FOCUS": frame, "MoFA": frame, "Baseline": frame.assign(loss=np.nan)}, last="FOCUS")
    assert list(found) == ["reconstruction", "recogniser"]
    assert [line.run for line in found["reconstruction"][0].lines] == ["MoFA", "FOCUS"]


def images(values: dict[str, float], testset: str = "AR", subset: str = "scarf") -> pd.DataFrame:
    rows = [{"testset": testset, "subset": subset, "image": name, "f1": value} for name, value in values.items()]
    return pd.DataFrame(rows).assign(rmse=np.nan, now_median=np.nan)


def test_best_median_and_worst_by_the_metric_s_own_direction() -> None:
    """The gallery would show the worst masks as the best."""
    chosen = list(choose(images({"a": 0.1, "b": 0.9, "c": 0.5, "d": 0.7, "e": 0.3}), each=1))
    assert [(choice.rank, choice.image) for choice in chosen] == [("best", "b"), ("median", "c"), ("worst", "a")]
    assert {choice.group for choice in chosen} == {"AR scarf, by F1"}


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_few_images_are_shown_once(count: int) -> None:
    """A small run would show an image twice, or fail."""
    chosen = list(choose(images({str(k): k / 10 for k in range(count)})))
    assert sorted(choice.image for choice in chosen) == [str(k) for k in range(count)]


def test_now_is_one_group_whatever_its_subsets() -> None:
    """Images outside Table 3's pairs would never be shown."""
    rows = images({"a": 1, "b": 1}, "NoW", "occluded").assign(now_median=[2.0, 1.0], f1=np.nan)
    rows.loc[0, "subset"] = "none"
    assert [(choice.group, choice.image) for choice in choose(rows)] == [
        ("NoW, by median scan error (mm)", "b"),
        ("NoW, by median scan error (mm)", "a"),
    ]


def test_a_case_shows_masks_inside_the_rendered_region_only() -> None:
    """A mask would be shown where it is not scored."""
    target = np.full((4, 4, 3), 100, np.uint8)
    region = np.zeros((4, 4))
    region[:2] = 1
    shown = case(
        Choice("g", "AR", "a", "best", 0.5),
        target,
        np.zeros((4, 4, 3)),
        np.ones((4, 4, 3)),
        region,
        np.ones((4, 4)),
        None,
    )
    pictures = dict(shown.pictures)
    assert list(pictures) == ["target", "reconstruction", "mean face", "mask", "error"] and shown.value == "0.500"
    assert np.array_equal(pixels(pictures["mask"])[..., 0], np.where(region, 255, 0))
    assert np.array_equal(pixels(pictures["target"]), target) and (pixels(pictures["mean face"]) == 255).all()


def test_error_map_is_dark_where_there_is_no_error_and_grey_outside() -> None:
    """Errors would be shown where nothing was rendered."""
    target, drawing = np.zeros((1, 3, 3), np.uint8), np.zeros((1, 3, 3), np.uint8)
    drawing[0, 1] = 200
    colours = error_map(target, drawing, np.array([[1, 1, 0]])).astype(int)
    assert colours[0, 0].sum() < 20 < 600 < colours[0, 1].sum() and (colours[0, 2] == 128).all()


def test_large_photographs_are_small_files() -> None:
    """The page at the paper's 224 px would be too large to open."""
    smooth = np.broadcast_to(np.linspace(0, 255, 224).astype(np.uint8)[:, None, None], (224, 224, 3))
    assert photo_uri(smooth).startswith("data:image/jpeg") and len(photo_uri(smooth)) < 20_000
    assert len(mask_uri(smooth[..., 0])) < 2_000


def test_distances_to_the_mean_face_share_a_scale() -> None:
    """A face near the mean would look as far from it as any other."""
    mean = np.zeros((3, 3))
    faces = [
        reconstruction_view("g", name, mean + np.array([0, 0, far]), mean)
        for name, far in (("near", 1.0), ("far", 4.0))
    ]
    near, far = distance_views(faces, mean)
    assert near.scale == far.scale and near.scale is not None and (near.scale.low, near.scale.high) == (0.0, 4.0)
    assert (near.colours != far.colours).any() and np.array_equal(near.vertices, faces[0].vertices)
    assert distance_views([], mean) == []


def test_a_view_keeps_its_mesh() -> None:
    """A mesh on the page would be another one, or be stored again for each of its colourings."""
    vertices = np.array([[10.0, 0, 0], [12, 0, 0], [10, 4, 1]], np.float32)
    misfit = np.array([[0, 0, 3.0], [0, 0, 0], [0, 0, -3.0]])
    views = misfit_views("plain", vertices, misfit)
    views.append(reconstruction_view("g", "t", vertices + 5, np.array([[2.0, 0.5, -1.0]] * 3)))
    data = payload(views, np.array([[0, 1, 2]]))
    assert len(data["shapes"]) == 1 and len(data["views"]) == 5  # a shift alone is not kept
    positions = unpacked(data["shapes"][0], "<i2").reshape(3, 3) * STEP_MM
    assert positions == pytest.approx(vertices - [11, 2, 0.5], abs=STEP_MM)
    assert unpacked(data["triangles"], "<u4").tolist() == [0, 1, 2]
    assert unpacked(data["views"][4]["colours"], "u1")[:3].tolist() == [255, 128, 0]
    red, white, blue = unpacked(data["views"][3]["colours"], "u1").reshape(3, 3).astype(int)
    assert red[0] > red[2] and blue[2] > blue[0] and (white > 240).all()
    assert data["views"][3]["scale"]["low"] == -data["views"][3]["scale"]["high"]
