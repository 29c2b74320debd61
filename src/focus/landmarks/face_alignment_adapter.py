"""face-alignment (Bulat and Tzimiropoulos), the paper's landmark detector, behind the project's interface.

Its weights are downloaded at first use into torch.hub's checkpoints folder; without a network they must lie there.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from focus.errors import FocusError
from focus.landmarks.detector import Detection, Face, largest
from focus.landmarks.search import shrunk

WEIGHTS = ("s3fd-619a316812.pth", "2DFAN4-11f355bf06.pth.tar")
LONGEST_SIDE = 1600  # pixels of a photograph that is searched: the time grows with them


def is_here() -> bool:
    """Tell whether face-alignment and both of its weight files are installed, so that it needs no network."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    return find_spec("face_alignment") is not None and all((folder / name).is_file() for name in WEIGHTS)


class FaceAlignmentDetector:
    """S3FD and 2D-FAN-4, on the CPU or a GPU."""

    name = "face-alignment"

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

    def detect(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[Detection]:
        """Return the largest face of each uint8 RGB image (H,W,3)."""
        return [self._one(image) for image in images]

    def faces(self, image: np.ndarray) -> list[Face]:
        """Return every face of a photograph, largest first; the score is the mean of its points' heat-map peaks."""
        small, step = shrunk(image, LONGEST_SIDE)
        return [
            Face(((face.landmarks + 0.5) * step - 0.5).astype(np.float32), face.score) for face in self._seen(small)
        ]

    def _seen(self, image: np.ndarray) -> list[Face]:
        points, scores, _ = self._aligner.get_landmarks_from_image(image, return_landmark_score=True)
        return largest([
            Face(one.astype(np.float32), float(np.mean(score)))
            for one, score in zip(points or [], scores or [], strict=True)
        ])  # fmt: skip

    def _one(self, image: np.ndarray) -> Detection:
        faces = self._seen(image)
        return Detection(faces[0].landmarks) if faces else Detection(None, f"no face found by {self.name}")
