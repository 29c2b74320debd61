"""The face encoder of R (Sec. 3.1): an image in, raw parameters theta out; it starts at the mean face."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from focus.errors import FocusError
from focus.networks.engine import Engine, entry_point
from focus.networks.resnet import BasicBlock, convolution, resnet50
from focus.networks.weights import load_state, read_state

Architecture = Literal["resnet50", "small"]


class SmallEncoder(nn.Module):
    """A residual net for images of about 64 px: 5x5 stride-2 stem, four basic blocks, flatten, 256, outputs.

    It flattens where ResNet-50 averages: at 4x4 cells the position of a feature is what tells pose and shape.
    """

    def __init__(self, outputs: int, size: int, width: int) -> None:
        """Draw the first weights from torch's global generator."""
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


class FaceEncoder(Engine):
    """Image -> raw theta, with a zero-initialised last layer: training starts at the mean face (method.md section 2).

    Args:
        parameters: length of theta; the paper's is 257 = 80 shape + 64 expression + 80 albedo + 27 light + 6 camera.
        architecture: "resnet50" (the paper's) or "small" (for about 64 px on a CPU).
        size: image side in pixels; "small" is tied to it, "resnet50" takes any.
        width: channels of the first block of "small"; ResNet-50's is fixed.

    The images are RGB in [0,1] without ImageNet's normalisation, as in the released code, ImageNet weights or not.
    """

    def __init__(
        self, parameters: int, architecture: Architecture = "resnet50", size: int = 224, width: int = 24
    ) -> None:
        """Draw the first weights from torch's global generator."""
        super().__init__()
        if architecture == "resnet50":
            self.network: nn.Module = resnet50(parameters)
        elif architecture == "small":
            self.network = SmallEncoder(parameters, size, width)
        else:
            raise FocusError(f"encoder.architecture: found {architecture!r}, expected 'resnet50' or 'small'")
        nn.init.zeros_(self.network.fc.weight)
        nn.init.zeros_(self.network.fc.bias)

    @entry_point
    def forward(self, images: Tensor) -> Tensor:
        """Map images float32 (B,3,S,S), RGB in [0,1], to raw parameters (B,parameters) without units."""
        theta: Tensor = self.network(images)
        return theta

    def load_backbone(self, path: Path) -> None:
        """Load everything but the last layer from published weights (torchvision's ResNet-50 on ImageNet).

        Raises FocusError when the file cannot be read or its names or shapes are other than torchvision's.
        """
        load_state(self.network, read_state(path), path, skip=("fc.",))
