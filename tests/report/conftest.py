"""Made-up per-image results, small enough to work every value by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from focus.report.results import Results, load_results

COLUMNS = [
    "method", "testset", "subset", "image", "subject", "occluder", "rmse", "rmse_visible", "acc", "ppv", "tpr", "f1",
    "now_median", "now_mean", "now_std", "points",
]  # fmt: skip


@pytest.fixture
def write_method(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes images.csv (rows of dicts) and pooled.json of one method, as evaluate does."""

    def write(method: str, rows: list[dict], pooled: dict | None = None, folder: str = "metrics") -> Path:
        path = tmp_path / folder / method
        path.mkdir(parents=True)
        frame = pd.DataFrame([{"method": method, "subject": "", "occluder": "none", **row} for row in rows])
        extra = [column for column in frame.columns if column not in COLUMNS]
        frame.reindex(columns=COLUMNS + extra).to_csv(path / "images.csv", index=False)
        if pooled is not None:
            (path / "pooled.json").write_text(json.dumps({"NoW": pooled}))
        return path

    return write


@pytest.fixture
def rows() -> Callable[..., list[dict]]:
    """Return a function: rows of one subset with the given values of one column, images numbered from `start`."""

    def make(testset: str, subset: str, column: str, values: list[float], start: int = 0, **others: object) -> list:
        names = [f"{subset}-{start + k}" for k in range(len(values))]
        return [
            {"testset": testset, "subset": subset, "image": name, column: value, **others}
            for name, value in zip(names, values, strict=True)
        ]

    return make


POOLED = {
    "all": {"median": 1.25, "mean": 1.5, "std": 1.125, "images": 4},
    "unoccluded": {"median": 1.0, "mean": 1.25, "std": 1.0, "images": 2},
    "occluded": {"median": 2.0, "mean": 2.25, "std": 1.5, "images": 2},
}


@pytest.fixture
def two_methods(write_method: Callable[..., Path], rows: Callable[..., list[dict]]) -> Results:
    """Two methods with values on everything: "Good" has RMSE one less and F1 0.1 more than "Poor" on each image."""
    folders = []
    for method, gain in (("Poor", 0.0), ("Good", 1.0)):
        made = rows("CelebA", "unoccluded", "rmse", [8 - gain, 10 - gain])
        made += rows("CelebA", "occluded", "rmse", [10 - gain, 12 - gain, 14 - gain, 16 - gain])
        for subset, f1 in (("unoccluded", 0.8), ("glasses", 0.7), ("scarf", 0.6), ("sidelight", 0.1)):
            made += [
                {**row, "rmse": 5.0 + k, "rmse_visible": 6.0 + k, "acc": 0.5, "ppv": 0.25, "tpr": 0.75}
                for k, row in enumerate(rows("AR", subset, "f1", [f1 - 0.1 + gain / 10, f1 + 0.1 + gain / 10]))
            ]
        for k, subset in enumerate(("unoccluded", "occluded")):
            made += rows("NoW", subset, "now_median", [1.0 + k - gain / 4, 1.5 + k - gain / 4], points=100)
        folders.append(write_method(method, made, POOLED))
    return load_results(folders)
