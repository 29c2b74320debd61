"""The face recogniser F of the perceptual losses: an iResNet trained with ArcFace (Deng et al. 2019).

Module and state-dict names are those of arcface_torch, so the published ms1mv3 iResNet-50 weights load exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from focus.errors import FocusError
from focus.networks.engine import Engine, entry_point
from focus.networks.resnet import convolution, shortcut
from focus.networks.weights import load_state, read_state


class ChannelPReLU(nn.PReLU):
    """PReLU with torch's name and weight, written as a x + (1 - a) relu(x): on a CPU its backward is much faster."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x where positive, a x elsewhere, per channel of (B,C,H,W)."""
        slope = self.weight[:, None, None]
        return torch.addcmul(x * slope, functional.relu(x), 1 - slope)


class ImprovedBlock(nn.Module):
    """BN, 3x3, BN, PReLU, 3x3 (stride), BN around a shortcut, with no ReLU after the sum."""

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = convolution(inputs, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.prelu = ChannelPReLU(width)
        self.conv2 = convolution(width, width, 3, stride)
        self.bn3 = nn.BatchNorm2d(width)
        self.downsample = shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B,inputs,H,W) to (B,width,H/stride,W/stride)."""
        kept = x if self.downsample is None else self.downsample(x)
        hidden = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        summed: Tensor = self.bn3(self.conv2(hidden)) + kept
        return summed


class FaceRecogniser(Engine):
    """iResNet: aligned face -> embedding, and the maps after each of its four stages.

    Args:
        layers: blocks of each of the four stages; (3, 4, 14, 3) is iResNet-50.
        widths: channels of each stage.
        size: side of the aligned crop in pixels (112 for the published weights); at least 16.
        embedding: length of the embedding (512).

    The aligned images (B,3,size,size) are RGB in [0,1]; the 2x - 1 of the published weights is applied inside.
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(
        self,
        layers: Sequence[int] = (3, 4, 14, 3),
        widths: Sequence[int] = (64, 128, 256, 512),
        size: int = 112,
        embedding: int = 512,
    ) -> None:
        super().__init__()
        self.size = size
        inputs = widths[0]
        self.conv1 = convolution(3, inputs, 3)
        self.bn1 = nn.BatchNorm2d(inputs)
        self.prelu = ChannelPReLU(inputs)
        for index, (count, width) in enumerate(zip(layers, widths, strict=True)):
            blocks = [ImprovedBlock(width if place else inputs, width, 1 if place else 2) for place in range(count)]
            setattr(self, f"layer{index + 1}", nn.Sequential(*blocks))
            inputs = width
        cells = math.ceil(size / 16) ** 2  # four strides of 2, each rounding up
        self.bn2 = nn.BatchNorm2d(inputs)
        self.fc = nn.Linear(inputs * cells, embedding)
        self.features = nn.BatchNorm1d(embedding)
        nn.init.ones_(self.features.weight)
        self.features.weight.requires_grad = False  # the embedding's scale means nothing under a cosine
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0, 0.1)

    @entry_point
    def feature_maps(self, aligned: Tensor, levels: Sequence[int]) -> list[Tensor]:
        """Return the maps after the stages named in `levels` (1 to 4), each (B, its width, size/2^level, …).

        They are sums of residual blocks, signed and before any activation, so there is no ReLU to step back over.
        Stages beyond the deepest level asked for are not run.
        """
        if not levels or not set(levels) <= {1, 2, 3, 4}:
            raise FocusError(f"recogniser levels: found {list(levels)}, expected some of 1, 2, 3, 4")
        return self._maps(aligned, levels)

    def _maps(self, aligned: Tensor, levels: Sequence[int]) -> list[Tensor]:
        x = (aligned * 2 - 1).contiguous(memory_format=torch.channels_last)
        x = self.prelu(self.bn1(self.conv1(x)))
        maps: dict[int, Tensor] = {}
        for level, stage in enumerate((self.layer1, self.layer2, self.layer3, self.layer4)[: max(levels)], start=1):
            x = maps[level] = stage(x)
        return [maps[level] for level in levels]

    @entry_point
    def embedding(self, aligned: Tensor) -> Tensor:
        """Return the embedding (B,embedding), not normalised: the features of Eq. 6."""
        x = self.bn2(self._maps(aligned, [4])[0])
        found: Tensor = self.features(self.fc(x.flatten(1)))
        return found

    def forward(self, aligned: Tensor) -> Tensor:
        """Return `embedding(aligned)`."""
        return self.embedding(aligned)

    def load_backbone(self, path: Path) -> None:
        """Load published arcface_torch weights (e.g. ms1mv3 iResNet-50, `backbone.pth`), every name and shape.

        Raises FocusError when the file cannot be read or does not fit.
        """
        load_state(self, read_state(path), path)
