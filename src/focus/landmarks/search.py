"""How a photograph is searched: squares of several sizes over all of it, and what they saw told apart by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from focus.landmarks.detector import Face

SHARES = (1.0, 0.6, 0.35)  # sides of the squares, as shares of the photograph's shorter side
STRIDE = 0.5  # of a square's side
LEAST_SQUARE = 100  # pixels
ALIKE = 0.35  # boxes that share at least so much (intersection over the smaller) are of one face


@dataclass(frozen=True, eq=False)
class Guess:
    """What a square saw: probability, box (4,) x0, y0, x1, y1 px, the eyes (2,2) px, the image's left one first."""

    score: float
    box: np.ndarray
    eyes: np.ndarray


def shrunk(image: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image of at most `longest` px a side, averaged down, and pixels of `image` to one of it, (2,) x, y."""
    height, width = image.shape[:2]
    factor = max(1.0, max(height, width) / longest)
    if factor == 1:
        return image, np.ones(2)
    size = (max(1, round(width / factor)), max(1, round(height / factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)), np.array([width, height]) / size


def squares(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return centres (N,2) px and sides (N,) px of the squares searched: first one around the whole photograph."""
    centres, sides = [((width - 1) / 2, (height - 1) / 2)], [float(max(height, width))]
    for share in SHARES:
        side = share * min(height, width)
        if side < LEAST_SQUARE:
            break
        centres += [(x, y) for y in _steps(height, side) for x in _steps(width, side)]
        sides += [side] * (len(centres) - len(sides))
    return np.array(centres), np.array(sides)


def grouped(seen: Sequence[Guess]) -> list[list[Guess]]:
    """Put each to the first group whose surest it shares a place with, or begin a group; the surest come first."""
    groups: list[list[Guess]] = []
    for one in sorted(seen, key=lambda one: -one.score):
        group = next((group for group in groups if shared(one.box, group[0].box) >= ALIKE), None)
        groups.append([one]) if group is None else group.append(one)
    return groups


def unlike(faces: Sequence[Face]) -> list[Face]:
    """Return the faces, in their order, that share no place with one before them."""
    kept: list[tuple[Face, np.ndarray]] = []
    for face in faces:
        box = np.concatenate([face.landmarks.min(0), face.landmarks.max(0)])
        if all(shared(box, other) < ALIKE for _, other in kept):
            kept.append((face, box))
    return [face for face, _ in kept]


def shared(first: np.ndarray, second: np.ndarray) -> float:
    """Return the intersection of two boxes (4,) x0, y0, x1, y1 over the smaller of them."""
    low, high = np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])
    smaller = min(float(np.prod(box[2:] - box[:2])) for box in (first, second))
    return float(np.prod(np.clip(high - low, 0, None))) / max(1e-9, smaller)


def _steps(extent: int, side: float) -> list[float]:
    count = 1 + int(np.ceil(max(0.0, extent - side) / (STRIDE * side)))
    middles: list[float] = (np.linspace(side / 2, extent - side / 2, count) - 0.5).tolist()
    return middles
