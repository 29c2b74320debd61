"""R and S applied to many images, in batches and without gradients. What they see and return lies on the CPU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from focus.datasets.packed import PackedSet
from focus.masks.sources import MaskSource
from focus.model.autoencoder import Autoencoder, Parameters, Reconstruction


@dataclass(frozen=True)
class Prediction:
    """What a variant makes of N images: images (N,3,S,S) rendered, rendered (N,1,S,S) 0/1, mask (N,1,S,S) or None,
    landmarks (N,68,2) px, and the latents.
    """

    images: Tensor
    rendered: Tensor
    mask: Tensor | None
    landmarks: Tensor
    parameters: Parameters


@dataclass(frozen=True)
class MaskedPrediction(Prediction):
    """The same where there certainly are masks."""

    mask: Tensor


def network_images(packed: PackedSet, rows: slice | np.ndarray = slice(None)) -> Tensor:
    """Return packed images as network input (n,3,S,S) float32 in [0,1]."""
    return torch.from_numpy(np.array(packed.images[rows])).permute(0, 3, 1, 2).float().div_(255)


@torch.no_grad()
def encode(autoencoder: Autoencoder, packed: PackedSet, batch: int = 100) -> Parameters:
    """Return R's latents for all images of a packed set."""
    starts = range(0, len(packed), batch)
    images = (network_images(packed, slice(s, s + batch)).to(autoencoder.device) for s in starts)
    return Parameters.cat([autoencoder.encode(part).map(Tensor.cpu) for part in images])


@torch.no_grad()
def decode(autoencoder: Autoencoder, parameters: Parameters) -> Reconstruction:
    """Return the reconstructions that latents of any device stand for."""
    return autoencoder.decode(parameters.map(lambda part: part.to(autoencoder.device))).cpu()


@torch.no_grad()
def predict(
    autoencoder: Autoencoder, packed: PackedSet, rows: slice, source: MaskSource | None, segmentation: torch.nn.Module
) -> Prediction:
    """Reconstruct and segment some images of a packed set; `source` None: no mask."""
    target = network_images(packed, rows).to(autoencoder.device)
    result = autoencoder(target)
    mask = None if source is None else source(target, result.image, result.mask, None, segmentation).cpu()
    found = result.cpu()
    return Prediction(found.image, found.mask, mask, found.landmarks, found.parameters)
