"""Table 1's CelebA subsets and Table 3's NoW pairs by stated rules, as the authors' lists are unpublished.

CelebA: a test image's occluded fraction is the share of the landmarks' convex hull that the part masks do not show as
visible face. The images with the smallest fractions are the unoccluded subset, those with the largest the occluded one.
NoW: each image of the challenge `multiview_occlusions` is paired with the same subject's image of another challenge
whose estimated head pose is closest; an image serves once, and the closest pairs are taken. A user's own list goes
before a rule (`read_list`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull
from scipy.spatial.transform import Rotation

from focus.datasets.packed import PackedSet
from focus.errors import FocusError
from focus.files import read_text

OCCLUDED_CHALLENGE = "multiview_occlusions"


def read_list(path: Path, known: Collection[str]) -> list[str]:
    """Return a user's own list, an image name a line, blank lines skipped.

    Raises FocusError naming the line that is no image of `known`, or that stands twice; and on an empty list.
    """
    lines = [line.strip() for line in read_text(path, "a list of images, one a line").split("\n")]
    found: dict[str, int] = {}
    for number, name in enumerate(lines, start=1):
        if name and name not in known:
            example = next(iter(known), "none")
            expected = f"expected one of the {len(known)} images of the set in which a face was found, e.g. {example}"
            raise FocusError(f"{path}: line {number} is {name[:80]!r}, {expected}")
        if name in found:
            raise FocusError(f"{path}: line {number} repeats {name}, expected each image once")
        if name:
            found[name] = number
    if not found:
        raise FocusError(f"{path}: no image in the list, expected one a line")
    return list(found)


@dataclass(frozen=True)
class Pair:
    """An occluded and an unoccluded image of one subject, and the angle between their estimated poses in degrees."""

    occluded: str
    unoccluded: str
    degrees: float


def occluded_fraction(landmarks: np.ndarray, visible: np.ndarray) -> float:
    """Return the share of the hull of landmarks (68,2) px that `visible` (S,S) 0/1 does not cover."""
    size = visible.shape[0]
    points = landmarks[ConvexHull(landmarks).vertices]
    canvas = Image.new("1", (size, size))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in points], fill=1)
    hull = np.asarray(canvas, bool)
    return float(1 - visible[hull].mean()) if hull.any() else 1.0


def celeba_subsets(packed: PackedSet, unoccluded: int, occluded: int) -> dict[str, list[str]]:
    """Return the names of the two subsets by the rule above; with too few images each takes at most half of them."""
    visible = packed.true_masks()
    fractions = [occluded_fraction(packed.landmarks[i], visible[i]) for i in range(len(packed))]
    order = np.argsort(fractions, kind="stable")
    half = len(order) // 2
    low, high = order[: min(unoccluded, half)], order[::-1][: min(occluded, len(order) - half)]
    return {"unoccluded": [packed.names[i] for i in low], "occluded": [packed.names[i] for i in high]}


def head_rotation(landmarks: np.ndarray, points: np.ndarray) -> Rotation:
    """Return the rotation of the affine camera that best maps model points (68,3) to landmarks (68,2), y down."""
    flipped = landmarks * (1, -1)
    centred, target = points - points.mean(0), flipped - flipped.mean(0)
    affine = np.linalg.lstsq(centred, target, rcond=None)[0].T
    u, _, vt = np.linalg.svd(affine, full_matrices=False)
    rows = u @ vt
    return Rotation.from_matrix(np.stack([rows[0], rows[1], np.cross(rows[0], rows[1])]))


def now_pairs(packed: PackedSet, points: np.ndarray, count: int) -> list[Pair]:
    """Return up to `count` pairs by the rule above; `points` (68,3) are the mean face's landmarks, mm."""
    rotations = [head_rotation(landmarks, points) for landmarks in np.asarray(packed.landmarks, np.float64)]
    rows = packed.index
    occluded = [i for i, row in enumerate(rows) if row["challenge"] == OCCLUDED_CHALLENGE]
    others = [i for i, row in enumerate(rows) if row["challenge"] != OCCLUDED_CHALLENGE]
    candidates = [
        (float(np.degrees((rotations[i].inv() * rotations[j]).magnitude())), i, j)
        for i in occluded
        for j in others
        if rows[i]["subject"] == rows[j]["subject"]
    ]
    used: set[int] = set()
    pairs: list[Pair] = []
    for degrees, i, j in sorted(candidates):
        if len(pairs) < count and not {i, j} & used:
            used |= {i, j}
            pairs.append(Pair(rows[i]["name"], rows[j]["name"], degrees))
    return pairs
