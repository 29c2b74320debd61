"""Pictures of faces, finer than what the networks see: cut anew from the data sets' files, drawn anew from latents.

The networks see S pixels a side. What is no answer of theirs has `factor` f times as many, about SIDE: images and true
masks, and the renderings of the latents. Their masks stay as they are, each pixel a square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from focus.datasets.recut import recut
from focus.files import read_npy
from focus.model.autoencoder import Parameters
from focus.model.inference import decode
from focus.settings import AutoencoderSettings
from focus.stages import build, landmarks, paths

SIDE = 256  # px of a picture


@dataclass(frozen=True, kw_only=True)
class Settings(AutoencoderSettings, landmarks.Settings):
    """What is read for them."""


class Finer:
    """What a variant makes of some images of a split, from its kept latents and masks; f S = `side`."""

    def __init__(self, settings: Settings) -> None:
        """Make the renderer of the finer pictures."""
        self.settings = settings
        self.factor = max(1, SIDE // settings.image.side)
        self.side = settings.image.side * self.factor
        image = settings.image.model_copy(update={"side": self.side})
        self.autoencoder = build.autoencoder(replace(settings, image=image))

    def cut(self, split: str, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the images (N,fS,fS,3) uint8 and the visible faces (N,fS,fS), None without ground truth."""
        return recut(build.packed(split), landmarks.samples_of(self.settings, split), rows, self.factor)

    def masks(self, variant: str, split: str, rows: Sequence[int]) -> np.ndarray:
        """Return the variant's rounded masks (N,fS,fS)."""
        masks: np.ndarray = read_npy(_masks(variant, split))[rows]
        return masks.repeat(self.factor, axis=1).repeat(self.factor, axis=2)

    def latents(self, variant: str, split: str, rows: Sequence[int]) -> Parameters:
        """Return the variant's latents of the images."""
        theta = read_npy(paths.EVALUATION / variant / f"{split}_theta.npy")[rows]
        return self.autoencoder.split(torch.from_numpy(theta))

    def drawn(self, face: Parameters) -> tuple[np.ndarray, np.ndarray]:
        """Return renderings (N,fS,fS,3) in 0..1 and rendered regions (N,fS,fS)."""
        result = decode(self.autoencoder, face)
        return result.image.permute(0, 2, 3, 1).clamp(0, 1).numpy(), result.mask[:, 0].numpy()


def has_masks(variant: str, split: str) -> bool:
    """Whether a variant has masks of a split."""
    return _masks(variant, split).exists()


def _masks(variant: str, split: str) -> Path:
    return paths.EVALUATION / variant / f"{split}_masks.npy"
