"""Segmentation scores, Tables 4, 5: accuracy, precision, recall and F1 in the rendered region; positive = face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from focus.errors import FocusError


@dataclass(frozen=True)
class Scores:
    """ACC, PPV (precision), TPR (recall) and F1 of one image, 0..1; NaN where `scores` says so."""

    acc: float
    ppv: float
    tpr: float
    f1: float


def scores(predicted: np.ndarray, visible: np.ndarray, rendered: np.ndarray) -> Scores:
    """Score one predicted face mask inside the rendered region.

    Args:
        predicted: (H, W) face probability 0..1, or 0/1; rounded (a half counts as face), as the paper's masks are.
        visible: (H, W) ground truth, 1 where the face is visible.
        rendered: (H, W) rendered region, 1 inside; pixels outside count nowhere.

    Returns:
        With TP, FP, FN, TN summed over the region: ACC = (TP+TN)/all, PPV = TP/(TP+FP), TPR = TP/(TP+FN),
        F1 = 2TP/(2TP+FP+FN). An empty denominator: PPV is 0 when nothing is called face though some is, TPR is 0
        when something is called face though none is; when there is no face and none is called, PPV = TPR = F1 = 1
        (the answer is right). An empty region gives NaN four times, and the image is left out of the mean.

    Raises:
        FocusError: masks of different sizes, or predictions outside 0..1.
    """
    predicted, visible, rendered = (np.asarray(mask) for mask in (predicted, visible, rendered))
    for name, mask in (("visible", visible), ("rendered", rendered)):
        if mask.shape != predicted.shape:
            raise FocusError(f"{name}: mask of shape {mask.shape}, expected the predicted mask's {predicted.shape}")
    region = rendered >= 0.5
    face = (visible >= 0.5)[region].astype(np.float64)
    called = predicted[region].astype(np.float64)
    if not np.logical_and(called >= 0, called <= 1).all():
        raise FocusError(f"predicted: values from {called.min():.3g} to {called.max():.3g}, expected 0 to 1")
    called = (called >= 0.5).astype(np.float64)
    if not called.size:
        return Scores(*[float("nan")] * 4)
    both, said, true = float(called @ face), float(called.sum()), float(face.sum())
    if said == 0 and true == 0:
        return Scores(1.0, 1.0, 1.0, 1.0)
    agreeing = both + float((1 - called) @ (1 - face))
    return Scores(
        agreeing / called.size, both / said if said else 0.0, both / true if true else 0.0, 2 * both / (said + true)
    )


def soft_scores(predicted: np.ndarray, visible: np.ndarray, rendered: np.ndarray) -> Scores:
    """Score one predicted face mask inside the rendered region by the released code's formula, nothing rounded.

    Source: util/evaluation.py:13-36 at 33a5add. A pixel counts p v to TP, p (1 - v) to FP, (1 - p) v to FN and
    (1 - p)(1 - v) to TN; each sum counts as one pixel at least, so that no figure is undefined. The figures are those
    of `scores`.

    Args:
        predicted: (H, W) p, face probability 0..1.
        visible: (H, W) v, ground truth 0..1.
        rendered: (H, W) 0/1; pixels outside count nowhere.

    Raises:
        FocusError: masks of different sizes, or values outside 0..1.
    """
    region = np.asarray(rendered) >= 0.5
    called, face = _within(region, predicted=predicted, visible=visible)
    sums = called @ face, called @ (1 - face), (1 - called) @ face, (1 - called) @ (1 - face)
    both, wrong, missed, neither = (max(float(each), 1.0) for each in sums)
    return Scores(
        (both + neither) / (both + neither + wrong + missed),
        both / (both + wrong),
        both / (both + missed),
        2 * both / (2 * both + wrong + missed),
    )


def _within(region: np.ndarray, **masks: np.ndarray) -> list[np.ndarray]:
    """Return each mask's values in a region, float64. Raises FocusError for another size or range."""
    found = []
    for name, mask in masks.items():
        if np.shape(mask) != region.shape:
            raise FocusError(f"{name}: mask of shape {np.shape(mask)}, expected the rendered region's {region.shape}")
        values = np.asarray(mask)[region].astype(np.float64)
        if not np.logical_and(values >= 0, values <= 1).all():
            raise FocusError(f"{name}: values from {values.min():.3g} to {values.max():.3g}, expected 0 to 1")
        found.append(values)
    return found
