"""What the stages that measure predictions share: which images count where, and what is kept of a prediction."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from focus.datasets.packed import PackedSet
from focus.files import write_npy
from focus.model.autoencoder import Parameters
from focus.model.inference import Prediction
from focus.registry.testsets import TestSet
from focus.stages import paths


def membership(testset: TestSet, packed: PackedSet) -> dict[str, str]:
    """Return image name -> subset: from the set's lists where it has such, else its own."""
    if not testset.lists:
        return {row["name"]: row["subset"] for row in packed.index}
    files = {name: paths.LISTS / f"{testset.lists}_{name}.txt" for name in testset.subsets}
    return {line: name for name, file in files.items() for line in file.read_text().splitlines()}


class Kept(NamedTuple):
    """What stays of a batch of predictions: its latents, and its rounded masks (n,S,S) uint8 or None.

    Not the renderings: those of CelebA's test images are 3 GB at 224 px.
    """

    parameters: Parameters
    masks: np.ndarray | None

    @classmethod
    def of(cls, prediction: Prediction) -> Kept:
        """Return what stays of a prediction."""
        masks = None if prediction.mask is None else (prediction.mask[:, 0] >= 0.5).to(torch.uint8).numpy()
        return cls(prediction.parameters, masks)


def keep_predictions(folder: Path, split: str, kept: list[Kept]) -> None:
    """Write theta (N,P) and, where there are masks, the rounded masks (N,S,S) uint8."""
    write_npy(folder / f"{split}_theta.npy", Parameters.cat([part.parameters for part in kept]).theta().numpy())
    if kept[0].masks is not None:
        write_npy(folder / f"{split}_masks.npy", np.concatenate([part.masks for part in kept]))
