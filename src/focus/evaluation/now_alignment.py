"""Rigid and similarity alignment of a predicted mesh to a scan, as the NoW benchmark asks (protocol steps 2 and 3).

A point y of the prediction goes to `scale * rotation @ y + translation` in the scan's frame (mm). Distances are
measured the other way round: the scan points are brought into the prediction's frame, where one search tree, built
once per mesh, answers every query exactly; the distances are multiplied by `scale` on the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import igl
import numpy as np

FloatArray = np.ndarray
COARSE_POINTS = 12000  # the first descent on a larger scan uses about this many of its points; the last one, all


@dataclass(frozen=True)
class Alignment:
    """y -> scale * rotation @ y + translation, from the prediction's frame to the scan's (mm)."""

    scale: float
    rotation: FloatArray  # (3, 3) float64, orthogonal; determinant -1 where the landmarks fit as a mirror image
    translation: FloatArray  # (3,) float64, mm

    def apply(self, points: FloatArray) -> FloatArray:
        """Map points (n, 3) of the prediction to the scan's frame."""
        mapped: FloatArray = self.scale * (points @ self.rotation.T) + self.translation
        return mapped

    def invert(self, points: FloatArray) -> FloatArray:
        """Map points (n, 3) of the scan to the prediction's frame."""
        mapped: FloatArray = ((points - self.translation) @ self.rotation) / self.scale
        return mapped

    @property
    def mirrored(self) -> bool:
        """Whether the map turns the mesh into its mirror image."""
        return bool(np.linalg.det(self.rotation) < 0)


def procrustes(target: FloatArray, source: FloatArray) -> Alignment:
    """Least-squares similarity of `source` (n, 3) onto `target` (n, 3), reflection allowed (protocol step 2).

    The benchmark's code holds landmarks in single precision and aligns them so; far from the origin (a mesh two
    metres away) that moves the start by 2e-4 mm, so it is done here too. The rotation is then made orthogonal in
    double precision about the landmarks' mean, which keeps it invertible without moving the face.
    """
    x, y = np.asarray(target, np.float32), np.asarray(source, np.float32)
    x_mean, y_mean = x.mean(0), y.mean(0)
    x_norm, y_norm = np.sqrt(((x - x_mean) ** 2).sum()), np.sqrt(((y - y_mean) ** 2).sum())
    u, singular, vt = np.linalg.svd(((x - x_mean) / x_norm).T @ ((y - y_mean) / y_norm), full_matrices=False)
    rotation = u @ vt
    scale = singular.sum() * x_norm / y_norm
    mean = y_mean.astype(np.float64)
    image_of_mean = float(scale) * rotation.astype(np.float64) @ mean + (x_mean - scale * (y_mean @ rotation.T))
    u, _, vt = np.linalg.svd(rotation.astype(np.float64))
    return Alignment(float(scale), u @ vt, image_of_mean - float(scale) * (u @ vt @ mean))


class Closest(NamedTuple):
    """Answer of `Surface.closest`, in the surface's own frame and unit."""

    squared: FloatArray  # (n,) float64 squared distances
    triangles: FloatArray  # (n,) int64 triangle of each closest point
    points: FloatArray  # (n, 3) float64 closest points


class Surface:
    """One triangle mesh with its bounding-box tree (libigl AABB: exact, float64).

    libigl answers 10000 points or more on all cores and fewer on one; the answers do not depend on that.
    """

    def __init__(self, vertices: FloatArray, triangles: FloatArray) -> None:
        """Build the tree. vertices (V, 3), any unit; triangles (F, 3) indices, none of them degenerate."""
        self.vertices = np.ascontiguousarray(vertices, dtype=np.float64)
        self.triangles = np.ascontiguousarray(triangles, dtype=np.int64)
        self._tree = igl.AABB()
        self._tree.init(self.vertices, self.triangles)

    def closest(self, points: FloatArray) -> Closest:
        """Return the closest surface point of each of `points` (n, 3), all in the surface's frame."""
        return Closest(*self._tree.squared_distance(self.vertices, self.triangles, np.ascontiguousarray(points)))

    def distances(self, points: FloatArray, alignment: Alignment) -> FloatArray:
        """Return unsigned distances (n,) in mm from scan points (n, 3) to the aligned surface."""
        found: FloatArray = alignment.scale * np.sqrt(self.closest(alignment.invert(points)).squared)
        return found

    def normals(self, triangles: FloatArray) -> FloatArray:
        """Return unit normals (n, 3) of the triangles with these numbers (n,)."""
        a, b, c = (self.vertices[self.triangles[triangles, corner]] for corner in range(3))
        normal = np.cross(b - a, c - a)
        units: FloatArray = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-300)
        return units


