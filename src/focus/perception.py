"""What the frozen face recogniser F sees in an image: the features of Eq. 2, 4 and 6.

F reads a five-point aligned crop. A target is aligned with its own landmarks, a rendering with the predicted ones
(the released code); no gradient flows through the alignment.
"""

from __future__ import annotations

from torch import Tensor, nn

from focus.networks import FaceRecogniser, align_faces


class Perception(nn.Module):
    """Align, then embed or take early features. Frozen, always in eval mode."""

    def __init__(self, recogniser: FaceRecogniser, size: int) -> None:
        """`size`: side of the aligned crop in px (112 for ms1mv3 weights)."""
        super().__init__()
        self.recogniser = recogniser.eval().requires_grad_(False)
        self.size = size

    def train(self, mode: bool = True) -> Perception:
        """Stay in eval mode: F's batch statistics never move."""
        return super().train(False)

    def embedding(self, images: Tensor, landmarks: Tensor) -> Tensor:
        """Return F's final embedding (B,E) of images (B,3,S,S) with landmarks (B,68,2) px; Eq. 6."""
        return self.recogniser.embedding(align_faces(images, landmarks, self.size))

    def early(self, images: Tensor, landmarks: Tensor) -> Tensor:
        """Return the layer-1 features (B,C,h,w); Eq. 2 and 4."""
        return self.recogniser.layer1_features(align_faces(images, landmarks, self.size))
