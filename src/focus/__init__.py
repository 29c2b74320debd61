"""FOCUS (CVPR 2023): robust model-based face reconstruction through weakly-supervised outlier segmentation."""

from __future__ import annotations

__all__ = ["Reconstructor"]


def __getattr__(name: str) -> object:
    """Import `focus.Reconstructor` when it is asked for: it brings torch, and `focus --help` should be quick."""
    if name != "Reconstructor":
        raise AttributeError(f"module 'focus' has no attribute {name!r}")
    from focus.reconstruct.reconstructor import Reconstructor

    return Reconstructor
