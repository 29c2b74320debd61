"""Latents fitted to images by gradient descent: what `--fit`, the instance-wise fit and Table 1's references share.

Each image has its own loss, so a batch is for speed only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from focus.methods.pose_fit import fit_pose
from focus.model.autoencoder import Autoencoder, Parameters, Reconstruction

UNITS = (1.0, 1.0, 1.0, 0.5, 0.3, 10.0, 30.0)
"""Adam moves all variables alike, so this is a step's share of each: shape, expression, albedo (standard deviations),
light (coefficients), rotation (rad), translation in the image and in depth (mm)."""
EPSILON = 1e-8  # of Adam


class Latents:
    """theta (B,K) = base + moved * scale, of which Adam moves `moved` (Kingma and Ba 2015, Algorithm 1).

    To the bit as torch.optim.Adam on a CPU, whose first use would load torch's compiler: half of a photograph's time.
    """

    def __init__(
        self,
        autoencoder: Autoencoder,
        base: Tensor,
        scale: Tensor,
        moved: Tensor | None = None,
        betas: tuple[float, float] = (0.9, 0.99),
    ) -> None:
        """`base` (B,K); scale (K,), 0 where a latent stays; moved (B,K) at the start, None for zeros."""
        self.autoencoder, self.base, self.scale, self.betas, self.steps = autoencoder, base, scale, betas, 0
        start = torch.zeros_like(base) if moved is None else moved.detach().clone()
        self.moved = start.requires_grad_(True)
        self.mean, self.square = torch.zeros_like(base), torch.zeros_like(base)

    @property
    def parameters(self) -> Parameters:
        """The present latents."""
        return self.autoencoder.split(self.base + self.moved * self.scale)

    def decode(self) -> Reconstruction:
        """Return their rendering."""
        return self.autoencoder.decode(self.parameters)

    def step(self, loss: Tensor, rate: float) -> None:
        """Move the latents by one step of size `rate`, in their scales, against the gradient of a scalar."""
        (gradient,) = torch.autograd.grad(loss, self.moved)
        self.steps += 1
        with torch.no_grad():
            self._move(gradient, rate)

    def _move(self, gradient: Tensor, rate: float) -> None:
        first, second = self.betas
        self.mean.lerp_(gradient, 1 - first)
        self.square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        spread = (self.square.sqrt() / (1 - second**self.steps) ** 0.5).add_(EPSILON)
        self.moved.addcdiv_(self.mean, spread, value=-rate / (1 - first**self.steps))


def falling(first: float, steps: int, last: float = 0.1) -> Iterator[float]:
    """Yield the rate of each step: half a cosine from `first` to `last * first`, as torch's CosineAnnealingLR."""
    rate, least = first, first * last
    for step in range(1, steps + 1):
        yield rate
        before, now = (1 + math.cos(math.pi * at / steps) for at in (step - 1, step))
        rate = now / before * (rate - least) + least


def units(autoencoder: Autoencoder, like: Tensor) -> Tensor:
    """Return UNITS for each latent (K,), of the type and on the device of `like`."""
    sizes = [*autoencoder.sizes[:4], 3, 2, 1]
    return torch.cat([like.new_full((size,), unit) for size, unit in zip(sizes, UNITS, strict=True)])


def start(autoencoder: Autoencoder, landmarks: Tensor) -> Parameters:
    """Return the mean face in the renderer's ambient light, posed so that its landmarks lie on `landmarks` (B,68,2).

    The pose is a least-squares fit from the frontal pose, as the crop has brought size and place close.
    """
    shape, expression, albedo, light = (landmarks.new_zeros(len(landmarks), size) for size in autoencoder.sizes[:4])
    model = autoencoder.model
    points = model.geometry(shape, expression)[:, model.landmarks68]
    return Parameters(shape, expression, albedo, light, fit_pose(autoencoder.renderer.camera, points, landmarks))
