"""Sec. 3.2: R, which explains the face, and S, which says where it is seen, are trained in turns without a true mask.

Read as EM, the mask M = S(I_T, I_R) is what is hidden, the face theta = R(I_T) what is estimated. A round (`turns`) is

    S steps, the E-step, R fixed: minimise L_S = eta_1 L_nbr     Eq. 1: such a colour is nearby in the other image
                                               + eta_2 L_dist    Eq. 2: F sees the same face in both, inside M
                                               + eta_3 L_area    Eq. 3: M keeps much of the rendered face
                                               + eta_4 L_presv   Eq. 4: M keeps what F sees in the target
                                               + eta_5 L_bin     M is 0 or 1
    R steps, the M-step, S fixed: minimise L_R, Eq. 8 = L_pixel inside M (Eq. 5), L_per (6), L_lm (7) and L_reg

losses/equations.py has the equations, a function each; a `LossPlan` their weights and forms; training/loop.py takes
the turns. A baseline has other terms, M from another source, or no S steps. Every process of a shared training draws
the whole batch, as cutmix needs it, and goes on with its own rows of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

from focus.losses import equations as losses
from focus.masks.sources import MaskSource
from focus.model.autoencoder import Autoencoder, Reconstruction, equation8
from focus.model.perception import Perception
from focus.settings import EM, Adaptation
from focus.training import processes
from focus.training.aside import aside, in_halves
from focus.training.batches import Batch, Batches, own_rows
from focus.training.turns import Turn, resumed

Terms = tuple[Tensor, dict[str, Tensor]]


class Schedules(Protocol):
    """Where the lengths of turns stand."""

    @property
    def em(self) -> EM:
        """Of the EM rounds."""

    @property
    def adaptation(self) -> Adaptation:
        """Of the test-time adaptation."""


def turns(settings: Schedules, schedule: str, rounds: int | None = None) -> list[Turn]:
    """Return whose steps come when: each EM round trains S, then R; a baseline's S has no objective, so S's pass."""
    if schedule == "none":
        return []
    plan = settings.em
    turns = [Turn("segmentation", plan.segmentation_steps), Turn("reconstruction", plan.reconstruction_steps)]
    if schedule == "adaptation":
        return resumed(turns, settings.adaptation.start, settings.adaptation.steps)
    return turns * (rounds or plan.rounds)


@dataclass(frozen=True)
class LossPlan:
    """Which terms count how much (`weights`), in whose form (`forms`: "paper" or "released"), and reduced how."""

    weights: Mapping[str, float]
    forms: Mapping[str, str]
    reduction: losses.Reduction = "mean"
    neighbourhood: int = 2


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
        embeddings = self._embeddings(batch)
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
            embeddings=partial(embeddings, result),
            reduction=self.plan.reduction,
            across=processes.mean,
        )

    def _mask(self, batch: Batch, result: Reconstruction) -> Tensor:
        with torch.set_grad_enabled(self.mask_gradient):
            image = result.image if self.mask_gradient else result.image.detach()
            return self.mask_source(batch.images, image, result.mask, batch.visible, self.segmentation)

    def _embeddings(self, batch: Batch) -> Callable[[Reconstruction], tuple[Tensor, Tensor]]:
        """Begin the target's embedding, which needs nothing of R; return what makes both, once there is a rendering."""
        perception = self.perception
        if perception is None or "perceptual" not in self.plan.weights:
            return losses.without_recogniser
        target = aside(perception.embedding, batch.images, batch.landmarks)
        return lambda result: (target(), in_halves(perception.embedding, result.image, result.landmarks))
