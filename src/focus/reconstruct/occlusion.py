"""Is this face covered, and where? What hides it, as a share of its nose, cheeks, forehead, mouth and chin.

Three things make a score of drawn faces one of people, too. Outliers within eyes, brows and mouth are the face's own,
and those on the chin do not count: beards are outliers. What S lets pass, though it has another hue than the skin,
counts, there as well: the rendering has one light, so skin differs from it in brightness, not in hue. And what is thin
does not count, as a mesh that lies a pixel beside the face makes outliers, too; nor does the rim of the face count as
much as its middle.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation, binary_opening, distance_transform_edt, label
from torch import Tensor

from focus.face_model import REGIONS, FaceModel, regions
from focus.model.autoencoder import Parameters
from focus.rendering import Renderer, rasterize

TRUSTED = ("nose", "cheeks", "forehead")  # where S's outliers count
SCORED = (*TRUSTED, "mouth", "chin")  # where what has another hue does
PARTS = (range(17, 22), range(22, 27), range(36, 42), range(42, 48), range(48, 60))  # iBUG's brows, eyes, mouth
PART_MARGIN = 3 / 64  # around these parts, as a share of the crop's side
WITHIN = 0.75  # share of an outlier's pixels in such parts from which on it is taken for them
OFF_COLOUR = 0.2  # of hues (`hue_distance`); reddened skin (0.80, 0.50, 0.42) is 0.15 from pale (0.85, 0.65, 0.55)
DARKEST = 0.05  # added to colours 0..1 before logarithms: a dark pixel's hue is noise
THIN = 1 / 64  # share of the crop's side: what is no thicker than twice that and a pixel is no occluder


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


def occlusion_score(hidden: np.ndarray, rendered: np.ndarray, chosen: np.ndarray | bool = True) -> float:
    """Return the share of the rendered pixels (S,S) bool, or the `chosen` of them, that are `hidden` (S,S) bool.

    Weighted by the distance to the rendering's rim; 1 where there are none.
    """
    weights = distance_transform_edt(np.pad(rendered, 1))[1:-1, 1:-1] * (rendered & chosen)
    return float((hidden * weights).sum() / weights.sum()) if weights.any() else 1.0


def hidden_pixels(
    image: np.ndarray,
    rendering: np.ndarray,
    rendered: np.ndarray,
    mask: np.ndarray,
    pixels: np.ndarray,
    points: Sequence[np.ndarray],
) -> np.ndarray:
    """Return (S,S) bool: what hides the face of a crop `image` (S,S,3) 0..1.

    That is what S calls outlier, M (S,S) < 0.5, in TRUSTED regions, and what has another hue than the `rendering`
    (S,S,3), where the face is `rendered` (S,S) bool; less the face's own parts and what is thin. `pixels`: regions
    (S,S). `points`: the face's 68 points (68,2) px of the crop, as found, as the model has them.
    """
    parts = part_pixels(points, len(mask))
    skin, outliers = rendered & ~parts, rendered & (mask < 0.5)
    by_s = thick(outliers & ~mostly_within(outliers, parts)) & of_regions(pixels, TRUSTED)
    hidden: np.ndarray = by_s | thick(skin & (hue_distance(image, rendering, skin) > OFF_COLOUR))
    return hidden


def thick(found: np.ndarray) -> np.ndarray:
    """Return (S,S) bool: what is left of pixels (S,S) bool where what is thin is taken away (an opening)."""
    left: np.ndarray = binary_opening(found, np.ones((3, 3)), iterations=max(1, round(THIN * len(found))))
    return left


def hue_distance(image: np.ndarray, rendering: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return (S,S): how far the hue of an image (S,S,3) 0..1 is from a rendering's (S,S,3), relative to the `face`'s.

    With r = log(image / rendering), a pixel's hue is r less the mean of its three colours, and the distance is the
    length of its difference from the median hue over `face` (S,S) bool: a tint of the whole picture is none.
    """
    if not face.any():
        return np.zeros(face.shape)
    ratio = np.log(image.clip(0, 1) + DARKEST) - np.log(rendering.clip(0, 1) + DARKEST)
    hue = ratio - ratio.mean(2, keepdims=True)
    distance: np.ndarray = np.linalg.norm(hue - np.median(hue[face], axis=0), axis=2)
    return distance


def part_pixels(points: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Return (S,S) bool: the brows, eyes and mouth by each of several sets of points (68,2) px, with a margin."""
    canvas = Image.new("1", (size, size))
    for outline, part in itertools.product(points, PARTS):
        ImageDraw.Draw(canvas).polygon([tuple(point) for point in outline[list(part)].tolist()], fill=1, outline=1)
    parts: np.ndarray = binary_dilation(np.asarray(canvas), iterations=max(1, round(PART_MARGIN * size)))
    return parts


def mostly_within(outliers: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return those of the outliers (S,S) bool whose connected piece lies within `parts` (S,S) bool by WITHIN."""
    numbers, count = label(outliers, np.ones((3, 3)))
    inside = np.bincount(numbers.ravel(), parts.ravel(), count + 1) / np.bincount(numbers.ravel(), minlength=count + 1)
    inside[0] = 0  # no outlier
    own: np.ndarray = (inside >= WITHIN)[numbers]
    return own


def of_regions(pixels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return where regions (…,S,S), indices into REGIONS, are among these names."""
    return np.isin(pixels, [REGIONS.index(name) for name in names])


def extended(mask: np.ndarray, rendered: np.ndarray) -> np.ndarray:
    """Return M (S,S) with its nearest rendered pixel's value beyond the rendered face.

    M is 0 there; enlarged to the photograph's pixels, that would blend the rim of the face away.
    """
    if not rendered.any():
        return np.zeros_like(mask)
    nearest = distance_transform_edt(~rendered, return_distances=False, return_indices=True)
    spread: np.ndarray = mask[tuple(nearest)]
    return spread


def verdict(
    hidden: np.ndarray, mask: np.ndarray, rendered: np.ndarray, pixels: np.ndarray, threshold: float
) -> Verdict:
    """Judge one face from what hides it (S,S) bool, M (S,S), the rendered pixels (S,S) bool, their regions (S,S)."""
    whole, score = outlier_fraction(mask, rendered), occlusion_score(hidden, rendered, of_regions(pixels, SCORED))
    shares: dict[str, float | None] = {}
    parts: dict[str, float | None] = {}
    for number, name in enumerate(REGIONS):
        inside = rendered & (pixels == number)
        if name != "other":
            shares[name] = round(outlier_fraction(mask, inside), 4) if inside.any() else None
        if name in SCORED:
            parts[name] = round(occlusion_score(hidden, rendered, inside), 4) if inside.any() else None
    return Verdict(round(whole, 4), shares, parts, round(score, 4), threshold, score >= threshold)
