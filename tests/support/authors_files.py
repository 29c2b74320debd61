"""Files of the authors' full-size networks in everything but their weights, which are drawn here."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from focus.authors.networks import OUTPUTS
from focus.networks import FaceEncoder, SegmentationNetwork
from pickled_modules import ENCODER, SEGMENTATION, write_module


def write_encoder(path: Path, seed: int = 0) -> Path:
    """Write a ResNet-50 with 1000 outputs under the authors' names."""
    with torch.device("meta"):
        shapes = FaceEncoder(OUTPUTS).state_dict()
    return write_module(path, ENCODER, {f"vgg.{name[len('network.') :]}": v for name, v in drawn(shapes, seed).items()})


def write_segmentation(path: Path, seed: int = 0) -> Path:
    """Write a U-Net of 64 channels and four poolings under the authors' names."""
    with torch.device("meta"):
        shapes = SegmentationNetwork().state_dict()
    return write_module(path, SEGMENTATION, {authors_name(name): value for name, value in drawn(shapes, seed).items()})


def drawn(shapes: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
    """Return small random values of the given shapes; variances are one."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.zeros((), dtype=torch.int64)
        if name.endswith("num_batches_tracked")
        else torch.ones(value.shape)
        if name.endswith("running_var")
        else 0.02 * torch.randn(value.shape, generator=generator)
        for name, value in shapes.items()
    }


def authors_name(name: str) -> str:
    """Return the authors' name of an entry of `SegmentationNetwork`, as the golden files have it."""
    found = re.fullmatch(r"(down|merge|up)\.(\d)\.(\d)\.(.+)", name)
    if found is None:
        return name.replace("last.", "Conv.")
    kind, place, layer, rest = found[1], int(found[2]), int(found[3]), found[4]
    if kind == "down":
        return f"Conv{place + 1}.double_conv.{'0.' if place >= 3 else ''}{layer}.{rest}"
    return f"Up{5 - place}.up.{layer + 1}.{rest}" if kind == "up" else f"Up_conv{5 - place}.double_conv.{layer}.{rest}"
