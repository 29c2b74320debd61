"""Residual networks (He et al. 2016) with the module names of torchvision, so that ImageNet weights load exactly."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Return a convolution without bias (a batch norm follows) that keeps the image size but for the stride."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module | None:
    """Return the projection that fits a block's input to its output, or None where the shapes already agree."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut: (B,inputs,H,W) -> (B,width,H/stride,W/stride)."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = convolution(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(F(x) + shortcut(x))."""
        kept = x if self.downsample is None else self.downsample(x)
        hidden = functional.relu_(self.bn1(self.conv1(x)))
        return functional.relu_(self.bn2(self.conv2(hidden)) + kept)


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride, as torchvision has it), 1x1: (B,inputs,H,W) -> (B,4 width,H/stride,W/stride)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = convolution(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = convolution(width, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(F(x) + shortcut(x))."""
        kept = x if self.downsample is None else self.downsample(x)
        hidden = functional.relu_(self.bn1(self.conv1(x)))
        hidden = functional.relu_(self.bn2(self.conv2(hidden)))
        return functional.relu_(self.bn3(self.conv3(hidden)) + kept)


class ResNet(nn.Module):
    """ImageNet-style residual network: conv1, bn1, max pooling, layer1-4, average pooling, fc.

    State-dict names and shapes are torchvision's; convolutions start from He's normal initialisation (fan out).
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, block: type[BasicBlock] | type[Bottleneck], layers: tuple[int, int, int, int], outputs: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        inputs = 64
        for index, count in enumerate(layers):
            width = 64 * 2**index
            blocks = []
            for position in range(count):
                blocks.append(block(inputs, width, stride=2 if index > 0 and position == 0 else 1))
                inputs = width * block.expansion
            setattr(self, f"layer{index + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B,3,H,W), normalised as the weights want them, to (B,outputs)."""
        x = images.contiguous(memory_format=torch.channels_last)
        x = self.maxpool(functional.relu_(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        found: Tensor = self.fc(x.mean((2, 3)))
        return found


def resnet50(outputs: int = 1000) -> ResNet:
    """Return ResNet-50: 320 state-dict entries, pooled 2048 features before `fc`."""
    return ResNet(Bottleneck, (3, 4, 6, 3), outputs)
