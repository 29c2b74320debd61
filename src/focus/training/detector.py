"""Training of the embedded landmark detector on images whose 68 points are known."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from focus.datasets.augmentation import LANDMARK_SWAP
from focus.landmarks.heatmap import BOX_MARGIN, HeatmapNetwork, expected_positions
from focus.landmarks.squares import rotation, sample_squares
from focus.seeds import torch_generator
from focus.training.batches import sample_index

NEAR_SHARE = 0.65  # of the training squares, cut as closely as the second pass cuts
SPREAD = 0.035  # standard deviation of a target heat map, as a share of the square's side


@dataclass(frozen=True)
class AnnotatedImages:
    """images (N,3,H,W) float32 in [0,1]; landmarks (N,68,2) float32 px."""

    images: Tensor
    landmarks: Tensor


class DetectorObjective:
    """Loss of one step: squares of random place, size and angle around known faces."""

    def __init__(self, network: HeatmapNetwork, data: AnnotatedImages, size: int, batch: int, seed: int) -> None:
        self.network, self.data, self.size, self.batch, self.seed = network, data, size, batch, seed

    def __call__(self, step: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss and its terms: heat-map cross-entropy and the mean distance of the points."""
        index = sample_index(len(self.data.images), self.batch, self.seed, step)
        squares, targets = self._draw(index, torch_generator(self.seed, "detector", step))
        logits = self.network(squares)
        heat = heat_target(targets, logits.shape[-1])
        entropy = -(heat.flatten(2) * logits.flatten(2).log_softmax(dim=2)).sum(2).mean()
        distance = (expected_positions(logits) - targets).norm(dim=2).mean()
        return 0.1 * entropy + 10 * distance, {"heatmap": entropy.detach(), "distance": distance.detach()}

    def _draw(self, index: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        images, points = self.data.images[index], self.data.landmarks[index]
        low, high = points.amin(1), points.amax(1)
        extent = (high - low).amax(1)
        sides = extent * _zoom(len(index), generator)
        room = (sides / extent - 1).clamp(max=1.0) * 0.25
        shift = (torch.rand(len(index), 2, generator=generator) * 2 - 1) * (room * extent)[:, None]
        centres, angles = (low + high) / 2 + shift, torch.randn(len(index), generator=generator) * 0.12
        squares = sample_squares(images, centres, sides, angles, self.size)
        targets = (points - centres[:, None]) @ rotation(angles) / sides.view(-1, 1, 1) + 0.5
        flip = torch.rand(len(index), generator=generator) < 0.5
        squares = torch.where(flip.view(-1, 1, 1, 1), squares.flip(3), squares)
        mirrored = torch.stack([1 - targets[..., 0], targets[..., 1]], 2)[:, LANDMARK_SWAP]
        return _tint(squares, generator), torch.where(flip.view(-1, 1, 1), mirrored, targets)


def _zoom(batch: int, generator: torch.Generator) -> Tensor:
    """Draw (B,) the square's side over the face's: near the second pass's for most, up to 3.1 (first pass) for some."""
    uniform = torch.rand(batch, 2, generator=generator)
    near, far = BOX_MARGIN * torch.exp(0.3 * (uniform[:, 0] - 0.5)), torch.exp(0.9 * uniform[:, 0] + 0.22)
    return torch.where(uniform[:, 1] < NEAR_SHARE, near, far)


def _tint(squares: Tensor, generator: torch.Generator) -> Tensor:
    gain = 0.75 + 0.5 * torch.rand(len(squares), 3, 1, 1, generator=generator)
    noise = 0.02 * torch.randn(squares.shape, generator=generator)
    return (squares * gain + noise).clamp(0, 1)


def heat_target(positions: Tensor, cells: int) -> Tensor:
    """Return target heat maps (B,68,cells,cells), each summing to 1, from positions (B,68,2) in [0,1].

    A point outside the square gets an all-zero map, which leaves it to the distance term.
    """
    centres = (torch.arange(cells, dtype=positions.dtype) + 0.5) / cells
    x = torch.exp(-0.5 * ((centres - positions[..., :1]) / SPREAD) ** 2)
    y = torch.exp(-0.5 * ((centres - positions[..., 1:]) / SPREAD) ** 2)
    heat = y[..., :, None] * x[..., None, :]
    inside = ((positions > 0) & (positions < 1)).all(-1)[..., None, None]
    return functional.normalize(heat.flatten(2), p=1, dim=2).view_as(heat) * inside
