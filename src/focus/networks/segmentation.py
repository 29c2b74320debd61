"""The outlier segmentation network S (Sec. 3.1): a U-Net on the rendered and the target image."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from focus.networks.engine import Engine, entry_point

SHARPNESS = 5.0  # the mask is sigmoid(5x): logits that saturate early, towards a binary mask; as in the released code


class DoubleConvolution(nn.Sequential):
    """(3x3 convolution, batch norm, ReLU) twice, with dropout after them on request."""

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0) -> None:
        """Draw the first weights from torch's global generator."""
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
        super().__init__(*layers, *([nn.Dropout(dropout)] if dropout else []))


class UpConvolution(nn.Sequential):
    """After nearest upsampling to the skip connection's size: 3x3 convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Draw the first weights from torch's global generator."""
        super().__init__(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class SegmentationNetwork(Engine):
    """U-Net with `poolings` max poolings and width * 2^k channels at depth k (the paper's: 64 … 1024, 4 poolings).

    Dropout 0.5 follows the two deepest encoder blocks; upsampling is nearest, then a 3x3 convolution with
    batch norm and ReLU (the released UNet/unet_modules.py:29-40); skip connections are concatenated. Any image size of
    at least 2^poolings pixels fits.
    """

    def __init__(self, width: int = 64, poolings: int = 4) -> None:
        """Draw the first weights from torch's global generator."""
        super().__init__()
        widths = [width * 2**depth for depth in range(poolings + 1)]
        self.down = nn.ModuleList(
            DoubleConvolution(
                6 if depth == 0 else widths[depth - 1], widths[depth], 0.5 if depth >= poolings - 1 else 0
            )
            for depth in range(poolings + 1)
        )
        rising = list(range(poolings, 0, -1))
        self.up = nn.ModuleList(UpConvolution(widths[depth], widths[depth - 1]) for depth in rising)
        self.merge = nn.ModuleList(DoubleConvolution(2 * widths[depth - 1], widths[depth - 1]) for depth in rising)
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
