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


class Detector(Protocol):
    """Finds the faces of images, of a data set's as of a person's own. `name`: what a person calls it."""

    name: str

    def detect(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[list[Face]]:
        """Return the faces of each uint8 RGB image (H,W,3), largest first; images may differ in size.

        `names`: the images' file names, which `TableDetector` looks up.
        """
        ...


def largest(faces: Sequence[Face]) -> list[Face]:
    """Return faces by the height of their landmarks, largest first."""
    return sorted(faces, key=lambda face: -float(np.ptp(face.landmarks[:, 1])))
