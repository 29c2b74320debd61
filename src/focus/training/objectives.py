"""What one step minimises: R steps (Eq. 8), S steps (L_S of Sec. 3.2), and the pre-training of S (Sec. 3.3).

Every process of a shared training draws the whole batch, as cutmix needs it, and goes on with its own rows of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from focus.datasets.augmentation import cutmix, cutout
from focus.losses import equations as losses
from focus.masks.sources import MaskSource
from focus.model.autoencoder import Autoencoder, Reconstruction, equation8
from focus.model.perception import Perception
from focus.networks import SegmentationNetwork
from focus.training import processes
from focus.training.batches import Batch, Batches

Terms = tuple[Tensor, dict[str, Tensor]]


@dataclass(frozen=True)
class LossPlan:
    """Which terms count how much (`weights`), in whose form (`forms`: "paper" or "released"), and reduced how."""

    weights: Mapping[str, float]
    forms: Mapping[str, str]
    reduction: losses.Reduction = "mean"
    neighbourhood: int = 2


@dataclass(frozen=True)
class ReconstructionObjective:
    """One R step: Eq. 8 on a batch, with M from a mask source. S, if it is the source, is frozen and in eval mode."""

    autoencoder: Autoencoder
    batches: Batches
    plan: LossPlan
    mask_source: MaskSource
    segmentation: nn.Module | None = None
    perception: Perception | None = None
    occlude: Callable[[Batches, Batch, int], tuple[Batch, Tensor]] | None = None
    mask_gradient: bool = False

    def __call__(self, step: int) -> Terms:
        """Return the loss of a step and its terms."""
        batch, untouched = self.batches(step), None
        if self.occlude is not None:
            batch, untouched = self.occlude(self.batches, batch, step)
        own = processes.share_of(len(batch.images))
        batch = batch.rows(own)
        result = self.autoencoder(batch.images)
        mask = self._mask(batch, result)
        if untouched is not None:
            mask = mask * untouched[own]
        return equation8(
            self.autoencoder,
            result,
            self.plan.weights,
            self.plan.forms,
            images=batch.images,
            landmarks=batch.landmarks,
            mask=mask,
            embeddings=self._embeddings(batch, result),
            reduction=self.plan.reduction,
            across=processes.mean,
        )

    def _mask(self, batch: Batch, result: Reconstruction) -> Tensor:
        with torch.set_grad_enabled(self.mask_gradient):
            image = result.image if self.mask_gradient else result.image.detach()
            return self.mask_source(batch.images, image, result.mask, batch.visible, self.segmentation)

    def _embeddings(self, batch: Batch, result: Reconstruction) -> Callable[[], tuple[Tensor, Tensor]]:
        perception = self.perception
        if perception is None:
            return losses.without_recogniser

        def see() -> tuple[Tensor, Tensor]:
            with torch.no_grad():
                target = perception.embedding(batch.images, batch.landmarks)
            return target, perception.embedding(result.image, result.landmarks)

        return see


@dataclass(frozen=True)
class SegmentationObjective:
    """One S step: L_S on a batch, with R frozen and in eval mode."""

    autoencoder: Autoencoder
    segmentation: nn.Module
    batches: Batches
    plan: LossPlan
    perception: Perception

    def __call__(self, step: int) -> Terms:
        """Return the loss of a step and its terms."""
        batch = own_rows(self.batches(step))
        with torch.no_grad():
            result = self.autoencoder(batch.images)
        mask = self.segmentation(result.image, batch.images) * result.mask
        return losses.segmentation_loss(
            self.plan.weights,
            self.plan.forms,
            target=batch.images,
            rendering=result.image,
            mask=mask,
            rendered_mask=result.mask,
            target_features=lambda images: self.perception.early(images, batch.landmarks),
            rendering_features=lambda images: self.perception.early(images, result.landmarks),
            radius=self.plan.neighbourhood,
            reduction=self.plan.reduction,
        )


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


def own_rows(batch: Batch) -> Batch:
    """Return this process's rows of a batch."""
    return batch.rows(processes.share_of(len(batch.images)))


def paste_cutout(batches: Batches, batch: Batch, step: int) -> tuple[Batch, Tensor]:
    """Blacken one rectangle of each image; return the batch and the mask of untouched pixels (B,1,S,S)."""
    images, untouched = cutout(batch.images, batches.generator(step, "cutout"))
    return replace(batch, images=images), untouched


def paste_cutmix(batches: Batches, batch: Batch, step: int) -> tuple[Batch, Tensor]:
    """Paste another image's patch into one rectangle of each image; return the batch and the untouched pixels."""
    images, untouched = cutmix(batch.images, batches.generator(step, "cutmix"))
    return replace(batch, images=images), untouched


OCCLUSIONS: dict[str, Callable[[Batches, Batch, int], tuple[Batch, Tensor]] | None] = {
    "none": None,
    "cutout": paste_cutout,
    "cutmix": paste_cutmix,
}
"""Augmentations of Backbone-cutout and Backbone-cutmix (Sec. 4.1), by the name a variant gives."""
