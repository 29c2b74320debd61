"""Made-up runs: a few images a test set, so that every mean can be worked by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from focus.report.results import Results
from focus.report.schemas import IMAGES, conform
from focus.report.worlds.collected import Collected
from focus.report.worlds.study import Run

TABLES = {"Backbone": [1, 3], "FOCUS": [1, 2, 3, 4, 5], "FOCUS-MP": [3, 5]}
IMAGE_SETS = (
    ("CelebA", ("unoccluded", "occluded")),
    ("AR", ("unoccluded", "glasses", "scarf")),
    ("NoW", ("unoccluded", "occluded")),
)


def images(method: str, world: int, value: Callable[[str, str, int], float], count: int) -> list[dict]:
    """Return the rows of one method; value(testset, subset, k) is its value on the k-th image."""
    rows = []
    for testset, subsets in IMAGE_SETS:
        for subset in subsets:
            for k in range(count):
                found = value(testset, subset, k)
                figures = {"now_median": found / 10} if testset == "NoW" else {"rmse": found}
                if testset == "AR" and method == "FOCUS":
                    figures |= {name: found / 100 for name in ("acc", "ppv", "tpr", "f1")}
                if testset == "NoW" or method != "FOCUS-MP":
                    image = f"{world}-{subset}-{k}"
                    rows.append({"method": method, "testset": testset, "subset": subset, "image": image, **figures})
    return rows


@pytest.fixture
def make_run() -> Callable[..., Collected]:
    """Return a function: a run in which FOCUS has RMSE `base` + k on image k, and Backbone `gain` more."""

    def make(world: int, seed: int, base: float = 10.0, gain: float = 1.0, count: int = 3) -> Collected:
        rows: list[dict] = []
        for method, added in (("Backbone", gain), ("FOCUS", 0.0), ("FOCUS-MP", 0.0)):
            rows += images(method, world, lambda *place, added=added: base + place[2] + added, count)
        frame = pd.DataFrame(rows).reindex(columns=list(IMAGES.columns))
        text = frame.astype(object).where(frame.notna(), "")
        pooled = {
            ("run", method): {
                subset: {"median": base / 10, "mean": base / 5, "std": 1.0, "images": count}
                for subset in ("all", "unoccluded", "occluded")
            }
            for method in TABLES
        }
        results = Results(conform(text, IMAGES, "made up").assign(source="run"), pooled)
        return Collected(Run(world, seed), "run: made up", TABLES, results, [])

    return make


@pytest.fixture
def four_runs(make_run) -> list[Collected]:
    """Two worlds with two seeds; FOCUS's RMSE is 10, 12, 20 and 24 and up, its gain over Backbone 1, 2, 3 and 6."""
    return [make_run(0, 0, 10, 1), make_run(0, 1, 12, 2), make_run(1, 0, 20, 3), make_run(1, 1, 24, 6)]


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(3)
