"""The face autoencoder R (Sec. 3.1): image -> parameters -> mesh -> rendering. The one forward pass of the project.

Training, evaluation, the misfit prior and `focus reconstruct` all call `Autoencoder`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from focus.face_model import FaceModel
from focus.losses import equations as losses
from focus.rendering import Renderer
from focus.settings import OutputScale

LIGHT = 27  # 9 spherical-harmonics coefficients for each of R, G and B
POSE = 6  # three Euler angles and a translation


@dataclass(frozen=True)
class Parameters:
    """The latent parameters theta = [alpha, gamma, phi, c] of Sec. 3.1, for a batch of B faces.

    shape (B,Ks), expression (B,Ke) and albedo (B,Ka) in standard deviations of the face model; light (B,27)
    spherical-harmonics coefficients, 9 R, 9 G, 9 B, without the renderer's constant ambient; pose (B,6) = Euler
    angles rx, ry, rz in rad and translation tx, ty, tz in mm.
    """

    shape: Tensor
    expression: Tensor
    albedo: Tensor
    light: Tensor
    pose: Tensor

    def map(self, function: Callable[[Tensor], Tensor]) -> Parameters:
        """Return parameters with `function` applied to each tensor."""
        return Parameters(**{field.name: function(getattr(self, field.name)) for field in fields(self)})

    @staticmethod
    def cat(parts: list[Parameters]) -> Parameters:
        """Concatenate batches."""
        names = [field.name for field in fields(Parameters)]
        return Parameters(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})

    def theta(self) -> Tensor:
        """Return all parameters as one vector (B, Ks+Ke+Ka+27+6)."""
        return torch.cat([self.shape, self.expression, self.albedo, self.light, self.pose], dim=1)


@dataclass(frozen=True)
class Reconstruction:
    """What R makes of a batch of B images of S x S px.

    image (B,3,S,S) RGB, 0 outside the face, not clamped; mask (B,1,S,S) 1 where the face is rendered; landmarks
    (B,68,2) px, x right, y down; parameters: the latents.
    """

    image: Tensor
    mask: Tensor
    landmarks: Tensor
    parameters: Parameters

    def cpu(self) -> Reconstruction:
        """Return the same on the CPU."""
        image, mask, landmarks = (part.cpu() for part in (self.image, self.mask, self.landmarks))
        return Reconstruction(image, mask, landmarks, self.parameters.map(Tensor.cpu))


class Autoencoder(nn.Module):
    """Encoder, face model and renderer. Only the encoder has weights to train."""

    units: Tensor

    def __init__(self, encoder: nn.Module, model: FaceModel, renderer: Renderer, scale: OutputScale) -> None:
        super().__init__()
        self.encoder, self.model, self.renderer = encoder, model, renderer
        model_sizes = [model.n_shape, model.n_expression, model.n_albedo]
        self.sizes = [*model_sizes, LIGHT, POSE]
        units = [scale.shape, scale.expression, scale.albedo, scale.light]
        per_output = [torch.full((size,), unit) for size, unit in zip(self.sizes, units, strict=False)]
        pose = [scale.rotation] * 3 + [scale.translation_xy] * 2 + [scale.translation_z]
        self.register_buffer("units", torch.cat([*per_output, torch.tensor(pose)]), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where the images that it takes are to be."""
        return self.units.device

    @staticmethod
    def output_count(model: FaceModel) -> int:
        """Return the number of encoder outputs: 257 for the paper's 80 + 64 + 80 components."""
        return model.n_shape + model.n_expression + model.n_albedo + LIGHT + POSE

    def encode(self, images: Tensor) -> Parameters:
        """Return the parameters that the encoder sees in images (B,3,S,S), RGB in [0,1]."""
        return self.split(self.encoder(images) * self.units)

    def split(self, theta: Tensor) -> Parameters:
        """Return theta (B, sum of sizes) as named parameters."""
        return Parameters(*theta.split(self.sizes, dim=1))

    def decode(self, parameters: Parameters) -> Reconstruction:
        """Render parameters: I_R of the paper."""
        vertices = self.model.geometry(parameters.shape, parameters.expression)
        albedo = self.model.albedo(parameters.albedo)
        rendering = self.renderer(vertices, albedo, parameters.light, parameters.pose)
        landmarks = rendering.points.index_select(1, self.model.landmarks68)[..., :2]
        return Reconstruction(rendering.image, rendering.mask, landmarks, parameters)

    def forward(self, images: Tensor) -> Reconstruction:
        """Reconstruct images (B,3,S,S)."""
        return self.decode(self.encode(images))


def equation8(
    autoencoder: Autoencoder,
    result: Reconstruction,
    weights: Mapping[str, float],
    forms: Mapping[str, str],
    *,
    images: Tensor,
    landmarks: Tensor,
    mask: Tensor,
    embeddings: Callable[[], tuple[Tensor, Tensor]] = losses.without_recogniser,
    reduction: losses.Reduction = "mean",
    across: losses.Across = losses.alone,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return Eq. 8, and its terms, of what R has made of images (B,3,S,S) with landmarks (B,68,2) px and M.

    The paper's L_reg takes theta as the encoder emits it: radians and millimetres do not add up. The rest as
    `losses.reconstruction_loss`.
    """
    latents = result.parameters
    if forms.get("regularisation") == "paper":
        latents = autoencoder.split(latents.theta() / autoencoder.units)
    return losses.reconstruction_loss(
        weights,
        forms,
        target=images,
        rendering=result.image,
        mask=mask,
        rendered_mask=result.mask,
        landmarks=landmarks,
        rendered_landmarks=result.landmarks,
        theta=(latents.shape, latents.expression, latents.albedo, latents.light, latents.pose),
        embeddings=embeddings,
        reduction=reduction,
        across=across,
    )
