"""A residual net for a CPU, tied to the side of its images."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from focus.networks.resnet import BasicBlock, convolution


class SmallEncoder(nn.Module):
    """A residual net for images of about 64 px: 5x5 stride-2 stem, four basic blocks, flatten, 256, outputs.

    It flattens where ResNet-50 averages: at 4x4 cells the position of a feature is what tells pose and shape.
    """

    def __init__(self, outputs: int, size: int, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(convolution(3, width, 5, 2), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        self.blocks = nn.Sequential(
            BasicBlock(width, width),
            BasicBlock(width, 2 * width, stride=2),
            BasicBlock(2 * width, 4 * width, stride=2),
            BasicBlock(4 * width, 8 * width, stride=2),
        )
        cells = math.ceil(size / 16) ** 2  # four strides of 2, each rounding up
        self.hidden = nn.Linear(8 * width * cells, 256)
        self.norm = nn.BatchNorm1d(256)
        self.fc = nn.Linear(256, outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B,3,size,size) in [0,1] to (B,outputs)."""
        x = (images * 2 - 1).contiguous(memory_format=torch.channels_last)
        x = self.blocks(self.stem(x)).flatten(1)
        theta: Tensor = self.fc(functional.relu(self.norm(self.hidden(x))))
        return theta


make = SmallEncoder
