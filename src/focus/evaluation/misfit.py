"""Why a misfit prior helps or harms: the signed error it was made of against the one on scans (Sec. 3.4, 4.5).

Signed errors are along the outward normal, mm; positive where the prediction lies outside the truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import igl
import numpy as np

from focus.datasets.scans import Scan
from focus.evaluation.now import NowResult, now_errors
from focus.evaluation.now_alignment import FloatArray, Surface, procrustes


def mean_signed_error(
    meshes: FloatArray, triangles: FloatArray, landmarks: FloatArray, scans: Sequence[Scan]
) -> FloatArray:
    """Return the mean signed error (V,) mm of neutral meshes (N,V,3) against their scans, NaN where no scan reaches.

    Each mesh is aligned as in NoW's protocol by its vertices `landmarks` (7,); the signed distance of every cropped
    scan point counts for the nearest corner of the triangle it lies closest to.
    """
    total, count = np.zeros(meshes.shape[1]), np.zeros(meshes.shape[1])
    for vertices, scan in zip(meshes, scans, strict=True):
        result = now_errors(scan.vertices, scan.landmarks, vertices, triangles, vertices[landmarks])
        ids, errors = signed_errors(result, scan, Surface(vertices, triangles))
        np.add.at(total, ids, errors)
        np.add.at(count, ids, 1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def signed_errors(result: NowResult, scan: Scan, surface: Surface) -> tuple[FloatArray, FloatArray]:
    """Return for each cropped scan point its nearest vertex of the aligned surface (n,), and the signed error (n,)."""
    points = result.alignment.invert(scan.vertices[result.crop_ids])
    closest = surface.closest(points)
    offset = closest.points - points
    corners = surface.triangles[closest.triangles]
    nearest = np.linalg.norm(surface.vertices[corners] - closest.points[:, None], axis=2).argmin(1)
    along = np.einsum("ij,ij->i", offset, surface.normals(closest.triangles))
    return corners[np.arange(len(corners)), nearest], result.alignment.scale * along


def along_normals(field: FloatArray, mean_face: FloatArray, triangles: FloatArray, region: FloatArray) -> FloatArray:
    """Return what a displacement field (V,3) mm of the mean face (V,3) does along its normals, (V,).

    The field's own shift, turn and scale, by a fit to the vertices in `region` (V,) bool, are taken out first: NoW's
    alignment would undo them.
    """
    alignment = procrustes(mean_face[region], (mean_face + field)[region])
    shape_only = alignment.apply(mean_face + field) - mean_face
    signed: FloatArray = np.einsum("ij,ij->i", shape_only, igl.per_vertex_normals(mean_face, triangles))
    return signed


def agreement(first: FloatArray, second: FloatArray) -> dict[str, float]:
    """Return cosine and Pearson's correlation of two fields (V,) over the vertices where both are known."""
    known = np.isfinite(first) & np.isfinite(second)
    a, b = first[known], second[known]
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    return {"cosine": round(float(cosine), 4), "correlation": round(float(np.corrcoef(a, b)[0, 1]), 4)}


def share_made_worse(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Return the share of images (name -> error in mm) whose error the correction raises."""
    return round(float(np.mean([after[name] > before[name] for name in before])), 4)
