"""ArcFace's additive angular margin loss (Deng et al. 2019, Eq. 3), to train the embedded recogniser."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class ArcFaceHead(nn.Module):
    """One weight vector per identity; the loss is cross-entropy on scale * cos(angle + margin of the true identity).

    Args:
        embedding: length of the embeddings.
        identities: number of identities.
        margin: additive margin m in radians (the paper's 0.5; 0.3 suits a small network).
        scale: s, the logits' scale (64; 24 for a few hundred identities).
    """

    def __init__(self, embedding: int, identities: int, margin: float = 0.5, scale: float = 64.0) -> None:
        super().__init__()
        self.margin = margin
        self.scale = scale
        self.weight = nn.Parameter(torch.randn(identities, embedding) / math.sqrt(embedding))

    def cosines(self, embeddings: Tensor) -> Tensor:
        """Return the cosine of each embedding (B,E) with each identity, (B,identities); its argmax is the guess."""
        return functional.normalize(embeddings) @ functional.normalize(self.weight).T

    def forward(self, embeddings: Tensor, labels: Tensor, margin: float | None = None) -> Tensor:
        """Return the mean loss for embeddings (B,E) of identities `labels` (B,) int64.

        `margin` replaces the head's own for this call: let it grow from 0 in the first steps, as a small network
        started at the full margin learns slowly. Past angle + margin = pi, where the cosine would rise again, the
        logit goes on falling linearly in the cosine.
        """
        margin = self.margin if margin is None else margin
        cosines = self.cosines(embeddings)
        own = cosines.gather(1, labels[:, None])
        sine = (1 - own.square()).clamp(min=1e-6).sqrt()  # bounded below: its gradient is infinite at 0
        shifted = own * math.cos(margin) - sine * math.sin(margin)
        shifted = torch.where(own > -math.cos(margin), shifted, own - margin * math.sin(margin))
        return functional.cross_entropy(self.scale * cosines.scatter(1, labels[:, None], shifted), labels)
