"""The face encoder of R (Sec. 3.1): an image in, raw parameters theta out; it starts at the mean face."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from torch import Tensor, nn

from focus.errors import FocusError
from focus.networks.engine import Engine, entry_point
from focus.networks.weights import load_state, read_state
from focus.settings.pieces import ENCODERS, module


class FaceEncoder(Engine):
    """Image -> raw theta, with a zero-initialised last layer: training starts at the mean face.

    Args:
        parameters: length of theta; the paper's is 257 = 80 shape + 64 expression + 80 albedo + 27 light + 6 camera.
        architecture: a file of `focus.networks.encoders`: "resnet50" (the paper's), "small" (for about 64 px on a CPU).
        size: image side in pixels; "small" is tied to it, "resnet50" takes any.
        width: channels of the first block of "small"; ResNet-50's is fixed.

    The images are RGB in [0,1] without ImageNet's normalisation, as in the released code, ImageNet weights or not.
    """

    def __init__(self, parameters: int, architecture: str = "resnet50", size: int = 224, width: int = 24) -> None:
        super().__init__()
        if architecture not in ENCODERS:
            raise FocusError(f"encoder.architecture: found {architecture!r}, expected one of {', '.join(ENCODERS)}")
        kind = import_module(f"focus.networks.encoders.{module(architecture)}")
        self.network: nn.Module = kind.make(parameters, size, width)
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
