"""The authors' R and S, `enc_net_*.model` and `unet_*.model`, with this project's names and order of outputs."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor

from focus.authors.pickled import read_module
from focus.errors import FocusError
from focus.networks import FaceEncoder, SegmentationNetwork
from focus.networks.weights import load_state
from focus.settings import OutputScale

ENCODER, SEGMENTATION = "encoder.encoder.FaceEncoder", "UNet.UNet.UNet"  # the classes that the files name
SHAPE, EXPRESSION, ALBEDO = 80, 64, 80  # components that the authors use of 199, 100 and 199
OUTPUTS = 1000  # ImageNet's; the authors use 257 of them

# The authors' rows in our order: shape, expression, albedo, light (9 R, 9 G, 9 B), pose (rx, ry, rz, tx, ty, tz).
# Source: their Step4_UNet_MoFA_EM.py:180-185 and encoder/encoder.py at 33a5add.
ROWS = [
    *range(SHAPE),
    *range(199, 199 + EXPRESSION),
    *range(299, 299 + ALBEDO),
    *range(504, 531),
    *range(498, 504),
]

WIDTH, POOLINGS = 64, 4  # of S
OUTPUT_SCALE = OutputScale(
    shape=1.0, expression=1.0, albedo=3.0, light=1.0, rotation=0.3, translation_xy=1.0, translation_z=0.005
)
BLOCK = re.compile(r"(Conv|Up_conv|Up)(\d)\.(?:double_conv\.(?:0\.)?|up\.)(\d\..+)")  # the "0." where dropout follows


def released_encoder(path: Path) -> FaceEncoder:
    """Return the authors' face encoder, in eval mode, with 257 outputs in our order.

    Raises FocusError when the file cannot be read, is another network, or has other names or shapes.
    """
    network = FaceEncoder(len(ROWS))
    load_state(network, encoder_state(path), path)
    return network.eval()


def released_segmentation(path: Path) -> SegmentationNetwork:
    """Return the authors' segmentation network, in eval mode. Raises FocusError as `released_encoder` does."""
    network = SegmentationNetwork(WIDTH, POOLINGS)
    load_state(network, segmentation_state(path), path)
    return network.eval()


def encoder_state(path: Path) -> dict[str, Tensor]:
    """Return an encoder file's entries by the names of `FaceEncoder`, the last layer cut to our rows."""
    state = {re.sub(r"^vgg\.", "network.", name): value for name, value in _state(path, ENCODER).items()}
    rows = torch.tensor(ROWS)
    for name in ("network.fc.weight", "network.fc.bias"):
        if name in state:
            found = state[name].shape
            if found[:1] != (OUTPUTS,):
                raise FocusError(
                    f"{path}: {name} is {tuple(found)}, expected {OUTPUTS} rows, as the authors' encoder has"
                )
            state[name] = state[name].index_select(0, rows)
    return state


def segmentation_state(path: Path) -> dict[str, Tensor]:
    """Return a U-Net file's entries by the names of `SegmentationNetwork`; unknown names stay as they are."""
    return {segmentation_name(name): value for name, value in _state(path, SEGMENTATION).items()}


def segmentation_name(name: str) -> str:
    """Return our name of an entry: Conv1 … Conv5 go down, Up5, Up_conv5 … Up2, Up_conv2 up again, Conv is the last."""
    found = BLOCK.fullmatch(name)
    if found is None:
        return re.sub(r"^Conv\.", "last.", name)
    kind, level, rest = found[1], int(found[2]), found[3]
    if kind == "Conv":
        return f"down.{level - 1}.{rest}"
    place = POOLINGS + 1 - level
    if kind == "Up_conv":
        return f"merge.{place}.{rest}"
    # Theirs is upsampling (0), convolution (1), batch norm (2), ReLU; our block begins with the convolution.
    layer, _, entry = rest.partition(".")
    return f"up.{place}.{int(layer) - 1}.{entry}"


def _state(path: Path, expected: str) -> dict[str, Tensor]:
    module = read_module(path)
    if module.kind != expected:
        raise FocusError(f"{path}: found a {module.kind}, expected the authors' {expected}")
    return module.state
