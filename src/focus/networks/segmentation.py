"""The outlier segmentation network S (Sec. 3.1): a U-Net on the rendered and the target image."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from focus.networks.engine import Engine, entry_point

SHARPNESS = 5.0  # the mask is sigmoid(5x): logits that saturate early, towards a binary mask; as in the released code


def convolutions(*channels: int, dropout: float = 0.0) -> nn.Sequential:
    """Return (3x3 convolution, batch norm, ReLU) from each number of channels to the next; dropout last, if any."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(channels):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, *([nn.Dropout(dropout)] if dropout else []))


class SegmentationNetwork(Engine):
    """U-Net with `poolings` max poolings and width * 2^k channels at depth k (the paper's: 64 … 1024, 4 poolings).

    Dropout 0.5 follows the two deepest encoder blocks; upsampling is nearest, then a 3x3 convolution with
    batch norm and ReLU (the released UNet/unet_modules.py:29-40); skip connections are concatenated. Any image size of
    at least 2^poolings pixels fits.
    """

    def __init__(self, width: int = 64, poolings: int = 4) -> None:
        super().__init__()
        widths = [width * 2**depth for depth in range(poolings + 1)]
        self.down = nn.ModuleList(
            convolutions(inputs, outputs, outputs, dropout=0.5 if depth >= poolings - 1 else 0)
            for depth, (inputs, outputs) in enumerate(pairwise([6, *widths]))
        )
        rising = list(pairwise(widths[::-1]))
        self.up = nn.ModuleList(convolutions(wide, narrow) for wide, narrow in rising)
        self.merge = nn.ModuleList(convolutions(2 * narrow, narrow, narrow) for _, narrow in rising)
        self.last = nn.Conv2d(width, 1, 1)

    @entry_point
    def logits(self, rendered: Tensor, target: Tensor) -> Tensor:
        """Return 5x, the logits of the mask, (B,1,S,S), for images float32 (B,3,S,S) in [0,1]."""
        x = torch.cat([rendered, target], 1).contiguous(memory_format=torch.channels_last)
        skips: list[Tensor] = []
        for depth, block in enumerate(self.down):
            x = block(x if depth == 0 else functional.max_pool2d(x, 2))
            skips.append(x)
        for up, merge, skip in zip(self.up, self.merge, skips[-2::-1], strict=True):
            x = merge(torch.cat([skip, up(functional.interpolate(x, size=skip.shape[2:]))], 1))
        logits: Tensor = SHARPNESS * self.last(x)
        return logits

    def forward(self, rendered: Tensor, target: Tensor) -> Tensor:
        """Return the soft mask M = S(I_T, I_R), (B,1,S,S): 1 face, 0 outlier; not yet cut to the rendered face."""
        return torch.sigmoid(self.logits(rendered, target))
