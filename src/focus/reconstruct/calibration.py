"""From which outlier share on a face counts as occluded: chosen on the validation images, measured on the test sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from sklearn.metrics import roc_auc_score, roc_curve

from focus.datasets.packed import PackedSet
from focus.evaluation.subsets import occluded_fraction
from focus.inference import network_images
from focus.reconstruct.occlusion import outlier_fraction
from focus.reconstruct.reconstructor import Reconstructor

COVERED = 0.1  # share of the landmarks' hull that masks leave out, from which an image without a note is occluded

NOTHING_TO_CHOOSE_BY = 1.0  # only a wholly hidden face counts as occluded


def is_occluded(packed: PackedSet) -> np.ndarray:
    """Return (N,) bool, the truth: by the occluder noted for the image, else by its visible-face mask."""
    noted = [row.get("occluder") for row in packed.index]
    if all(noted):
        return np.array([occluder != "none" for occluder in noted])
    return np.array([occluded_fraction(packed.landmarks[i], packed.visible[i]) >= COVERED for i in range(len(packed))])


def outlier_fractions(
    reconstructor: Reconstructor, packed: PackedSet, rows: np.ndarray, steps: int, batch: int
) -> np.ndarray:
    """Return (n,) the outlier share of the packed images `rows` (n,), after `steps` steps of refinement."""
    found: list[float] = []
    for start in range(0, len(rows), batch):
        chosen = rows[start : start + batch]
        landmarks = torch.from_numpy(np.array(packed.landmarks[chosen]))
        prediction = reconstructor.solve(network_images(packed, chosen), landmarks, steps)
        pairs = zip(prediction.mask.numpy(), prediction.rendered.numpy() > 0, strict=True)
        found += [outlier_fraction(mask, rendered) for mask, rendered in pairs]
    return np.array(found)


def best_threshold(fractions: np.ndarray, occluded: np.ndarray) -> float:
    """Return the threshold with the largest difference of true and false positive rates (Youden's index).

    It lies half-way between the last share called occluded and the next below, so that it is no image's own.
    """
    if occluded.all() or not occluded.any():
        return NOTHING_TO_CHOOSE_BY
    false, true, thresholds = roc_curve(occluded, fractions, drop_intermediate=False)
    chosen = thresholds[int(np.argmax(true - false))]
    if not np.isfinite(chosen):  # no share tells the two apart better than calling none occluded
        return NOTHING_TO_CHOOSE_BY
    below = fractions[fractions < chosen]
    return float(chosen if not len(below) else (chosen + below.max()) / 2)


def detection_figures(fractions: np.ndarray, occluded: np.ndarray, threshold: float) -> dict[str, float | int | None]:
    """Return AUC, and the shares of occluded and of free faces that the threshold gets right; None without both."""
    if occluded.all() or not occluded.any():
        return {"images": len(occluded), "occluded": int(occluded.sum()), "auc": None}
    called = fractions >= threshold
    return {
        "images": len(occluded),
        "occluded": int(occluded.sum()),
        "auc": round(float(roc_auc_score(occluded, fractions)), 4),
        "true_positive_rate": round(float(called[occluded].mean()), 4),
        "true_negative_rate": round(float((~called[~occluded]).mean()), 4),
    }


def calibrate(
    reconstructor: Reconstructor,
    validation: PackedSet,
    tests: Mapping[str, PackedSet],
    steps: int,
    batch: int,
    most: int | None = None,
) -> tuple[float, dict[str, dict[str, float | int | None]]]:
    """Return the threshold for `steps` steps of refinement, and its figures on the validation and the test sets.

    `most`: images of each set that are looked at, evenly spread; None takes all.
    """
    measured = {}
    for name, packed in {"validation": validation, **tests}.items():
        rows = np.unique(np.linspace(0, len(packed) - 1, most or len(packed)).astype(int))
        measured[name] = (outlier_fractions(reconstructor, packed, rows, steps, batch), is_occluded(packed)[rows])
    threshold = round(best_threshold(*measured["validation"]), 4)
    return threshold, {name: detection_figures(*pair, threshold) for name, pair in measured.items()}
