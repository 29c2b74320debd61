"""Squares cut from images at any place, scale and angle, and averaged down first where they are large."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def sample_squares(image: Tensor, centres: Tensor, sides: Tensor, angles: Tensor, size: int) -> Tensor:
    """Cut squares from images, with bilinear sampling and black outside.

    image (B,3,H,W); centres (B,2) px; sides (B,) px; angles (B,) rad, clockwise on screen -> (B,3,size,size).
    Position (x, y) in [0,1] of a square lies at centre + rotation(angle) ((x, y) - 0.5) side.
    """
    height, width = image.shape[2:]
    steps = (torch.arange(size, dtype=image.dtype) + 0.5) / size - 0.5
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    grid = torch.stack([x, y], dim=2).view(1, -1, 2) * sides.view(-1, 1, 1)
    points = grid @ rotation(angles).transpose(1, 2) + centres[:, None]
    scale = torch.tensor([2 / width, 2 / height], dtype=image.dtype)
    normal = ((points + 0.5) * scale - 1).view(len(image), size, size, 2)
    return functional.grid_sample(image, normal, mode="bilinear", align_corners=False)


def rotation(angles: Tensor) -> Tensor:
    """Return 2x2 rotation matrices (B,2,2)."""
    cos, sin = angles.cos(), angles.sin()
    return torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)


class Pyramid:
    """One image, and its averaged-down copies, each made when a square of its scale is first asked for."""

    def __init__(self, image: np.ndarray) -> None:
        """`image`: (H,W,3) uint8 RGB."""
        self._levels = {1: torch.tensor(image).permute(2, 0, 1)[None].float().div_(255)}

    def squares(self, centres: Tensor, sides: Tensor, size: int, angles: Tensor | None = None) -> Tensor:
        """Cut squares with centres (N,2) px, sides (N,) px and angles (N,) rad or upright -> (N,3,size,size).

        Position and angle as in `sample_squares`; black outside.
        """
        angles = torch.zeros_like(sides) if angles is None else angles
        factors = (sides / (1.5 * size)).int().clamp(min=1)
        squares = sides.new_empty(len(sides), 3, size, size)
        for factor in factors.unique().tolist():
            if factor not in self._levels:
                self._levels[factor] = functional.avg_pool2d(self._levels[1], factor, ceil_mode=True)
            chosen = factors == factor
            moved, spans = (centres[chosen] + 0.5) / factor - 0.5, sides[chosen] / factor
            level = self._levels[factor].expand(len(moved), -1, -1, -1)
            squares[chosen] = sample_squares(level, moved, spans, angles[chosen], size)
        return squares
