"""The whole NoW set: nothing uncounted, nothing ends the run, equal bytes from equal reports."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from focus.errors import FocusError
from focus.evaluation.now_benchmark import ImageRow, NowReport, evaluate_now, prediction_files, write_report


def by_image(report: NowReport) -> dict[str, ImageRow]:
    return {row.image.split("/")[-1][:8]: row for row in report.rows}


def test_whole_set(scan_set, predictions) -> None:
    """If this fails images are dropped, pooled wrongly, or a scan is read again for every image."""
    report = evaluate_now(scan_set, predictions)
    rows = by_image(report)
    assert [row.image for row in report.rows] == scan_set.names
    assert [row.status for row in report.rows] == ["ok", "ok", "ok", "failed"]
    assert "scans/FaMoS_2" in rows["IMG_0004"].reason and rows["IMG_0004"].median is None
    errors = np.concatenate(report.errors[:3])
    pooled = report.pooled()
    assert (pooled["images"], pooled["points"]) == (3, len(errors))
    assert pooled["median"] == np.median(errors) and pooled["std"] == errors.std()
    assert report.pooled("selfie") == {"median": None, "mean": None, "std": None, "points": 0, "images": 0}
    assert scan_set.reads == 2


def test_missing_and_bad_predictions_are_rows(scan_set, predictions) -> None:
    """If this fails one bad file ends an evaluation of hundreds, or vanishes from the count."""
    missing, no_landmarks, broken = (predictions / line.replace(".jpg", "") for line in scan_set.names[:3])
    missing.with_suffix(".obj").unlink()
    no_landmarks.with_suffix(".npy").unlink()
    broken.with_suffix(".obj").write_text("v 0 0 zero\nf 1 1 1\n")
    rows = by_image(evaluate_now(scan_set, predictions))
    assert rows["IMG_0001"].status == "missing" and "no mesh, expected .obj or .ply" in rows["IMG_0001"].reason
    assert rows["IMG_0002"].status == "missing" and "no landmarks" in rows["IMG_0002"].reason
    assert rows["IMG_0003"].status == "failed" and "IMG_0003.obj" in rows["IMG_0003"].reason
    assert "\n" not in rows["IMG_0003"].reason


def test_pickled_landmarks_are_never_opened(scan_set, predictions) -> None:
    """If this fails a prediction's .npy can run code."""
    stem = predictions / scan_set.names[0].replace(".jpg", "")
    np.save(stem.with_suffix(".npy"), np.array({"left": 1}, dtype=object), allow_pickle=True)
    assert evaluate_now(scan_set, predictions).rows[0].status == "failed"


def test_suspicious_predictions_are_measured_with_a_warning(scan_set, predictions, face) -> None:
    """If this fails swapped landmarks in one image are not named."""
    stem = predictions / scan_set.names[1].replace(".jpg", "")
    np.save(stem.with_suffix(".npy"), face["prediction_landmarks"][[3, 2, 1, 0, 4, 6, 5]])
    row = evaluate_now(scan_set, predictions).rows[1]
    assert row.status == "warning" and "mirror image" in row.reason and row.points > 0


def test_other_published_forms(scan_set, predictions, face) -> None:
    """If this fails .ply meshes, .txt landmarks or (1, 7, 3) arrays, all published forms, are not read."""
    from focus.datasets.meshes import write_ply

    ply, text, nested = (predictions / line.replace(".jpg", "") for line in scan_set.names[:3])
    ply.with_suffix(".obj").unlink()
    colours = np.full_like(face["prediction_vertices"], 0.5)
    write_ply(ply.with_suffix(".ply"), face["prediction_vertices"], face["prediction_triangles"], colours)
    text.with_suffix(".npy").unlink()
    np.savetxt(text.with_suffix(".txt"), face["prediction_landmarks"])
    np.save(nested.with_suffix(".npy"), face["prediction_landmarks"][None].astype(np.float32))
    rows = evaluate_now(scan_set, predictions).rows
    assert [row.status for row in rows[:3]] == ["ok"] * 3
    assert rows[0].mean == pytest.approx(rows[1].mean, abs=1e-3) == pytest.approx(rows[2].mean, abs=1e-3)


