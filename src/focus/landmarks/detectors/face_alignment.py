"""face-alignment (Bulat and Tzimiropoulos), the paper's landmark detector, behind the project's interface.

Its weights are downloaded at first use into torch.hub's checkpoints folder; without a network they must lie there.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from focus import settings
from focus.errors import FocusError
from focus.landmarks.detector import Face, largest
from focus.landmarks.search import shrunk

WEIGHTS = ("s3fd-619a316812.pth", "2DFAN4-11f355bf06.pth.tar")
LONGEST_SIDE = 1600  # pixels of an image that is searched: the time grows with them
BATCH = 8  # images of one size that S3FD sees at once


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
            self._aligner = face_alignment.FaceAlignment(kind, device=device, compile=False, max_batch_size=BATCH)
        except OSError as error:
            folder = Path(torch.hub.get_dir()) / "checkpoints"
            raise FocusError(
                f"{folder}: face-alignment's weights are missing and could not be downloaded ({type(error).__name__}); "
                f"expected {' and '.join(WEIGHTS)} there"
            ) from None

    def detect(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[list[Face]]:
        """Return every face of each image, largest first; the score is the mean of its points' heat-map peaks.

        Neighbours of one size go through S3FD in one batch, the faces of an image through 2D-FAN-4 in one.
        """
        small = [shrunk(image, LONGEST_SIDE) for image in images]
        seen: list[list[Face]] = []
        for _, alike in groupby(small, key=lambda pair: pair[0].shape):
            same = [image for image, _ in alike]
            for start in range(0, len(same), BATCH):
                seen += self._batch(np.stack(same[start : start + BATCH]))
        return [
            [Face(((face.landmarks + 0.5) * step - 0.5).astype(np.float32), face.score) for face in faces]
            for faces, (_, step) in zip(seen, small, strict=True)
        ]

    def _batch(self, images: np.ndarray) -> list[list[Face]]:
        """Return the faces of images (B,H,W,3)."""
        channels_first = torch.from_numpy(images).permute(0, 3, 1, 2)
        points, scores, _ = self._aligner.get_landmarks_from_batch(channels_first, return_landmark_score=True)
        return [
            largest([
                Face(one, float(np.mean(score)))
                for one, score in zip(np.reshape(found, (-1, 68, 2)), peaks or [], strict=True)
            ])
            for found, peaks in zip(points, scores, strict=True)
        ]  # fmt: skip


def make(plan: settings.Detector, split: str, device: torch.device) -> FaceAlignmentDetector:
    """Return the detector, the same for every data set."""
    return FaceAlignmentDetector(str(device))
