"""`--fit`: the parameters of each face refined on its own photograph by the paper's losses (Eq. 5-10).

The encoder's parameters are the start. First the six pose numbers follow the landmarks alone, by Gauss-Newton; then all
parameters descend Eq. 8 by Adam, with M from S on the present rendering. The light has one tint: three free colours
would paint a worn mask onto the face, yellow below and brown above, and S would see nothing amiss. Each face has its
own loss, so a batch changes nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from focus.methods.latent_fit import Latents, falling
from focus.methods.pose_fit import fit_pose, tilted
from focus.model.autoencoder import Autoencoder, Parameters, Reconstruction, equation8
from focus.model.perception import Perception
from focus.reconstruct.bundle import FitLoss
from focus.rendering import AMBIENT

Progress = Callable[[int], None]
DARKEST = 0.02 * AMBIENT  # of the even light, so that the tint of no light stays finite


@dataclass(frozen=True)
class Fitter:
    """Refines parameters on images; the networks are frozen.

    Attributes:
        loss: weights and forms of Eq. 8's terms.
        rate: Adam's first step, in units of the encoder's output; it falls to a tenth along half a cosine.
        mask_every: steps between two looks of S.
    """

    autoencoder: Autoencoder
    segmentation: nn.Module
    perception: Perception
    loss: FitLoss
    rate: float = 0.03
    mask_every: int = 5

    def __call__(
        self, images: Tensor, landmarks: Tensor, start: Parameters, steps: int, progress: Progress | None = None
    ) -> Parameters:
        """Return the refined parameters of images (B,3,S,S) with landmarks (B,68,2) px, after `steps` steps."""
        scale = self.autoencoder.units
        first = self.posed(start, landmarks).theta()
        latents = OneTint(self.autoencoder, torch.zeros_like(first), scale, first / scale)
        with torch.no_grad():
            target = self.perception.embedding(images, landmarks)
        for step, rate in enumerate(falling(self.rate, steps)):
            result = latents.decode()
            if step % self.mask_every == 0:
                with torch.no_grad():
                    mask = self.segmentation(result.image, images)
            latents.step(self._loss(images, landmarks, target, mask, result), rate)
            if progress is not None:
                progress(1)
        return latents.parameters.map(Tensor.detach)

    @torch.no_grad()
    def posed(self, parameters: Parameters, landmarks: Tensor) -> Parameters:
        """Return the same heads with the pose that brings their landmarks closest to `landmarks` (B,68,2) px.

        Plain squared distances: the weights of Eq. 7 are for details that a pose cannot mend.
        """
        model, camera = self.autoencoder.model, self.autoencoder.renderer.camera
        points = model.geometry(parameters.shape, parameters.expression)[:, model.landmarks68]
        return replace(parameters, pose=fit_pose(camera, points, landmarks, tilted(points, landmarks)))

    def _loss(self, images: Tensor, landmarks: Tensor, target: Tensor, mask: Tensor, result: Reconstruction) -> Tensor:
        """Return the sum of Eq. 8 over the faces, each as if it were alone."""
        embedding = self.perception.embedding(result.image, result.landmarks)
        made = result.image, result.mask, result.landmarks, result.parameters.theta(), embedding
        # Split, not sliced: the gradient of a slice is a whole batch of zeros around it.
        faces = zip(*(part.split(1) for part in (images, landmarks, target, mask * result.mask, *made)), strict=True)
        return torch.stack([self._loss_alone(*face) for face in faces]).sum()

    def _loss_alone(self, images: Tensor, landmarks: Tensor, target: Tensor, mask: Tensor, *made: Tensor) -> Tensor:
        """Return Eq. 8 of a batch of one; `made`: image, rendered pixels, landmarks, theta, F's embedding."""
        image, rendered, points, theta, embedding = made
        return equation8(
            self.autoencoder,
            Reconstruction(image, rendered, points, self.autoencoder.split(theta)),
            self.loss.weights,
            self.loss.forms,
            images=images,
            landmarks=landmarks,
            mask=mask,
            embeddings=lambda: (target, embedding),
        )[0]


class OneTint(Latents):
    """Latents whose light has one tint, whatever its 27 coefficients."""

    @property
    def parameters(self) -> Parameters:
        """The present latents, their light by `one_tint`."""
        found = super().parameters
        return replace(found, light=one_tint(found.light))


def one_tint(light: Tensor) -> Tensor:
    """Return light (B,27) whose three colours are one pattern g_k in three strengths: c_k = t g_k with ambient light.

    g is the mean of red, green and blue, t the strengths of the even light (k = 0), which stays what it was. A light
    of one tint stays the same.
    """
    ambient = light.new_tensor([AMBIENT] + [0.0] * 8)
    whole = light.view(-1, 3, 9) + ambient
    grey = whole.mean(1, keepdim=True)
    tint = whole[:, :, :1] / grey[:, :, :1].clamp(min=DARKEST)
    return (tint * grey - ambient).flatten(1)
