"""All faces of a photograph, largest first: face-alignment where its weights are, else the embedded detector.

The embedded detector sees one face in a square. A photograph is searched with squares of several sizes. A face is where
the detector is sure, where two squares agree, and where the 68 points lie as a face's do; each place counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image

from focus.landmarks import HeatmapDetector
from focus.landmarks.face_alignment_adapter import WEIGHTS, FaceAlignmentDetector

SQUARES = (0.8, 0.5)  # sides of the squares searched, as shares of the photograph's shorter side
STRIDE = 0.4  # of a square's side
LEAST_SQUARE = 48  # pixels
SURE = 0.25  # least confidence of the surest of the squares that agree
AGREE = 0.6  # boxes that share at least so much (intersection over union) say the same
OVERLAP = 0.25  # faces that share more (intersection over the smaller box) are one
LOOSENESS = 0.08  # points further than this from a similar mean face, as a share of its extent, are no face's
SEARCHED_SIDE = 384  # pixels of the longer side that the embedded detector searches
LONGEST_SIDE = 1600  # and face-alignment, whose time grows with the pixels


class FaceFinder(Protocol):
    """Finds all faces of a photograph."""

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        """Return the landmarks (68,2) float32 px of each face of a photograph (H,W,3) uint8 RGB, largest first."""
        ...


class WindowFinder:
    """The embedded heat-map detector over squares of several sizes."""

    def __init__(self, detector: HeatmapDetector, mean_face: np.ndarray) -> None:
        """`mean_face` (68,2): the mean shape's landmarks seen from the front, y down, in any unit."""
        self.detector, self.mean_face = detector, mean_face

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        """Return the landmarks of each face; none where nothing looks like one."""
        small, step = shrunk(image, SEARCHED_SIDE)
        centres, sides = squares(*small.shape[:2])
        found = self.detector.look_at(small, torch.tensor(centres), torch.tensor(sides))
        faces = [(sure, points) for points, sure in found if looseness(points, self.mean_face) < LOOSENESS]
        return by_size([(points + 0.5) * step - 0.5 for points in distinct(agreed(faces))])


class FaceAlignmentFinder:
    """face-alignment's S3FD and 2D-FAN-4."""

    def __init__(self, detector: FaceAlignmentDetector) -> None:
        self.detector = detector

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        """Return the landmarks of each face."""
        small, step = shrunk(image, LONGEST_SIDE)
        faces = self.detector.all_faces(small)
        return by_size([(points + 0.5) * step - 0.5 for points in faces])


def face_alignment_is_here() -> bool:
    """Tell whether face-alignment and both of its weight files are installed, so that it needs no network."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    return find_spec("face_alignment") is not None and all((folder / name).is_file() for name in WEIGHTS)


def shrunk(image: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of at most `longest` px a side, averaged down, and pixels of `image` to one of it, (2,) x, y."""
    height, width = image.shape[:2]
    factor = max(1.0, max(height, width) / longest)
    if factor == 1:
        return image, np.ones(2)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)), np.array([width, height]) / size


def squares(height: int, width: int) -> tuple[list[tuple[float, float]], list[float]]:
    """Return centres (x, y) px and sides px of the squares searched: first one around the whole photograph."""
    centres, sides = [((width - 1) / 2, (height - 1) / 2)], [float(max(height, width))]
    for share in SQUARES:
        side = share * min(height, width)
        if side < LEAST_SQUARE:
            break
        for y in _steps(height, side):
            centres += [(x, y) for x in _steps(width, side)]
            sides += [side] * (len(centres) - len(sides))
    return centres, sides


def _steps(extent: int, side: float) -> list[float]:
    count = 1 + int(np.ceil(max(0.0, extent - side) / (STRIDE * side)))
    return (np.linspace(side / 2, extent - side / 2, count) - 0.5).tolist()


def looseness(points: np.ndarray, mean_face: np.ndarray) -> float:
    """Return the RMS distance of points (68,2) to the mean face placed on them by an affine map, over their extent."""
    design = np.column_stack([mean_face, np.ones(len(mean_face))])
    solution, *_ = np.linalg.lstsq(design, points, rcond=None)
    upright = solution[0, 0] > 0 and solution[1, 1] > 0
    extent = float(np.ptp(points, axis=0).max())
    if not upright or extent <= 0:
        return float("inf")
    return float(np.sqrt(np.square(points - design @ solution).sum(1).mean())) / extent


def agreed(faces: Sequence[tuple[float, np.ndarray]]) -> list[tuple[float, np.ndarray]]:
    """Keep the faces (confidence, points) that are sure and that another square found as well."""
    return [
        (sure, points)
        for number, (sure, points) in enumerate(faces)
        if sure >= SURE and any(shared(points, other)[0] >= AGREE for i, (_, other) in enumerate(faces) if i != number)
    ]


def distinct(faces: Sequence[tuple[float, np.ndarray]]) -> list[np.ndarray]:
    """Keep the surest of each group of faces (confidence, points) whose boxes overlap."""
    kept: list[np.ndarray] = []
    for _, points in sorted(faces, key=lambda face: -face[0]):
        if all(shared(points, other)[1] < OVERLAP for other in kept):
            kept.append(points)
    return kept


def shared(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the intersection of two faces' bounding boxes over their union, and over the smaller box."""
    low, high = np.maximum(first.min(0), second.min(0)), np.minimum(first.max(0), second.max(0))
    both = float(np.prod(np.clip(high - low, 0, None)))
    one, other = (float(np.prod(np.ptp(points, axis=0))) for points in (first, second))
    return both / max(1e-9, one + other - both), both / max(1e-9, min(one, other))


def by_size(faces: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return faces with the largest first."""
    return sorted((face.astype(np.float32) for face in faces), key=lambda points: -float(np.ptp(points[:, 1])))
