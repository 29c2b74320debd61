"""Sec. 3.3: R begins with Eq. 8 inside the preliminary mask of Eq. 10; S is then pre-trained to give that mask.

R's initialisation is `em.ReconstructionObjective` with the mask source "robust" (stages/initialise.py), so only S's
objective is here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from focus.losses import equations as losses
from focus.methods.em import Terms
from focus.model.autoencoder import Autoencoder
from focus.networks import SegmentationNetwork
from focus.training.batches import Batches, own_rows


@dataclass(frozen=True)
class PretrainingObjective:
    """One step of S's pre-training: binary cross-entropy to the preliminary mask of Eq. 10, over all pixels
    (nothing is rendered outside the face, and nothing is kept there).
    """

    autoencoder: Autoencoder
    segmentation: SegmentationNetwork
    batches: Batches
    xi: float

    def __call__(self, step: int) -> Terms:
        """Return the loss of a step and its one term."""
        batch = own_rows(self.batches(step))
        with torch.no_grad():
            result = self.autoencoder(batch.images)
            target = losses.preliminary_mask(batch.images, result.image, self.xi) * result.mask
        logits = self.segmentation.logits(result.image, batch.images)
        loss = functional.binary_cross_entropy_with_logits(logits, target)
        return loss, {"cross_entropy": loss.detach()}
