"""MediaPipe's face detection: BlazeFace finds faces in squares, FaceMesh finds the points of each.

BlazeFace: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019.
FaceMesh: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from importlib import resources
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from focus import settings
from focus.landmarks import mediapipe_files
from focus.landmarks.detector import Face, largest
from focus.landmarks.search import Guess, grouped, shrunk, squares, unlike
from focus.landmarks.squares import Pyramid, rotation
from focus.landmarks.tflite import read_tflite
from focus.landmarks.tflite_network import TfliteNetwork

BLAZEFACE_SIDE, FACEMESH_SIDE = 128, 192  # pixels of the networks' inputs
STRIDES = (8, 16, 16, 16)  # of BlazeFace's layers of anchors, two anchors a cell and layer
EYES = (33, 263)  # FaceMesh's outer corners of the eyes, the image's left one first
MARGIN = 1.5  # side of FaceMesh's square over the extent of the box or the points, as MediaPipe has it
LEAST = 0.5  # probability that counts, of both networks
LONGEST_SIDE = 1600  # pixels of a photograph that is searched
TURNS = (1, 3, 2)  # quarter turns tried when nothing sure is found upright
SURE = 0.9  # FaceMesh's probability; an upright guess at a face that is upside down stays below
BATCH = 32
TABLE = resources.files("focus.landmarks") / "facemesh68.csv"


class MediaPipeDetector:
    """BlazeFace and FaceMesh in torch; two looks of FaceMesh at each face."""

    name = "mediapipe"

    def __init__(self, device: torch.device | str = "cpu", *, portraits: bool = False) -> None:
        """`portraits`: the images show a face each, so one that the whole image shows ends the search.

        Raises FocusError, with the way to get them, where the networks' files are not installed.
        """
        self.device, self.portraits = torch.device(device), portraits
        self.blazeface, self.facemesh = (
            TfliteNetwork(read_tflite(mediapipe_files.read(name))).to(self.device)
            for name in (mediapipe_files.BLAZEFACE, mediapipe_files.FACEMESH)
        )
        self.anchors, self.groups = anchors(BLAZEFACE_SIDE), ibug_groups()

    def detect(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[list[Face]]:
        """Return every face of each image, upright or turned; a face that is seen in several squares is one."""
        seen = self._portraits(images) if self.portraits else [[]] * len(images)
        return [found or self._search(image) for image, found in zip(images, seen, strict=True)]

    def _portraits(self, images: Sequence[np.ndarray]) -> list[list[Face]]:
        """Return the surest face of each image, by one look at the whole of it; none where that finds nothing."""
        pyramids = [Pyramid(image) for image in images]
        guesses = self._whole(images, pyramids)
        best = [max(found, key=lambda guess: guess.score) if found else None for found in guesses]
        seen = iter(self._mesh([(p, g) for p, g in zip(pyramids, best, strict=True) if g is not None]))
        answers = (None if guess is None else next(seen) for guess in best)
        return [
            [Face(self._ibug(answer[0]), answer[1])] if answer is not None and answer[1] > LEAST else []
            for answer in answers
        ]

    def _search(self, image: np.ndarray) -> list[Face]:
        small, step = shrunk(image, LONGEST_SIDE)
        found = self._upright(small)
        for turn in () if any(face.score >= SURE for face in found) else TURNS:
            turned = self._upright(np.ascontiguousarray(np.rot90(small, turn)))
            sure = [face for face in turned if face.score >= SURE]
            found += [Face(turned_back(face.landmarks, small.shape, turn), face.score) for face in sure]
        distinct = unlike(sorted(found, key=lambda face: -face.score))
        return largest([Face(((f.landmarks + 0.5) * step - 0.5).astype(np.float32), f.score) for f in distinct])

    def _whole(self, images: Sequence[np.ndarray], pyramids: Sequence[Pyramid]) -> list[list[Guess]]:
        """Look once at the whole of each image."""
        centres = np.array([[(i.shape[1] - 1) / 2, (i.shape[0] - 1) / 2] for i in images]).reshape(-1, 2)
        sides = np.array([float(max(image.shape[:2])) for image in images])
        cut = [
            p.squares(_tensor(c[None]), _tensor(s[None]), BLAZEFACE_SIDE)
            for p, c, s in zip(pyramids, centres, sides, strict=True)
        ]
        return self._blaze(torch.cat(cut), centres, sides) if cut else []

    def _upright(self, image: np.ndarray) -> list[Face]:
        pyramid, (centres, sides) = Pyramid(image), squares(*image.shape[:2])
        looks = self._blaze(pyramid.squares(_tensor(centres), _tensor(sides), BLAZEFACE_SIDE), centres, sides)
        places = grouped([guess for look in looks for guess in look])
        seen = self._mesh([(pyramid, place[0]) for place in places])
        # A face that several squares show is surer than one that a single square does.
        return [
            Face(self._ibug(points), score * min(len(place), 3) / 3)
            for place, (points, score) in zip(places, seen, strict=True)
            if score > LEAST
        ]

    def _blaze(self, images: Tensor, centres: np.ndarray, sides: np.ndarray) -> list[list[Guess]]:
        """Return what BlazeFace sees in squares (N,3,128,128) in [0,1] with centres (N,2) and sides (N,) px."""
        outputs = [self.blazeface(part.to(self.device) * 2 - 1) for part in images.split(BATCH)]
        boxes = torch.cat([output[0] for output in outputs]).cpu().view(len(images), -1, 8, 2).numpy()
        scores = torch.cat([output[1] for output in outputs]).cpu().sigmoid().numpy()
        return [
            [self._guess(boxes[n, k], self.anchors[k], float(scores[n, k]), centres[n], float(sides[n]))
             for k in np.flatnonzero(scores[n] > LEAST)]
            for n in range(len(images))
        ]  # fmt: skip

    def _guess(self, row: np.ndarray, anchor: np.ndarray, score: float, centre: np.ndarray, side: float) -> Guess:
        """Decode one anchor: centre, extent and six points, in pixels of the network's input."""
        values = row / BLAZEFACE_SIDE
        middle, half, eyes = values[0] + anchor, values[1] / 2, values[2:4] + anchor
        box, points = ((part - 0.5) * side + centre for part in (np.stack([middle - half, middle + half]), eyes))
        return Guess(score, box.ravel(), points)

    def _mesh(self, faces: Sequence[tuple[Pyramid, Guess]]) -> list[tuple[np.ndarray, float]]:
        """Return FaceMesh's points (468,2) px and the probability that they are a face's, looking twice."""
        frames = [frame(guess.box.reshape(2, 2), guess.eyes) for _, guess in faces]
        points, _ = self._mesh_look([pyramid for pyramid, _ in faces], frames)
        points, scores = self._mesh_look(
            [pyramid for pyramid, _ in faces], [frame(one, one[list(EYES)]) for one in points]
        )
        return list(zip(points, scores, strict=True))

    def _mesh_look(
        self, pyramids: Sequence[Pyramid], frames: Sequence[tuple[np.ndarray, float, float]]
    ) -> tuple[list[np.ndarray], list[float]]:
        if not frames:
            return [], []
        centres, sides, angles = (_tensor(np.array(part)) for part in zip(*frames, strict=True))
        cut = torch.cat(
            [
                p.squares(centres[n, None], sides[n, None], FACEMESH_SIDE, angles[n, None])
                for n, p in enumerate(pyramids)
            ]
        )
        outputs = [self.facemesh(part.to(self.device)) for part in cut.split(BATCH)]
        within = torch.cat([output[0] for output in outputs]).cpu().view(len(frames), -1, 3)[:, :, :2] / FACEMESH_SIDE
        moved = ((within - 0.5) * sides[:, None, None]) @ rotation(angles).transpose(1, 2) + centres[:, None]
        return list(moved.numpy()), torch.cat([output[1] for output in outputs]).cpu().sigmoid().flatten().tolist()

    def _ibug(self, points: np.ndarray) -> np.ndarray:
        return np.stack([points[group].mean(0) for group in self.groups]).astype(np.float32)


