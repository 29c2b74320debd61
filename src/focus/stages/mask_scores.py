"""How the stages behind Tables 4 and 5 compare masks: rounded, or soft, cut anew from the data sets' own files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from focus.evaluation.soft_masks import soft_masks, with_soft_scores
from focus.model.inference import Prediction
from focus.settings import MaskScores
from focus.stages import build, landmarks

Rows = Iterable[dict[str, object]]


@dataclass(frozen=True, kw_only=True)
class ScoreSettings(landmarks.Settings):
    """What names the reading, and the files that the packed images were cut from."""

    mask_scores: MaskScores


def scoring(settings: ScoreSettings, split: str) -> Callable[[Rows, Prediction], Rows]:
    """Return what the rows of a split's batches, one after the other, take their scores from: rounded or soft masks."""
    if settings.mask_scores.masks == "rounded":
        return lambda rows, _: rows
    visible = soft_masks(build.packed(split), landmarks.samples_of(settings, split))
    return lambda rows, prediction: with_soft_scores(rows, prediction, visible)
