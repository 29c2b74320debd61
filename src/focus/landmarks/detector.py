"""The interface of a landmark detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Detection:
    """landmarks (68,2) float32 px in the image given, iBUG order, or None; reason: why there are none."""

    landmarks: np.ndarray | None
    reason: str = ""


class Detector(Protocol):
    """Finds the face of an image."""

    def detect(self, images: Sequence[np.ndarray]) -> list[Detection]:
        """Return one detection for each uint8 RGB image (H,W,3); images may differ in size."""
        ...
