"""The paper's encoder, ResNet-50; it takes images of any side."""

from __future__ import annotations

from focus.networks.resnet import ResNet, resnet50


def make(outputs: int, size: int, width: int) -> ResNet:
    """Return the network; its width is fixed."""
    return resnet50(outputs)