class Linearised(NamedTuple):
    """The least-squares problem around one alignment, for steps (log scale, rotation vector, translation)."""

    objective: float  # sum of squared distances, mm^2
    gradient: FloatArray  # (7,) J^T r
    hessian: FloatArray  # (7, 7) Gauss-Newton J^T J
    residual: FloatArray  # (n,) unsigned distances, mm


def linearise(surface: Surface, points: FloatArray, alignment: Alignment, centre: FloatArray) -> Linearised:
    """Return the objective of protocol step 3 and its normal equations at `alignment`.

    With p the closest point and n = (x - p)/|x - p|, the residual is |x - p| and, because p minimises the distance,
    it changes by -n . dp where dp = dscale (p - c) + drotation x (p - c) + dtranslation; c = `centre` (3,) keeps the
    seven unknowns of one size. Where a point lies on the surface its triangle's normal stands in for n.
    """
    closest = surface.closest(alignment.invert(points))
    on_surface = alignment.apply(closest.points)
    offset = points - on_surface
    residual = np.sqrt(np.einsum("ij,ij->i", offset, offset))
    direction = offset / np.maximum(residual, 1e-300)[:, None]
    touching = np.flatnonzero(residual < 1e-9)
    if touching.size:
        direction[touching] = surface.normals(closest.triangles[touching]) @ alignment.rotation.T
    arm = on_surface - centre
    jacobian = np.empty((len(points), 7))
    jacobian[:, 0] = np.einsum("ij,ij->i", direction, arm)
    jacobian[:, 1:4] = np.cross(arm, direction)
    jacobian[:, 4:] = direction
    return Linearised(float(residual @ residual), -(jacobian.T @ residual), jacobian.T @ jacobian, residual)


def moved(alignment: Alignment, step: FloatArray, centre: FloatArray) -> Alignment:
    """Return `alignment` followed by the step (log scale, rotation vector, translation) about `centre`."""
    factor, turn = float(np.exp(step[0])), rotation_from_vector(step[1:4])
    translation = factor * (turn @ (alignment.translation - centre)) + centre + step[4:]
    return Alignment(factor * alignment.scale, turn @ alignment.rotation, translation)


def rotation_from_vector(vector: FloatArray) -> FloatArray:
    """Rodrigues' formula: rotation vector (3,) in radians to a rotation matrix (3, 3)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / angle if angle > 0 else vector
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation: FloatArray = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    return rotation


def refine(
    surface: Surface, points: FloatArray, start: Alignment, *, metrical: bool = False
) -> tuple[Alignment, FloatArray]:
    """Minimise the sum of squared point-to-surface distances from `start` (protocol step 3).

    points: (n, 3) cropped scan vertices, mm. `metrical` holds the scale. Returns the alignment and the distances
    (n,) at it. On a large scan a descent on an even subset comes first, which leaves few steps for all the points.
    """
    stride = len(points) // COARSE_POINTS
    if stride >= 2:
        start, _ = descend(surface, points[::stride], start, metrical=metrical, tolerance=1e-5)
    return descend(surface, points, start, metrical=metrical, tolerance=1e-5)


def descend(
    surface: Surface, points: FloatArray, start: Alignment, *, metrical: bool, tolerance: float, most_steps: int = 60
) -> tuple[Alignment, FloatArray]:
    """Levenberg-Marquardt that takes decreasing steps only; returns the alignment and the distances (n,) at it.

    Stops when a step gained, or the next one promises, less than `tolerance` of the objective. (The published code,
    a dogleg, stops at a relative gain of 1e-4; its medians and means are then within 3e-3 mm of the minimum's.)
    """
    centre = points.mean(0)
    free = slice(1 if metrical else 0, 7)
    alignment, damping = start, 0.0
    here = linearise(surface, points, alignment, centre)
    for _ in range(most_steps):
        hessian, gradient = here.hessian[free, free], here.gradient[free]
        damped = hessian + np.diag(damping * np.diag(hessian) + 1e-12 * np.trace(hessian))
        step = np.zeros(7)
        step[free] = -np.linalg.solve(damped, gradient)
        promised = -(2 * gradient @ step[free] + step[free] @ hessian @ step[free])
        if promised <= tolerance * here.objective:
            break
        candidate = moved(alignment, step, centre)
        there = linearise(surface, points, candidate, centre)
        gain = here.objective - there.objective
        if gain > 0:
            alignment, here, damping = candidate, there, damping / 10 if damping > 1e-6 else 0.0
            if gain <= tolerance * here.objective:
                break
        else:
            damping = max(10 * damping, 1e-3)
    return alignment, here.residual
