"""The NoW error of one pair, against the public code's values and against mistakes people make."""

from __future__ import annotations

import numpy as np
import pytest

from focus.errors import FocusError
from focus.evaluation.now import crop_face, face_region, now_errors, statistics

SWAPPED = [3, 2, 1, 0, 4, 6, 5]
CASES = ("c01", "c04", "c08", "m02")


def measure(reference: dict[str, np.ndarray], case: str):
    return now_errors(
        reference.get(f"{case}/scan_vertices", reference["scan_vertices"]),
        reference["scan_landmarks"],
        reference[f"{case}/prediction_vertices"],
        reference["prediction_triangles"],
        reference[f"{case}/prediction_landmarks"],
        metrical=case.startswith("m"),
        keep_landmark_errors=True,
    )


@pytest.mark.parametrize("case", CASES)
def test_golden_figures(reference, case) -> None:
    """If this fails our millimetres are not the published benchmark's."""
    result = measure(reference, case)
    scan = reference.get(f"{case}/scan_vertices", reference["scan_vertices"])
    inside = np.unpackbits(reference[f"{case}/inside"], count=len(scan))
    np.testing.assert_array_equal(result.crop_ids, np.flatnonzero(inside))
    np.testing.assert_allclose(
        result.landmark_errors[::4], reference[f"{case}/landmark_errors_every_4th"], rtol=0, atol=1e-4
    )
    found = [result.statistics[name] for name in ("median", "mean", "std")]
    np.testing.assert_allclose(found, reference[f"{case}/median_mean_std"], rtol=0, atol=3e-3)
    assert result.warnings == () and result.degenerate_triangles == 0
    assert (result.alignment.scale == 1.0) == case.startswith("m")


def test_statistics_by_hand() -> None:
    """If this fails the values of every NoW table are wrong (ddof 0)."""
    assert statistics(np.array([1.0, 2.0, 6.0])) == {"median": 2.0, "mean": 3.0, "std": (14 / 3) ** 0.5, "points": 3}


def test_face_region_by_hand() -> None:
    """If this fails another part of the face is evaluated than the protocol says."""
    landmarks = np.array(
        [[-50, 30, 0], [-20, 30, 0], [20, 30, 0], [50, 30, 0], [0, -10, 0], [-25, -40, 0], [25, -40, 0.0]]
    )
    centre, radius = face_region(landmarks)
    np.testing.assert_allclose(centre, [0, 2, 0])
    assert radius == pytest.approx(1.4 * (100 + 40) / 2)
    vertices = np.array([[0, 2, 97.9], [0, 2, 98.1], [98.0, 2, 0]])
    np.testing.assert_array_equal(crop_face(vertices, landmarks), [0, 2])


def test_scale_and_pose_of_the_prediction_do_not_matter(face) -> None:
    """If this fails the non-metrical errors depend on the frame or unit a method happens to write."""
    plain = now_errors(**face)
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    moved = dict(face)
    for name in ("prediction_vertices", "prediction_landmarks"):
        moved[name] = 1.3 * face[name] @ turn.T + [40.0, -7.0, 900.0]
    np.testing.assert_allclose(now_errors(**moved).errors.mean(), plain.errors.mean(), atol=1e-3)


def test_a_scan_against_itself_is_exact(face) -> None:
    """If this fails the optimiser stops short of, or walks away from, a perfect fit."""
    own = dict(face, scan_vertices=face["prediction_vertices"], scan_landmarks=face["prediction_landmarks"])
    result = now_errors(**own)
    assert result.errors.max() < 1e-3
    assert result.alignment.scale == pytest.approx(1, abs=1e-4)


def test_metres_are_named(face) -> None:
    """If this fails a mesh in metres gets a value without a word."""
    metres = dict(face)
    for name in ("prediction_vertices", "prediction_landmarks"):
        metres[name] = face[name] / 1000
    with pytest.raises(FocusError, match=r"metres\?.*expected millimetres"):
        now_errors(**metres, metrical=True)
    result = now_errors(**metres)
    assert "metres?" in result.warnings[0]
    np.testing.assert_allclose(result.errors.mean(), now_errors(**face).errors.mean(), atol=1e-3)


def test_scan_in_metres_is_refused(face) -> None:
    """If this fails errors in metres are reported as millimetres."""
    face = dict(face, scan_vertices=face["scan_vertices"] / 1000, scan_landmarks=face["scan_landmarks"] / 1000)
    with pytest.raises(FocusError, match=r"scan landmarks: outer eye corners 0\.\d+ apart \(metres\?\)"):
        now_errors(**face)