def test_one_challenge(scan_set, predictions) -> None:
    """If this fails --challenge evaluates other images, or an unknown name evaluates none in silence."""
    report = evaluate_now(scan_set, predictions, "multiview_occlusions")
    assert [row.image for row in report.rows] == scan_set.names[1:3]
    with pytest.raises(FocusError, match="challenge: 'glasses', expected one of multiview_neutral"):
        evaluate_now(scan_set, predictions, "glasses")


def test_metrical_set(scan_set, predictions) -> None:
    """If this fails --metrical does not reach the alignment."""
    free, held = (evaluate_now(scan_set, predictions, metrical=metrical) for metrical in (False, True))
    assert held.rows[0].status == "ok" and held.rows[0].mean != free.rows[0].mean


def test_missing_folder(scan_set, tmp_path) -> None:
    """If this fails a mistyped folder looks like a set of missing predictions."""
    with pytest.raises(FocusError, match="no such folder"):
        evaluate_now(scan_set, tmp_path / "nowhere")


def test_prediction_files_keep_dots_in_names(tmp_path) -> None:
    """If this fails images such as a.b.jpg are looked up under another name."""
    folder = tmp_path / "s" / "selfie"
    folder.mkdir(parents=True)
    for suffix in (".obj", ".npy"):
        (folder / f"a.b{suffix}").touch()
    assert prediction_files(tmp_path, "s/selfie/a.b.jpg") == (folder / "a.b.obj", folder / "a.b.npy")


@pytest.mark.parametrize(("mesh", "points"), [("OBJ", "NPY"), ("Ply", "Txt")])
def test_upper_case_endings(tmp_path, mesh, points) -> None:
    """A prediction IMG_0001.OBJ, as Windows programs write it, would be "missing"."""
    folder = tmp_path / "s" / "selfie"
    folder.mkdir(parents=True)
    for suffix in (mesh, points):
        (folder / f"a.{suffix}").touch()
    assert prediction_files(tmp_path, "s/selfie/a.jpg") == (folder / f"a.{mesh}", folder / f"a.{points}")


def test_written_report(tmp_path) -> None:
    """If this fails the files a reviewer reads have other columns, values or counts, or unstable bytes."""
    rows = (
        ImageRow("s/selfie/a.jpg", "selfie", "ok", "", 4, 1.5, 2.0, 0.5),
        ImageRow("s/selfie/b.jpg", "selfie", "missing", "no mesh, none"),
    )
    report = NowReport(rows, (np.array([0.0, 1.0, 2.0, 9.0]), np.empty(0)), metrical=False)
    for name in ("one", "two"):
        write_report(report, tmp_path / name)
    with (tmp_path / "one" / "images.csv").open(newline="") as stream:
        table = list(csv.reader(stream))
    assert table[0] == ["image", "challenge", "points", "median", "mean", "std", "status", "reason"]
    assert table[1] == ["s/selfie/a.jpg", "selfie", "4", "1.500000", "2.000000", "0.500000", "ok", ""]
    assert table[2] == ["s/selfie/b.jpg", "selfie", "0", "", "", "", "missing", "no mesh, none"]
    summary = json.loads((tmp_path / "one" / "summary.json").read_text())
    assert summary["pooled"] == {"median": 1.5, "mean": 3.0, "std": 12.5**0.5, "points": 4, "images": 1}
    assert summary["counts"] == {"ok": 1, "warning": 0, "missing": 1, "failed": 0} and summary["listed"] == 2
    assert summary["not_measured"] == [{"image": "s/selfie/b.jpg", "status": "missing", "reason": "no mesh, none"}]
    curve = (tmp_path / "one" / "curve.csv").read_text().splitlines()
    assert (curve[0], curve[1], curve[21], curve[-1]) == (
        "millimetres,percent",
        "0.00,25.000000",
        "1.00,50.000000",
        "8.00,75.000000",
    )
    for name in ("images.csv", "summary.json", "curve.csv", "curve.png"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_report_without_any_measurement(tmp_path) -> None:
    """If this fails a set with nothing measured ends in a traceback instead of its list of reasons."""
    report = NowReport((ImageRow("s/selfie/b.jpg", "selfie", "missing", "gone"),), (np.empty(0),), metrical=True)
    write_report(report, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["pooled"]["median"] is None
    assert (report.curve()[:, 1] == 0).all()
