"""Is this face covered, and where? The share of the rendered face that S calls outlier, whole and by region.

The verdict goes by a score that looks at nose, cheeks and forehead, as eyes, brows, teeth and beards of a clean face
are often called outliers; and at the middle of the face more than at its rim, where a mesh that lies a pixel beside the
face makes outliers too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from focus.face_model import REGIONS, FaceModel, regions
from focus.model.autoencoder import Parameters
from focus.rendering import Renderer, rasterize

SCORED = ("nose", "cheeks", "forehead")


@dataclass(frozen=True)
class Verdict:
    """Outlier fractions 0..1 of the rendered face and of each region (None: out of sight), and whether the face's
    occlusion score, 0..1, is at least `threshold`. `parts`: the same score of each of SCORED alone.
    """

    outlier_fraction: float
    regions: Mapping[str, float | None]
    parts: Mapping[str, float | None]
    score: float
    threshold: float
    occluded: bool


class RegionMap:
    """Which region of the face each pixel of a rendering shows."""

    def __init__(self, model: FaceModel, renderer: Renderer) -> None:
        self.model, self.renderer = model, renderer
        of_vertex = torch.from_numpy(regions(model.to("cpu"))).to(model.triangles.device)
        self.of_triangle = of_vertex[model.triangles].mode(1).values

    @torch.no_grad()
    def __call__(self, parameters: Parameters) -> Tensor:
        """Return (B,S,S) int64, an index into REGIONS, -1 where nothing is rendered."""
        camera, model = self.renderer.camera, self.model
        points = camera.project(model.geometry(parameters.shape, parameters.expression), parameters.pose)
        faces = rasterize(points, self.renderer.topology, camera.size, camera.size)
        return torch.where(faces >= 0, self.of_triangle[faces.clamp(min=0)], -1)


def outlier_fraction(mask: np.ndarray, rendered: np.ndarray) -> float:
    """Return the share of the rendered pixels (…,S,S) bool that the mask (…,S,S) in [0,1] calls outlier."""
    return float((mask[rendered] < 0.5).mean()) if rendered.any() else 1.0


def occlusion_score(mask: np.ndarray, rendered: np.ndarray, chosen: np.ndarray | bool = True) -> float:
    """Return the mean of 1 - M over the rendered pixels (S,S) bool, or the `chosen` of them, 1 where there are none.

    Weighted by the distance to the rendering's rim.
    """
    weights = distance_transform_edt(np.pad(rendered, 1))[1:-1, 1:-1] * (rendered & chosen)
    return float(((1 - mask) * weights).sum() / weights.sum()) if weights.any() else 1.0


def scored(pixels: np.ndarray) -> np.ndarray:
    """Return where regions (…,S,S), indices into REGIONS, are among SCORED."""
    return np.isin(pixels, [REGIONS.index(name) for name in SCORED])


def extended(mask: np.ndarray, rendered: np.ndarray) -> np.ndarray:
    """Return M (S,S) with its nearest rendered pixel's value beyond the rendered face.

    M is 0 there; enlarged to the photograph's pixels, that would blend the rim of the face away.
    """
    if not rendered.any():
        return np.zeros_like(mask)
    nearest = distance_transform_edt(~rendered, return_distances=False, return_indices=True)
    spread: np.ndarray = mask[tuple(nearest)]
    return spread


def verdict(mask: np.ndarray, rendered: np.ndarray, pixels: np.ndarray, threshold: float) -> Verdict:
    """Judge one face from M (S,S), the rendered pixels (S,S) bool and their regions (S,S)."""
    whole, score = outlier_fraction(mask, rendered), occlusion_score(mask, rendered, scored(pixels))
    shares: dict[str, float | None] = {}
    parts: dict[str, float | None] = {}
    for number, name in enumerate(REGIONS):
        inside = rendered & (pixels == number)
        if name != "other":
            shares[name] = round(outlier_fraction(mask, inside), 4) if inside.any() else None
        if name in SCORED:
            parts[name] = round(occlusion_score(mask, rendered, inside), 4) if inside.any() else None
    return Verdict(round(whole, 4), shares, parts, round(score, 4), threshold, score >= threshold)
