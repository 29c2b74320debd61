"""Batches of packed images, and their occlusions, each a function of the seed and the step's number alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from focus.datasets.augmentation import Augmentation, cutmix, cutout
from focus.datasets.packed import PackedSet
from focus.seeds import derive, torch_generator
from focus.training import processes
from focus.training.ahead import Ahead

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Batch:
    """images (B,3,S,S) RGB in [0,1]; landmarks (B,68,2) px; visible (B,1,S,S) 0/1 or None; index (B,) in the set."""

    images: Tensor
    landmarks: Tensor
    visible: Tensor | None
    index: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device; from page-locked memory without waiting for the copy."""
        return self._map(lambda part: part.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """Return the batch in page-locked memory (called by torch's DataLoader)."""
        return self._map(Tensor.pin_memory)

    def rows(self, chosen: slice) -> Batch:
        """Return some rows of the batch."""
        return self._map(lambda part: part[chosen])

    def _map(self, function: Callable[[Tensor], Tensor]) -> Batch:
        visible = None if self.visible is None else function(self.visible)
        return Batch(function(self.images), function(self.landmarks), visible, function(self.index))


def sample_index(count: int, batch: int, seed: int, step: int) -> Tensor:
    """Return the images (B,) of one step: consecutive slices of an endless row of shuffled epochs."""
    positions = range(step * batch, (step + 1) * batch)
    epochs = sorted({position // count for position in positions})
    shuffled = {epoch: torch.randperm(count, generator=torch_generator(seed, "epoch", epoch)) for epoch in epochs}
    return torch.stack([shuffled[position // count][position % count] for position in positions])


class Batches:
    """Draws and augments the batch of any step of a packed set."""

    def __init__(
        self,
        packed: PackedSet,
        batch: int,
        seed: int,
        augmentation: Augmentation | None,
        count: int | None = None,
        *,
        device: torch.device = CPU,
        workers: int = 0,
    ) -> None:
        """`augmentation` None: images as packed; `count`: only so many of the first images.

        `device`: where the batches are wanted, and augmented; `workers`: processes that load the next ones.
        """
        self.packed, self.seed, self.count = packed, seed, count or len(packed)
        self.batch = min(batch, self.count)
        self.augmentation, self.device = augmentation, device
        self._load = Ahead(self._read, workers, pin=device.type == "cuda") if workers else self._read

    def _read(self, step: int) -> Batch:
        return load_batch(self.packed, sample_index(self.count, self.batch, self.seed, step))

    def __call__(self, step: int) -> Batch:
        """Return the batch of a step, augmented."""
        batch = self._load(step).to(self.device)
        if self.augmentation is None:
            return batch
        generator = torch_generator(self.seed, "augmentation", step)
        images, visible, landmarks = self.augmentation(batch.images, batch.visible, batch.landmarks, generator)
        return replace(batch, images=images, visible=visible, landmarks=landmarks)

    def generator(self, step: int, purpose: str) -> torch.Generator:
        """Return a generator for a further draw of this step."""
        return torch.Generator().manual_seed(derive(self.seed, purpose, step))


def load_batch(packed: PackedSet, index: Tensor | np.ndarray) -> Batch:
    """Return chosen images (in the order of `index`) as network input, not augmented."""
    rows = np.asarray(index)
    images = torch.from_numpy(packed.images[rows]).permute(0, 3, 1, 2).float().div_(255)
    landmarks = torch.from_numpy(packed.landmarks[rows])
    visible = None
    if packed.visible is not None:
        visible = torch.from_numpy(packed.visible[rows])[:, None].float()
    return Batch(images, landmarks, visible, torch.as_tensor(rows))


def own_rows(batch: Batch) -> Batch:
    """Return this process's rows of a batch."""
    return batch.rows(processes.share_of(len(batch.images)))


def paste(
    change: Callable[[Tensor, torch.Generator], tuple[Tensor, Tensor]], batches: Batches, batch: Batch, step: int
) -> tuple[Batch, Tensor]:
    """Change one rectangle of each image (`cutout`, `cutmix`); return the batch and the untouched pixels (B,1,S,S)."""
    images, untouched = change(batch.images, batches.generator(step, change.__name__))
    return replace(batch, images=images), untouched


OCCLUSIONS: dict[str, Callable[[Batches, Batch, int], tuple[Batch, Tensor]] | None] = {
    "none": None,
    "cutout": partial(paste, cutout),
    "cutmix": partial(paste, cutmix),
}
"""Augmentations of Backbone-cutout and Backbone-cutmix (Sec. 4.1), by the name a variant gives."""
