"""Images of a packed set cut anew from the data set's own files, finer than they were packed: for pictures only."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from focus.datasets.crop import CropTransform
from focus.datasets.packed import PackedSet
from focus.datasets.sample import Sample, Samples
from focus.errors import FocusError


def finer(crop: str, factor: int) -> CropTransform:
    """Return the crop that `CropTransform.to_json` wrote, with `factor` pixels along each side of one of its own."""
    kept = json.loads(crop)
    width, height = kept["resized"]
    return CropTransform(
        original=tuple(kept["original"]),
        resized=(width * factor, height * factor),
        left=kept["left"] * factor,
        up=kept["up"] * factor,
        size=kept["size"] * factor,
    )


def recut(
    packed: PackedSet, samples: Samples, rows: Sequence[int], factor: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return rows of a packed set at `factor` times its size S: images (N,fS,fS,3) uint8, visible faces (N,fS,fS) 0/1.

    `samples`: what the set was packed from. The faces are None where the set has no ground truth. Raises FocusError for
    an image that is no longer there.
    """
    found = [(_source(packed, samples, row), finer(packed.index[row]["crop"], factor)) for row in rows]
    images = np.stack([transform.crop(sample.image) for sample, transform in found])
    masks = [transform.crop_mask(face) for sample, transform in found if (face := sample.visible_face) is not None]
    return images, np.stack(masks) if len(masks) == len(found) else None


def _source(packed: PackedSet, samples: Samples, row: int) -> Sample:
    """Return the sample of a row: some are left out when a set is packed, so it stands at the row's place or behind."""
    for position in range(row, len(samples)):
        sample = samples[position]
        if sample.name == packed.names[row]:
            return sample
    raise FocusError(f"{samples.root}: found no {packed.names[row]}, expected the image that was packed from there")
