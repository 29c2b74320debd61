"""All faces of a photograph, by the embedded detector, where neither MediaPipe's networks nor face-alignment are.

It sees one face in a square. A photograph is searched with squares of several sizes; it looks again
around the surest guesses of each place, and a last time where two of these agree. A face is where the detector is then
sure, and where the 68 points lie as a face's do; each place counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from focus.landmarks import Face, HeatmapDetector, Pyramid, largest
from focus.landmarks.heatmap import around
from focus.landmarks.search import shrunk

SQUARES = (0.8, 0.5)  # sides of the squares searched, as shares of the photograph's shorter side
STRIDE = 0.4  # of a square's side
LEAST_SQUARE = 48  # pixels
GUESSES = 3  # of one place that are looked at again
SAME_PLACE = 0.5  # first guesses that share at least so much (intersection over the smaller box) are of one place
AGREE = 0.6  # boxes that share at least so much (intersection over union) say the same
OVERLAP = 0.25  # faces that share at least so much (intersection over the smaller box) are one
# Least confidence of each look, and most looseness: how far the points may lie from a similar mean face, as a share of
# its extent. The first look is coarse, the last decides.
FIRST, SECOND, LAST = (0.15, 0.16), (0.15, 0.12), (0.23, 0.08)

Seen = tuple[float, np.ndarray]  # confidence, landmarks (68,2) px
SEARCHED_SIDE = 384  # pixels of the longer side that the embedded detector searches


class WindowFinder:
    """The embedded heat-map detector over squares of several sizes."""

    name = "the model's own detector"

    def __init__(self, detector: HeatmapDetector, mean_face: np.ndarray) -> None:
        """`mean_face` (68,2): the mean shape's landmarks seen from the front, y down, in any unit."""
        self.detector, self.mean_face = detector, mean_face

    def faces(self, image: np.ndarray) -> list[Face]:
        """Return every face, largest first; none where nothing looks like one."""
        small, step = shrunk(image, SEARCHED_SIDE)
        pyramid = Pyramid(small)
        guesses = self._look(pyramid, *squares(*small.shape[:2]), *FIRST)
        guesses = [guess for place in groups(guesses, same_place) for guess in place[:GUESSES]]
        seen = self._look_again(pyramid, guesses, *SECOND)
        faces = self._look_again(pyramid, [group[0] for group in groups(seen, agree) if len(group) > 1], *LAST)
        surest = [group[0] for group in groups(faces, overlap)]
        return largest([Face(((points + 0.5) * step - 0.5).astype(np.float32), score) for score, points in surest])

    def _look(
        self, pyramid: Pyramid, centres: np.ndarray, sides: np.ndarray, least: float, loosest: float
    ) -> list[Seen]:
        seen = self.detector.look_at(pyramid, centres, sides)
        return [one for one in seen if one[0] >= least and looseness(one[1], self.mean_face) < loosest]

    def _look_again(self, pyramid: Pyramid, faces: Sequence[Seen], least: float, loosest: float) -> list[Seen]:
        if not faces:
            return []
        centres, sides = around(torch.from_numpy(np.stack([points for _, points in faces])))
        return self._look(pyramid, centres.numpy(), sides.numpy(), least, loosest)


def squares(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return centres (N,2) px and sides (N,) px of the squares searched: first one around the whole photograph."""
    centres, sides = [((width - 1) / 2, (height - 1) / 2)], [float(max(height, width))]
    for share in SQUARES:
        side = share * min(height, width)
        if side < LEAST_SQUARE:
            break
        for y in _steps(height, side):
            centres += [(x, y) for x in _steps(width, side)]
            sides += [side] * (len(centres) - len(sides))
    return np.array(centres), np.array(sides)


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


def groups(faces: Sequence[Seen], alike: Callable[[np.ndarray, np.ndarray], bool]) -> list[list[Seen]]:
    """Put each face to the first group whose surest face it is like, or begin a group; the surest come first."""
    found: list[list[Seen]] = []
    for face in sorted(faces, key=lambda face: -face[0]):
        group = next((group for group in found if alike(face[1], group[0][1])), None)
        found.append([face]) if group is None else group.append(face)
    return found


def same_place(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two coarse guesses (68,2) may be of one face."""
    return shared(first, second)[1] >= SAME_PLACE


def agree(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two squares saw the same face."""
    return shared(first, second)[0] >= AGREE


def overlap(first: np.ndarray, second: np.ndarray) -> bool:
    """Tell whether two faces are too close to be two."""
    return shared(first, second)[1] >= OVERLAP


def shared(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the intersection of two faces' bounding boxes over their union, and over the smaller box."""
    low, high = np.maximum(first.min(0), second.min(0)), np.minimum(first.max(0), second.max(0))
    both = float(np.prod(np.clip(high - low, 0, None)))
    one, other = (float(np.prod(np.ptp(points, axis=0))) for points in (first, second))
    return both / max(1e-9, one + other - both), both / max(1e-9, min(one, other))
