"""`--fit`: the parameters of each face refined on its own photograph by the paper's losses (Eq. 5-10).

The encoder's parameters are the start. First the pose follows the landmarks alone; then all parameters descend Eq. 8 by
Adam, with M from S on the present rendering. Each face has its own loss, so a batch changes nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from focus import losses
from focus.autoencoder import Autoencoder, Parameters, Reconstruction
from focus.perception import Perception
from focus.reconstruct.bundle import FitLoss

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Fitter:
    """Refines parameters on images; the networks are frozen.

    Attributes:
        loss: weights and forms of Eq. 8's terms.
        rate: Adam's first step, in units of the encoder's output; it falls to a tenth along half a cosine.
        pose_share: share of the steps in which only the pose moves, and only the landmarks count.
        mask_every: steps between two looks of S.
    """

    autoencoder: Autoencoder
    segmentation: nn.Module
    perception: Perception
    loss: FitLoss
    rate: float = 0.03
    pose_share: float = 0.25
    mask_every: int = 5

    def __call__(
        self, images: Tensor, landmarks: Tensor, start: Parameters, steps: int, progress: Progress | None = None
    ) -> Parameters:
        """Return the refined parameters of images (B,3,S,S) with landmarks (B,68,2) px, after `steps` steps."""
        theta = (start.theta() / self.autoencoder.units).detach().clone().requires_grad_(True)
        optimiser = torch.optim.Adam([theta], lr=self.rate, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps), eta_min=self.rate / 10)
        with torch.no_grad():
            target = self.perception.embedding(images, landmarks)
        mask = None
        for step in range(steps):
            result = self.autoencoder.decode(self.autoencoder.split(theta * self.autoencoder.units))
            posing = step < round(self.pose_share * steps)
            if not posing and (mask is None or step % self.mask_every == 0):
                mask = self._mask(images, result)
            loss = self._pose_loss(landmarks, result) if posing else self._loss(images, landmarks, target, mask, result)
            optimiser.zero_grad()
            loss.backward()
            if posing:
                theta.grad[:, : -self.autoencoder.sizes[-1]] = 0
            optimiser.step()
            schedule.step()
            if progress is not None:
                progress(1)
        return self.autoencoder.split(theta.detach() * self.autoencoder.units)

    @torch.no_grad()
    def _mask(self, images: Tensor, result: Reconstruction) -> Tensor:
        return self.segmentation(result.image, images)

    def _pose_loss(self, landmarks: Tensor, result: Reconstruction) -> Tensor:
        """Plain squared distances: the weights of Eq. 7 are for details that a pose cannot mend."""
        return (landmarks - result.landmarks).square().mean((1, 2)).sum()

    def _loss(self, images: Tensor, landmarks: Tensor, target: Tensor, mask: Tensor, result: Reconstruction) -> Tensor:
        """Return the sum of Eq. 8 over the faces, each as if it were alone."""
        embedding = self.perception.embedding(result.image, result.landmarks)
        total = images.new_zeros(())
        for i in range(len(images)):
            one = slice(i, i + 1)
            theta = self._regularised(result.parameters.map(lambda part, one=one: part[one]))
            value, _ = losses.reconstruction_loss(
                self.loss.weights,
                self.loss.forms,
                target=images[one],
                rendering=result.image[one],
                mask=mask[one] * result.mask[one],
                rendered_mask=result.mask[one],
                landmarks=landmarks[one],
                rendered_landmarks=result.landmarks[one],
                theta=(theta.shape, theta.expression, theta.albedo, theta.light, theta.pose),
                embeddings=lambda one=one: (target[one], embedding[one]),
                reduction="mean",
            )
            total = total + value
        return total

    def _regularised(self, parameters: Parameters) -> Parameters:
        """Return theta as the regulariser wants it: the paper's form adds up all of it, so as the encoder emits it."""
        if self.loss.forms.get("regularisation") != "paper":
            return parameters
        return self.autoencoder.split(parameters.theta() / self.autoencoder.units)
