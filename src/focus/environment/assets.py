"""Licensed files and what stands in for them."""

from __future__ import annotations

from pathlib import Path

from focus.errors import FocusError
from focus.files import sha256

STAND_IN = "STAND-IN.md"  # marks a folder of files that `focus emulate` made in place of licensed ones

RESNET50_V1 = ("0676ba61", "19c8e357")
"""How the SHA-256 of IMAGENET1K_V1 begins, in torchvision's file of today and in the one before 0.10 (the authors').

The files are named by it; https://github.com/pytorch/vision/pull/3620 has both names.
"""


def check_resnet50(path: Path) -> None:
    """Raise FocusError unless a file is torchvision's ResNet-50, IMAGENET1K_V1, as in the release; stand-ins pass."""
    if path.is_file() and not stands_in(path) and not (found := sha256(path)).startswith(RESNET50_V1):
        expected = " or ".join(f"{start}…" for start in RESNET50_V1)
        raise FocusError(f"{path}: found SHA-256 {found}, expected IMAGENET1K_V1's, {expected} (resnet50-0676ba61.pth)")


def stands_in(path: Path) -> bool:
    """Tell whether a path lies in a folder that `focus emulate` made: whatever is computed on it is no real result."""
    return any((folder / STAND_IN).is_file() for folder in (path, *path.absolute().parents))
