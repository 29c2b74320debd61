"""The embedded landmark detector: a small heat-map network, applied twice.

The first pass sees the whole image and finds the face; the second sees a square around it and finds the points.
Landmarks are the expected positions under softmaxed heat maps (integral regression).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from focus.landmarks.detector import Detection
from focus.landmarks.squares import Pyramid, sample_squares

LANDMARKS = 68
BOX_MARGIN = 1.55  # side of the second pass's square over the extent of the first pass's landmarks


def _block(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class HeatmapNetwork(nn.Module):
    """Feature pyramid: (B,3,S,S) RGB in [0,1] -> heat-map logits (B,68,S/2,S/2); S is a multiple of 16.

    The first convolution halves the image, so that nothing runs at its full size.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        widths = [width, 2 * width, 3 * width, 4 * width]
        self.stem = _block(3, width, kernel=5, stride=2)
        self.down = nn.ModuleList([_block(i, o) for i, o in zip([width, *widths[:-1]], widths, strict=True)])
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.lateral = nn.ModuleList([nn.Conv2d(deep, shallow, 1) for deep, shallow in pairs])
        self.up = nn.ModuleList([_block(shallow, shallow) for _, shallow in pairs])
        self.head = nn.Conv2d(width, LANDMARKS, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of the heat maps."""
        features, skips = self.stem(images * 2 - 1), []
        for level, block in enumerate(self.down):
            features = block(features if level == 0 else functional.max_pool2d(features, 2))
            skips.append(features)
        for skip, lateral, block in zip(skips[-2::-1], self.lateral, self.up, strict=True):
            raised = functional.interpolate(lateral(features), size=skip.shape[2:])
            features = block(raised + skip)
        return self.head(features)


def expected_positions(logits: Tensor) -> Tensor:
    """Return (B,68,2) positions x, y in [0,1] of the square seen, from heat-map logits (B,68,h,w)."""
    batch, points, height, width = logits.shape
    heat = logits.flatten(2).softmax(dim=2).view(batch, points, height, width)
    columns = (torch.arange(width, dtype=logits.dtype, device=logits.device) + 0.5) / width
    rows = (torch.arange(height, dtype=logits.dtype, device=logits.device) + 0.5) / height
    return torch.stack([(heat.sum(2) * columns).sum(2), (heat.sum(3) * rows).sum(2)], dim=2)


def confidence(logits: Tensor) -> Tensor:
    """Return (B,) the mean share of a heat map's mass within one cell of its peak: near 1 when all points are sure."""
    batch, points, height, width = logits.shape
    heat = functional.pad(logits.flatten(2).softmax(dim=2).view(batch, points, height, width), (1, 1, 1, 1))
    rows = heat[:, :, :-2] + heat[:, :, 1:-1] + heat[:, :, 2:]  # sums of 3x3 cells, ten times as fast as avg_pool2d
    mass = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
    return mass.flatten(2).amax(2).mean(1)


class HeatmapDetector:
    """Three looks of a trained `HeatmapNetwork`: at the whole image, and twice at the face found so far."""

    def __init__(self, network: HeatmapNetwork, size: int, threshold: float, batch: int = 64) -> None:
        """`size`: the network's input side, px; `threshold`: least confidence that counts as a face."""
        self.network, self.size, self.threshold, self.batch = network.eval(), size, threshold, batch

    @torch.no_grad()
    def detect(self, images: Sequence[np.ndarray], names: Sequence[str] = ()) -> list[Detection]:
        """Return one detection for each uint8 RGB image (H,W,3)."""
        return [
            found for start in range(0, len(images), self.batch) for found in self._detect(images[start:][: self.batch])
        ]

    def _detect(self, images: Sequence[np.ndarray]) -> list[Detection]:
        centres = torch.tensor([[(i.shape[1] - 1) / 2, (i.shape[0] - 1) / 2] for i in images])
        sides = torch.tensor([float(max(image.shape[:2])) for image in images])
        points, sure = self._look(images, centres, sides)
        for _ in range(2):
            points, sure = self._look(images, *around(points))
        return [self._judge(p, s) for p, s in zip(points.numpy(), sure.tolist(), strict=True)]

    @torch.inference_mode()
    def look_at(self, pyramid: Pyramid, centres: np.ndarray, sides: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """Look once at each square of an image: centres (N,2) px, sides (N,) px.

        Returns confidence and landmarks (68,2) float32 px for each square, whether it holds a face or not.
        """
        centre, side = torch.as_tensor(centres).float(), torch.as_tensor(sides).float()
        squares = pyramid.squares(centre, side, self.size)
        squares = squares.contiguous(memory_format=torch.channels_last)  # a third faster on a CPU
        logits = torch.cat([self.network(part) for part in squares.split(self.batch)])
        points = centre[:, None] + (expected_positions(logits) - 0.5) * side.view(-1, 1, 1)
        return list(zip(confidence(logits).tolist(), points.numpy(), strict=True))

    def _judge(self, points: np.ndarray, sure: float) -> Detection:
        if sure < self.threshold:
            return Detection(None, f"no face found: confidence {sure:.2f}, expected at least {self.threshold:.2f}")
        return Detection(points.astype(np.float32))

    def _look(self, images: Sequence[np.ndarray], centres: Tensor, sides: Tensor) -> tuple[Tensor, Tensor]:
        squares = [_shrunk_square(*look, self.size) for look in zip(images, centres, sides, strict=True)]
        logits = self.network(torch.cat(squares))
        points = centres[:, None] + (expected_positions(logits) - 0.5) * sides.view(-1, 1, 1)
        return points, confidence(logits)


def around(points: Tensor) -> tuple[Tensor, Tensor]:
    """Return centres (N,2) px and sides (N,) px of the squares around landmarks (N,68,2) px."""
    low, high = points.amin(1), points.amax(1)
    return (low + high) / 2, (high - low).amax(1).clamp(min=8) * BOX_MARGIN


def _shrunk_square(image: np.ndarray, centre: Tensor, side: Tensor, size: int) -> Tensor:
    """Cut one square; average down first where it is much larger than the network's input, against aliasing."""
    factor = max(1, int(side / (1.5 * size)))
    tensor = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float().div_(255)
    if factor > 1:
        tensor = functional.avg_pool2d(tensor, factor, ceil_mode=True)
    moved = (centre + 0.5) / factor - 0.5
    return sample_squares(tensor, moved[None], side[None] / factor, torch.zeros(1), size)
