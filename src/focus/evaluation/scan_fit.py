"""The best that a face model can do on a scan: its neutral shape fitted to the scan itself, the row `best fit` on NoW.

A maximum a posteriori fit. The scan's points lie off the surface by Gaussian noise, independently of each other, and
the coefficients are standard normal, as the model says (Sec. 3.1). So the prior's weight is no setting: it is the
noise's variance, taken from the distances of the present fit. The scan is the ground truth, so this is a bound on what
a network with this model could reach, and no method.
"""

from __future__ import annotations

import igl
import numpy as np

from focus.datasets.scans import Scan
from focus.evaluation.now import NowResult, now_errors
from focus.evaluation.now_alignment import FloatArray, Surface
from focus.face_model import FaceModel

MOST_ROUNDS = 40
TOLERANCE = 1e-3
"""A round that lowers the root mean square distance by a smaller share is the last one."""


def fit_scan(model: FaceModel, scan: Scan) -> FloatArray:
    """Return the shape coefficients (Ks,) float64, in standard deviations, that bring the model closest to a scan.

    Each round aligns the present mesh by the NoW protocol (rotation, translation, scale), finds the closest surface
    point of each cropped scan point, and solves for the coefficients that take the distances along the normals to zero,
    with a free motion beside them that the next alignment stands for. Raises FocusError as `now_errors` does.
    """
    basis = model.shape_basis.double().numpy().reshape(-1, 3, model.n_shape)
    mean, alpha = model.shape_mean.double().numpy(), np.zeros(model.n_shape)
    best, error = alpha, np.inf
    for _ in range(MOST_ROUNDS):
        vertices = mean + basis @ alpha
        aligned = scan_errors(model, scan, vertices)
        before, error = error, min(error, _root_mean_square(aligned.errors))
        if error > (1 - TOLERANCE) * before:
            break
        best, alpha = alpha, _solve(model, basis, vertices, alpha, scan, aligned)
    return best


def scan_errors(model: FaceModel, scan: Scan, vertices: FloatArray) -> NowResult:
    """Return the NoW protocol's result for a neutral mesh (V,3) of the model, mm."""
    return now_errors(
        scan.vertices, scan.landmarks, vertices, model.triangles.numpy(), vertices[model.landmarks_now.numpy()]
    )


def _solve(
    model: FaceModel, basis: FloatArray, vertices: FloatArray, alpha: FloatArray, scan: Scan, aligned: NowResult
) -> FloatArray:
    """Return the coefficients of one Gauss-Newton step on point-to-plane distances, in the model's frame."""
    points = aligned.alignment.invert(scan.vertices[aligned.crop_ids])
    surface = Surface(vertices, model.triangles.numpy())
    closest = surface.closest(points)
    normals, corners = surface.normals(closest.triangles), surface.triangles[closest.triangles]
    ends = [np.ascontiguousarray(vertices[corners[:, k]]) for k in range(3)]
    weights = igl.barycentric_coordinates(np.ascontiguousarray(closest.points), *ends)
    shape = sum(weights[:, k, None] * np.einsum("nj,njk->nk", normals, basis[corners[:, k]]) for k in range(3))
    # The alignment's seven freedoms: without them each round would undo a part of the one before.
    arms = closest.points - closest.points.mean(0)
    motion = np.column_stack([normals, np.cross(arms, normals), np.einsum("nj,nj->n", arms, normals)])
    jacobian = np.concatenate([shape, motion], 1)
    distances = np.einsum("nj,nj->n", points - closest.points, normals)
    variance = (_root_mean_square(aligned.errors) / aligned.alignment.scale) ** 2
    prior = np.diag([variance] * len(alpha) + [0.0] * motion.shape[1])
    right = jacobian.T @ distances - prior @ np.pad(alpha, (0, motion.shape[1]))
    return alpha + np.linalg.solve(jacobian.T @ jacobian + prior, right)[: len(alpha)]


def _root_mean_square(errors: FloatArray) -> float:
    return float(np.sqrt((errors**2).mean()))
