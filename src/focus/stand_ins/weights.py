"""Weight files with the published names and shapes and random numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from focus.networks import FaceRecogniser, resnet50
from focus.seeds import derive

NOISE_IMAGES = 4


def write_arcface(path: Path, seed: int = 0) -> None:
    """Write an iResNet-50 as arcface_torch's ms1mv3 backbone.pth holds it: 475 float32 tensors by name, 175 MB."""
    torch.manual_seed(derive(seed, "stand-in weights", "arcface"))
    network = FaceRecogniser()
    _write(path, network, lambda images: network.embedding(images), network.size)


def write_resnet50(path: Path, seed: int = 0) -> None:
    """Write a ResNet-50 as torchvision's ImageNet weights hold it: 320 tensors by name, 103 MB."""
    torch.manual_seed(derive(seed, "stand-in weights", "resnet50"))
    network = resnet50()
    _write(path, network, network, 224)


@torch.no_grad()
def _write(path: Path, network: nn.Module, forward: Callable[[Tensor], Tensor], side: int) -> None:
    """Measure the batch statistics on noise, without which random weights overflow, and save the state dict."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = None  # the plain mean over all batches
    forward(torch.rand(NOISE_IMAGES, 3, side, side))
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), path)
