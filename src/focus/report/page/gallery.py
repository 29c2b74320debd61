"""The page's gallery: which images are shown, and what is shown of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd

from focus.registry.metrics import METRICS
from focus.registry.testsets import TESTSETS
from focus.report.page.embed import mask_uri, photo_uri

EACH = 2
"""Images for each of best, median and worst."""
ERROR_LIMIT = 64.0
"""The error map's brightest colour, of 255."""
SHOWN = ("rmse", "f1", "now_median")
"""The metrics by which images are the best and the worst."""


@dataclass(frozen=True)
class Choice:
    """One image that the gallery shows: why (`group`, `rank`), which, and its value."""

    group: str
    testset: str
    image: str
    rank: str
    value: float


@dataclass(frozen=True)
class Case:
    """A choice with its pictures: (what it shows, data URI)."""

    choice: Choice
    pictures: list[tuple[str, str]]

    @property
    def value(self) -> str:
        """The value as printed."""
        return f"{self.choice.value:.3f}" if self.choice.value < 10 else f"{self.choice.value:.1f}"


def choose(images: pd.DataFrame, each: int = EACH) -> Iterator[Choice]:
    """Yield the best, median and worst images of each subset by each of SHOWN, from one method's rows of images.csv.

    Images of equal value keep the order of the file, so the choice is the same on every machine. A set with scans
    counts as one.
    """
    for testset, plan in TESTSETS.items():
        for subset in [*plan.subsets, *plan.others] if plan.truth == "masks" and plan.subsets else [""]:
            rows = images[(images["testset"] == testset) & ((images["subset"] == subset) | (subset == ""))]
            for name in SHOWN:
                metric = METRICS[name]
                known = rows[rows[name].notna()].sort_values(name, ascending=metric.better == "min", kind="stable")
                group = f"{testset} {subset}, by {metric.title}".replace(" ,", ",")
                for rank, position in _ranks(len(known), each):
                    row = known.iloc[position]
                    yield Choice(group, testset, row["image"], rank, float(row[name]))


def _ranks(count: int, each: int) -> list[tuple[str, int]]:
    """Return (rank, position): the first, the middle and the last `each` of `count`, none twice."""
    middle = max(0, (count - each) // 2)
    parts = {"best": range(each), "median": range(middle, middle + each), "worst": range(count - each, count)}
    rank_at: dict[int, str] = {}
    for rank, positions in parts.items():
        for position in positions:
            if 0 <= position < count:
                rank_at.setdefault(position, rank)
    return [(rank, position) for position, rank in sorted(rank_at.items())]


def case(
    choice: Choice,
    target: np.ndarray,
    rendered: np.ndarray,
    mean: np.ndarray,
    region: np.ndarray,
    mask: np.ndarray | None = None,
    visible: np.ndarray | None = None,
) -> Case:
    """Return a case of one image.

    target: (S,S,3) uint8. rendered: (S,S,3) 0..1. mean: the same, of the mean face in that pose and light. region:
    (S,S) 1 where the face is rendered. mask: (S,S) the predicted mask, 1 = face, or None. visible: (S,S) ground truth,
    1 = visible face, or None. Both masks are shown inside the region, where they are compared.
    """
    drawing, average = (np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8) for image in (rendered, mean))
    pictures = [("target", photo_uri(np.asarray(target))), ("reconstruction", photo_uri(drawing))]
    pictures.append(("mean face", photo_uri(average)))
    if mask is not None:
        pictures.append(("mask", mask_uri(mask * region)))
    if visible is not None:
        pictures.append(("true mask", mask_uri(visible * region)))
    pictures.append(("error", photo_uri(error_map(target, drawing, region))))
    return Case(choice, pictures)


def error_map(target: np.ndarray, drawing: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Return (S,S,3) uint8: the mean absolute difference of the channels in magma's colours, mid-grey outside."""
    error = np.abs(target.astype(float) - drawing.astype(float)).mean(axis=-1) / ERROR_LIMIT
    colours = np.rint(matplotlib.colormaps["magma"](np.clip(error, 0, 1))[..., :3] * 255).astype(np.uint8)
    return np.where(region[..., None] >= 0.5, colours, np.uint8(128))