def test_swapped_landmarks_are_reported(face) -> None:
    """If this fails left and right swapped by mistake passes unseen (the protocol allows the reflection)."""
    result = now_errors(**dict(face, prediction_landmarks=face["prediction_landmarks"][SWAPPED]))
    assert result.alignment.mirrored
    assert any("mirror image" in line for line in result.warnings)


def test_mirrored_prediction_is_reported(face) -> None:
    """If this fails a mesh written in a left-handed frame passes unseen."""
    mirror = np.array([1.0, 1.0, -1.0])
    mirrored = dict(face)
    for name in ("prediction_vertices", "prediction_landmarks"):
        mirrored[name] = face[name] * mirror
    result = now_errors(**mirrored)
    assert any("mirror image" in line for line in result.warnings)


def test_mirrored_landmarks_alone_are_refused(face) -> None:
    """If this fails landmarks in another frame than their mesh give a meaningless value."""
    with pytest.raises(FocusError, match="off the prediction's surface"):
        now_errors(**dict(face, prediction_landmarks=face["prediction_landmarks"] * [1.0, -1.0, -1.0]))


def test_wrong_order_is_reported(face) -> None:
    """If this fails landmarks in another order pass unseen."""
    result = now_errors(**dict(face, prediction_landmarks=face["prediction_landmarks"][[4, 0, 1, 2, 3, 5, 6]]))
    assert any("fit the scan's only to" in line for line in result.warnings)


def test_degenerate_triangles_are_dropped_and_counted(face) -> None:
    """If this fails a triangle without area breaks the tree or goes uncounted."""
    extra = np.array([[0, 0, 1], [5, 5, 5]])
    triangles = np.concatenate([extra, face["prediction_triangles"]])
    result = now_errors(**dict(face, prediction_triangles=triangles))
    assert result.degenerate_triangles == 2 and "2 triangles without area" in result.warnings[0]
    np.testing.assert_array_equal(result.errors, now_errors(**face).errors)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("prediction_vertices", np.zeros((0, 3)), "prediction vertices: empty"),
        ("prediction_vertices", np.zeros((4, 2)), r"shape \(4, 2\), expected \(n, 3\)"),
        ("prediction_triangles", np.zeros((0, 3), int), r"shape \(0, 3\)"),
        ("prediction_triangles", np.array([[0, 1, 10**6]]), "vertex numbers 0 to 1000000, expected 0 to"),
        ("prediction_triangles", np.array([[1, 1, 2]]), "all 1 are without area"),
        ("prediction_landmarks", np.zeros((6, 3)), r"shape \(6, 3\), expected \(7, 3\)"),
        ("prediction_landmarks", np.zeros((7, 3)), "spread over 0"),
        ("prediction_landmarks", np.eye(7, 3) * 1e30, "spread over 1e.30"),
        ("prediction_landmarks", np.arange(7.0)[:, None] * [1, 2, 3], "all seven on one line"),
        ("scan_landmarks", np.full((7, 3), np.nan), "scan landmarks: 7 of 7 are NaN"),
    ],
)
def test_bad_input_gets_one_line(face, name, value, reason) -> None:
    """If this fails a broken file ends in a traceback or in a value."""
    with pytest.raises(FocusError, match=reason) as caught:
        now_errors(**dict(face, **{name: value}))
    assert "\n" not in str(caught.value)


def test_nan_vertices_are_refused(face) -> None:
    """If this fails a diverged network's mesh gets a value."""
    vertices = face["prediction_vertices"].copy()
    vertices[[3, 9], 1] = np.nan
    with pytest.raises(FocusError, match=rf"prediction vertices: 2 of {len(vertices)} are NaN"):
        now_errors(**dict(face, prediction_vertices=vertices))


def test_scan_away_from_its_landmarks_is_refused(face) -> None:
    """If this fails an empty crop becomes a NaN in the tables."""
    with pytest.raises(FocusError, match="none of its"):
        now_errors(**dict(face, scan_vertices=face["scan_vertices"] + 1e4))


def test_landmarks_with_a_leading_axis(face) -> None:
    """If this fails predictions saved as (1, 7, 3), a published form, are refused."""
    result = now_errors(**dict(face, prediction_landmarks=face["prediction_landmarks"][None]))
    np.testing.assert_array_equal(result.errors, now_errors(**face).errors)
