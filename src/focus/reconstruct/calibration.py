"""From which score on a face counts as occluded: chosen on the validation images, measured on the test sets."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from focus.datasets.packed import PackedSet
from focus.evaluation.subsets import occluded_fraction
from focus.inference import network_images
from focus.reconstruct.occlusion import occlusion_score
from focus.reconstruct.reconstructor import Reconstructor

COVERED = 0.1  # share of the landmarks' hull that masks leave out, from which an image without a note is occluded
FLOOR = 0.01  # added to a score and to its complement, so that scores of 0 and 1 have log-odds
NOTHING_TO_CHOOSE_BY = 1.0  # only a wholly hidden face counts as occluded


def is_occluded(packed: PackedSet) -> np.ndarray:
    """Return (N,) bool, the truth: by the occluder noted for the image, else by its visible-face mask."""
    noted = [row.get("occluder") for row in packed.index]
    if all(noted):
        return np.array([occluder != "none" for occluder in noted])
    visible = packed.true_masks()
    return np.array([occluded_fraction(packed.landmarks[i], visible[i]) >= COVERED for i in range(len(packed))])


def occlusion_scores(
    reconstructor: Reconstructor, packed: PackedSet, rows: np.ndarray, steps: int, batch: int
) -> np.ndarray:
    """Return (n,) the occlusion score of the packed images `rows` (n,), after `steps` steps of refinement."""
    found: list[float] = []
    for start in range(0, len(rows), batch):
        chosen = rows[start : start + batch]
        landmarks = torch.from_numpy(np.array(packed.landmarks[chosen]))
        prediction = reconstructor.solve(network_images(packed, chosen), landmarks, steps)
        pairs = zip(prediction.mask[:, 0].numpy(), prediction.rendered[:, 0].numpy() > 0, strict=True)
        found += [occlusion_score(mask, rendered) for mask, rendered in pairs]
    return np.array(found)


def even_threshold(scores: np.ndarray, occluded: np.ndarray) -> float:
    """Return the score at which a face is as likely occluded as not, were both equally common.

    By logistic regression on the scores' log-odds: on a few dozen validation images the best point of their ROC curve
    hangs on one or two of them, this on all.
    """
    if occluded.all() or not occluded.any():
        return NOTHING_TO_CHOOSE_BY
    odds = np.log((scores + FLOOR) / (1 - scores + FLOOR))
    regression = LogisticRegression(class_weight="balanced", C=100).fit(odds[:, None], occluded)
    slope = float(regression.coef_[0, 0])
    if slope <= 1e-6:  # the score does not tell the two apart
        return NOTHING_TO_CHOOSE_BY
    even = 1 / (1 + np.exp(float(regression.intercept_[0]) / slope))
    return float(np.clip(even * (1 + 2 * FLOOR) - FLOOR, 0, 1))


def detection_figures(scores: np.ndarray, occluded: np.ndarray, threshold: float) -> dict[str, float | int | None]:
    """Return AUC, and the shares of occluded and of free faces that the threshold gets right; None without both."""
    if occluded.all() or not occluded.any():
        return {"images": len(occluded), "occluded": int(occluded.sum()), "auc": None}
    called = scores >= threshold
    return {
        "images": len(occluded),
        "occluded": int(occluded.sum()),
        "auc": round(float(roc_auc_score(occluded, scores)), 4),
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
        measured[name] = (occlusion_scores(reconstructor, packed, rows, steps, batch), is_occluded(packed)[rows])
    threshold = round(even_threshold(*measured["validation"]), 4)
    return threshold, {name: detection_figures(*pair, threshold) for name, pair in measured.items()}
