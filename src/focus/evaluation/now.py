"""The NoW benchmark's error of one prediction against one scan, non-metrical and metrical.

The protocol of the public now_evaluation code (commit 7bd1498): crop the scan around the face, align the prediction
by seven landmarks, refine the alignment on the cropped scan, take the distance of every cropped scan vertex to the
prediction's surface. Whole sets: `focus.evaluation.now_benchmark`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from focus.errors import FocusError
from focus.evaluation.now_alignment import Alignment, FloatArray, Surface, procrustes, refine

LANDMARKS = (
    "right eye outer",
    "right eye inner",
    "left eye inner",
    "left eye outer",
    "subnasale",
    "right mouth corner",
    "left mouth corner",
)
EYE_DISTANCE_MM = (40.0, 200.0)  # outer eye corners of a scan; people have 80 to 110 mm
PLAUSIBLE_SCALE = (0.5, 2.0)  # of a prediction said to be in millimetres
UNITS = {"metres": 1000.0, "decimetres": 100.0, "inches": 25.4, "centimetres": 10.0, "micrometres": 0.001}
LOOSE_FIT_MM = 10.0  # root mean square over the seven landmarks; honest predictions stay below about 5


class Statistics(TypedDict):
    """Median, mean and standard deviation of errors, and how many they are."""

    median: float
    mean: float
    std: float
    points: int


@dataclass(frozen=True)
class NowResult:
    """Errors of one prediction.

    `warnings` are lines about inputs that the protocol accepts and that are nevertheless likely mistakes.
    """

    errors: FloatArray  # (n,) float64, mm, one per cropped scan vertex
    crop_ids: FloatArray  # (n,) int64 indices of those vertices in the scan
    alignment: Alignment  # prediction -> scan, after refinement
    landmark_errors: FloatArray | None  # (n,) float64, mm, after the landmark stage only; None unless asked for
    degenerate_triangles: int  # triangles without area, dropped from the prediction
    warnings: tuple[str, ...]

    @property
    def statistics(self) -> Statistics:
        """Median, mean, standard deviation (ddof 0), in mm, and the number of points."""
        return statistics(self.errors)


def statistics(errors: FloatArray) -> Statistics:
    """Return median, mean and standard deviation (ddof 0) of `errors` (n,), and `points` = n; n > 0."""
    median, mean, std = float(np.median(errors)), float(errors.mean()), float(errors.std())
    return {"median": median, "mean": mean, "std": std, "points": len(errors)}


def now_errors(
    scan_vertices: FloatArray,
    scan_landmarks: FloatArray,
    prediction_vertices: FloatArray,
    prediction_triangles: FloatArray,
    prediction_landmarks: FloatArray,
    metrical: bool = False,
    *,
    keep_landmark_errors: bool = False,
) -> NowResult:
    """Return the NoW errors of one prediction, mm.

    Args:
        scan_vertices: (S, 3), mm.
        scan_landmarks: (7, 3) in the order of `LANDMARKS`, the scan's frame.
        prediction_vertices: (V, 3), any frame and unit (mm where `metrical`).
        prediction_triangles: (F, 3) vertex numbers.
        prediction_landmarks: (7, 3) or (1, 7, 3), same order, the prediction's frame.
        metrical: hold the scale at one. As published, the start then takes the rotation and the translation of the
            landmark fit with scale.
        keep_landmark_errors: also return the distances after the landmark stage (one more pass over the points).

    Raises:
        FocusError: not seven landmarks, values that are not finite, an empty mesh, triangles that name no vertex, a
            scan or a metrical prediction in another unit than mm, landmarks away from the prediction's surface.
    """
    scan = checked_points("scan vertices", scan_vertices)
    scan_points = checked_landmarks("scan landmarks", scan_landmarks)
    check_scan_unit(scan_points)
    surface, degenerate = checked_surface(prediction_vertices, prediction_triangles)
    points = checked_landmarks("prediction landmarks", prediction_landmarks)

    start = procrustes(scan_points, points)
    warnings = landmark_warnings(surface, scan_points, points, start, metrical=metrical)
    if degenerate:
        warnings += (f"prediction: {degenerate} triangles without area left out",)
    if metrical:
        start = Alignment(1.0, start.rotation, start.translation)
    crop_ids = crop_face(scan, scan_points)
    cropped = scan[crop_ids]
    landmark_errors = surface.distances(cropped, start) if keep_landmark_errors else None
    alignment, errors = refine(surface, cropped, start, metrical=metrical)
    return NowResult(errors, crop_ids, alignment, landmark_errors, degenerate, warnings)


def face_region(landmarks: FloatArray) -> tuple[FloatArray, float]:
    """Return centre (3,) and radius of the evaluated sphere from the seven landmarks (7, 3) (protocol step 1)."""
    bridge = (landmarks[1] + landmarks[2]) / 2
    centre = landmarks[4] + 0.3 * (bridge - landmarks[4])
    eyes, nose = np.linalg.norm(landmarks[0] - landmarks[3]), np.linalg.norm(bridge - landmarks[4])
    return centre, float(1.4 * (eyes + nose) / 2)


def crop_face(vertices: FloatArray, landmarks: FloatArray) -> FloatArray:
    """Return the numbers (n,) of the scan's vertices inside the evaluated sphere. FocusError if there are none."""
    centre, radius = face_region(landmarks)
    inside = np.flatnonzero(np.linalg.norm(vertices - centre, axis=1) <= radius)
    if not inside.size:
        raise FocusError(
            f"scan: none of its {len(vertices)} vertices lies within {radius:.0f} mm of the face given by its "
            "landmarks, expected scan and landmarks in one frame and unit"
        )
    return inside