def make(plan: settings.Detector, split: str, device: torch.device) -> MediaPipeDetector:
    """Return the detector for the images of a data set, which show a face each."""
    return MediaPipeDetector(device, portraits=True)


def anchors(side: int) -> np.ndarray:
    """Return the centres (K,2) x, y in [0,1] of BlazeFace's anchors, in the order of its outputs."""
    found = []
    for stride, layers in groupby(STRIDES):
        steps = (np.arange(side // stride) + 0.5) * stride / side
        y, x = np.meshgrid(steps, steps, indexing="ij")
        found.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), 2 * len(list(layers)), axis=0))
    return np.concatenate(found)


def ibug_groups() -> list[list[int]]:
    """Return, for each of iBUG's 68 points, the points of FaceMesh whose mean it is."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [[int(number) for number in row["facemesh"].split()] for row in rows]


def frame(points: np.ndarray, eyes: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return centre (2,) px, side px and angle rad of FaceMesh's square: upright in the face, around points (N,2).

    eyes (2,2) px: the image's left one, the right one; the line between them is the square's horizontal.
    """
    along = eyes[1] - eyes[0]
    angle = float(np.arctan2(along[1], along[0]))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = points @ turn if len(points) > 2 else points  # a box has no other frame than the image's
    low, high = corners.min(0), corners.max(0)
    middle = (low + high) / 2
    return (turn @ middle if len(points) > 2 else middle), float((high - low).max()) * MARGIN, angle


def turned_back(points: np.ndarray, shape: tuple[int, ...], turns: int) -> np.ndarray:
    """Return points (N,2) px of numpy.rot90(image, turns) in the image itself, of shape (H,W,…)."""
    height, width = shape[:2]
    x, y = points[:, 0], points[:, 1]
    x, y = {1: (width - 1 - y, x), 2: (width - 1 - x, height - 1 - y), 3: (y, height - 1 - x)}[turns]
    return np.stack([x, y], axis=1)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.as_tensor(values).float()
