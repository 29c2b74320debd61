"""The interface of a landmark detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class Face:
    """landmarks (68,2) float32 px in the image given, iBUG order; score: the detector's own, higher is surer."""

    landmarks: np.ndarray
    score: float


@dataclass(frozen=True)
class Detection:
    """landmarks (68,2) float32 px in the image given, iBUG order, or None; reason: why there are none."""

    landmarks: np.ndarray | None
    reason: str = ""


class Detector(Protocol):
    """Finds the one face of each image of a data set."""

    def detect(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[Detection]:
        """Return the largest face of each uint8 RGB image (H,W,3); images may differ in size.

        `names`: the images' file names, which `TableDetector` looks up.
        """
        ...


class FaceFinder(Protocol):
    """Finds all faces of a photograph. `name`: what a person calls it."""

    name: str

    def faces(self, image: np.ndarray) -> list[Face]:
        """Return every face of a photograph (H,W,3) uint8 RGB, largest first."""
        ...


def largest(faces: Sequence[Face]) -> list[Face]:
    """Return faces by the height of their landmarks, largest first."""
    return sorted(faces, key=lambda face: -float(np.ptp(face.landmarks[:, 1])))