def checked_points(name: str, points: FloatArray) -> FloatArray:
    """Return `points` as (n, 3) float64, n > 0. FocusError on another shape or values that are not finite."""
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        raise FocusError(f"{name}: array of shape {points.shape}, expected (n, 3)")
    if not len(points):
        raise FocusError(f"{name}: empty, expected at least one point")
    broken = int((~np.isfinite(points).all(1)).sum())
    if broken:
        raise FocusError(f"{name}: {broken} of {len(points)} are NaN or infinite, expected finite numbers")
    return points


def checked_landmarks(name: str, landmarks: FloatArray) -> FloatArray:
    """Return seven landmarks as (7, 3) float64; (1, 7, 3) is taken too. FocusError on anything else."""
    landmarks = np.asarray(landmarks, dtype=np.float64)
    if landmarks.shape == (1, 7, 3):
        landmarks = landmarks[0]
    if landmarks.shape != (7, 3):
        raise FocusError(f"{name}: array of shape {landmarks.shape}, expected (7, 3): {', '.join(LANDMARKS)}")
    landmarks = checked_points(name, landmarks)
    spread = np.linalg.svd(landmarks - landmarks.mean(0), compute_uv=False)
    if not 1e-12 < spread[0] < 1e15:  # the landmark fit is in single precision, whose squares end at 1e38
        raise FocusError(f"{name}: spread over {spread[0]:.3g}, expected a face in millimetres or a similar unit")
    if spread[1] <= 1e-6 * spread[0]:
        raise FocusError(f"{name}: all seven on one line, expected the corners of a face")
    return landmarks


def checked_surface(vertices: FloatArray, triangles: FloatArray) -> tuple[Surface, int]:
    """Return the prediction's surface and how many triangles without area were dropped. FocusError if none is left."""
    vertices = checked_points("prediction vertices", vertices)
    triangles = np.asarray(triangles)
    if triangles.ndim != 2 or triangles.shape[1] != 3 or not len(triangles):
        raise FocusError(f"prediction triangles: array of shape {triangles.shape}, expected (n, 3) with n > 0")
    if triangles.min() < 0 or triangles.max() >= len(vertices):
        found = f"vertex numbers {triangles.min()} to {triangles.max()}"
        raise FocusError(f"prediction triangles: {found}, expected 0 to {len(vertices) - 1}")
    keep = has_area(vertices, triangles)
    if not keep.any():
        raise FocusError(f"prediction triangles: all {len(triangles)} are without area, expected a surface")
    return Surface(vertices, triangles[keep]), int(len(keep) - keep.sum())


def has_area(vertices: FloatArray, triangles: FloatArray) -> FloatArray:
    """Return which triangles (n, 3) have area, (n,) bool: twice it is above 1e-12 of the longest side squared."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    ab, ac, bc = b - a, c - a, c - b
    longest = np.maximum(np.maximum((ab**2).sum(1), (ac**2).sum(1)), (bc**2).sum(1))
    wide: FloatArray = np.linalg.norm(np.cross(ab, ac), axis=1) > 1e-12 * longest
    return wide


def likely_unit(millimetres: float) -> str:
    """Name the unit that is about this many millimetres, or say the number."""
    for name, size in UNITS.items():
        if 0.6 < millimetres / size < 1 / 0.6:
            return f"{name}?"
    return f"1 unit = {millimetres:.4g} mm"


def check_scan_unit(landmarks: FloatArray) -> None:
    """Raise FocusError unless the scan's outer eye corners are a face's width apart in mm."""
    distance = float(np.linalg.norm(landmarks[0] - landmarks[3]))
    if not EYE_DISTANCE_MM[0] <= distance <= EYE_DISTANCE_MM[1]:
        raise FocusError(
            f"scan landmarks: outer eye corners {distance:.4g} apart ({likely_unit(90 / max(distance, 1e-12))}), "
            f"expected {EYE_DISTANCE_MM[0]:.0f} to {EYE_DISTANCE_MM[1]:.0f} mm"
        )


def landmark_warnings(
    surface: Surface, scan_landmarks: FloatArray, landmarks: FloatArray, fit: Alignment, *, metrical: bool
) -> tuple[str, ...]:
    """Judge the landmark fit: raise FocusError on what no evaluation can mend, return lines on what is suspicious."""
    eyes = float(np.linalg.norm(landmarks[0] - landmarks[3]))
    off = float(np.sqrt(surface.closest(landmarks).squared.max()))
    if off > 0.5 * eyes:
        raise FocusError(
            f"prediction landmarks: up to {off:.4g} off the prediction's surface with outer eye corners {eyes:.4g} "
            "apart, expected on the surface (same frame, same unit, not mirrored)"
        )
    warnings = []
    if not PLAUSIBLE_SCALE[0] <= fit.scale <= PLAUSIBLE_SCALE[1]:
        found = f"prediction: scale {fit.scale:.4g} fits the scan ({likely_unit(fit.scale)})"
        if metrical:
            raise FocusError(f"{found}, expected millimetres, a scale near 1, in the metrical protocol")
        warnings.append(f"{found}, millimetres expected; the landmark fit took the scale out")
    if fit.mirrored:
        warnings.append(
            "prediction landmarks: fit the scan only as a mirror image, expected right eye outer first "
            "(left and right swapped, or mirrored mesh)"
        )
    loose = float(np.sqrt(((fit.apply(landmarks) - scan_landmarks) ** 2).sum(1).mean()))
    if loose > LOOSE_FIT_MM:
        warnings.append(
            f"prediction landmarks: fit the scan's only to {loose:.1f} mm, expected below {LOOSE_FIT_MM:.0f} "
            f"(order: {', '.join(LANDMARKS)})"
        )
    return tuple(warnings)
