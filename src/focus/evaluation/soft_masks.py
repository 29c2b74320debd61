"""Tables 4 and 5 as the released code measures them: the true masks cut softly, the predicted ones not rounded.

A packed set holds rounded masks, so the data set's own are cut anew, each by the transform that its image was cut by.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import numpy as np

from focus.datasets.crop import CropTransform
from focus.datasets.packed import PackedSet
from focus.datasets.sample import Samples
from focus.errors import FocusError
from focus.evaluation.segmentation import soft_scores
from focus.model.inference import Prediction


def soft_masks(packed: PackedSet, samples: Samples) -> Iterator[np.ndarray]:
    """Yield the visible face (S,S) float32 0..1 of each packed image, in the packed order.

    `samples`: the images that the set was packed from, with those that were left out. Raises FocusError for an image
    that is no longer among them, or has no mask.
    """
    given = (samples[position] for position in range(len(samples)))
    for row in packed.index:
        sample = next((each for each in given if each.name == row["name"]), None)
        if sample is None or sample.visible_face is None:
            raise FocusError(
                f"{samples.root}: found no mask of {row['name']}, expected the one that it was packed with"
            )
        yield cut_softly(sample.visible_face, row["crop"])


def cut_softly(mask: np.ndarray, crop: str) -> np.ndarray:
    """Cut a mask (H,W) uint8 0/1 by a crop as `CropTransform.to_json` writes it: (S,S) float32 0..1, its edges soft."""
    kept = json.loads(crop)
    sizes = {name: tuple(kept[name]) for name in ("original", "resized")}
    return CropTransform(**{**kept, **sizes}).crop(mask * np.uint8(255)).astype(np.float32) / 255


def with_soft_scores(
    rows: Iterable[dict[str, object]], prediction: Prediction, visible: Iterator[np.ndarray]
) -> Iterator[dict[str, object]]:
    """Yield the rows of a batch of predictions with the scores of soft masks in place of those of rounded ones.

    `visible`: the soft true masks, from the batch's first image on; one is taken for each row. Where nothing was
    predicted to be compared with them, the rows stay as they are.
    """
    if prediction.mask is None:
        yield from rows
        return
    predicted, rendered = (part[:, 0].numpy() for part in (prediction.mask, prediction.rendered))
    for row, mask, region in zip(rows, predicted, rendered, strict=True):
        yield row | asdict(soft_scores(mask, next(visible), region))
