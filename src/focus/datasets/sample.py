"""One image with what is known about it: the type every data set yields."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class Sample:
    """One image of a data set.

    Attributes:
        name: path of the image below the data set's image folder, as published lists write it
            (`27001.jpg`, `m-001-01.raw`, `FaMoS_180424_03335_TA/selfie/IMG_0001.jpg`); unique within a set.
        image: (H, W, 3) uint8 RGB, row 0 at the top.
        visible_face: (H, W) uint8, 1 where the face is seen and 0 elsewhere; None where there is no ground truth.
        landmarks: (68, 2) pixels (x, y), y down, integers at pixel centres, iBUG order; None before detection.
        subject: the person, or "" where the data set names none.
        subset: the data set's own division (AR: unoccluded, sidelight, glasses, scarf), "" where it has none.
        attributes: further facts as text, for instance occluder, challenge, code.
    """

    name: str
    image: np.ndarray
    visible_face: np.ndarray | None = None
    landmarks: np.ndarray | None = None
    subject: str = ""
    subset: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError on an array of another shape or type: a mistake in the calling code, not in a file."""
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(f"{self.name}: image is {self.image.dtype} {self.image.shape}, expected uint8 (H, W, 3)")
        mask = self.visible_face
        if mask is not None and (mask.shape != self.image.shape[:2] or mask.dtype != np.uint8):
            raise ValueError(f"{self.name}: mask is {mask.dtype} {mask.shape}, expected uint8 {self.image.shape[:2]}")
        if self.landmarks is not None and self.landmarks.shape != (68, 2):
            raise ValueError(f"{self.name}: landmarks are {self.landmarks.shape}, expected (68, 2)")


class Samples(Protocol):
    """What the reader of every data set is: its images in order, each read when asked for."""

    root: Path

    def __len__(self) -> int:
        """Return the number of images."""

    def __getitem__(self, position: int) -> Sample:
        """Return one image."""
