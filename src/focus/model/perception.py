"""What the frozen face recogniser F sees in an image: the features of Eq. 2, 4 and 6.

F reads a five-point aligned crop. A target is aligned with its own landmarks, a rendering with the predicted ones
(the released code); no gradient flows through the alignment.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from focus.networks import FaceRecogniser, align_faces


class Perception(nn.Module):
    """Align, then embed or take early features. Frozen, always in eval mode."""

    def __init__(self, recogniser: FaceRecogniser, size: int, levels: Sequence[int] = (1,)) -> None:
        """`size`: side of the aligned crop in px (112 for ms1mv3 weights); `levels`: stages of the early features."""
        super().__init__()
        self.recogniser = recogniser.eval().requires_grad_(False)
        self.size, self.levels = size, tuple(levels)

    def train(self, mode: bool = True) -> Perception:
        """Stay in eval mode: F's batch statistics never move."""
        return super().train(False)

    def embedding(self, images: Tensor, landmarks: Tensor) -> Tensor:
        """Return F's final embedding (B,E) of images (B,3,S,S) with landmarks (B,68,2) px; Eq. 6."""
        return self.recogniser.embedding(align_faces(images, landmarks, self.size))

    def early(self, images: Tensor, landmarks: Tensor) -> list[Tensor]:
        """Return the maps (B,C,h,w) after each of `levels`, layer 1 in the released code; Eq. 2 and 4."""
        return self.recogniser.feature_maps(align_faces(images, landmarks, self.size), self.levels)
