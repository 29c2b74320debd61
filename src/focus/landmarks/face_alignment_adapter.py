"""face-alignment (Bulat and Tzimiropoulos), the paper's landmark detector, behind the project's interface.

Its weights are downloaded at first use into torch.hub's checkpoints folder; without a network they must lie there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from focus.errors import FocusError
from focus.landmarks.detector import Detection

WEIGHTS = ("s3fd-619a316812.pth", "2DFAN4-11f355bf06.pth.tar")


class FaceAlignmentDetector:
    """The largest face of each image, by S3FD and 2D-FAN-4."""

    def __init__(self, device: str = "cpu") -> None:
        """Raises FocusError when the package or its weights are not to be had."""
        try:
            import face_alignment
        except ImportError:
            raise FocusError(
                "detector.kind: face-alignment is not installed; expected `pip install face-alignment`"
            ) from None
        try:
            kind = face_alignment.LandmarksType.TWO_D
            self._aligner = face_alignment.FaceAlignment(kind, device=device, compile=False)
        except OSError as error:
            folder = Path(torch.hub.get_dir()) / "checkpoints"
            raise FocusError(
                f"{folder}: face-alignment's weights are missing and could not be downloaded ({type(error).__name__}); "
                f"expected {' and '.join(WEIGHTS)} there"
            ) from None

    def detect(self, images: Sequence[np.ndarray]) -> list[Detection]:
        """Return one detection for each uint8 RGB image (H,W,3)."""
        return [self._one(image) for image in images]

    def all_faces(self, image: np.ndarray) -> list[np.ndarray]:
        """Return the landmarks (68,2) px of every face of one image."""
        return list(self._aligner.get_landmarks_from_image(image) or [])

    def _one(self, image: np.ndarray) -> Detection:
        faces = self.all_faces(image)
        if not faces:
            return Detection(None, "no face found by face-alignment")
        largest = max(faces, key=lambda points: float(np.ptp(points[:, 1])))
        return Detection(largest.astype(np.float32))
