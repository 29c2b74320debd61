"""What the evaluate stages wrote, one folder per method, read back into one tidy frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from focus.errors import FocusError
from focus.files import read_json
from focus.report.schemas import IMAGES, read_frame

POOLED_FIGURES = ("median", "mean", "std", "images")


@dataclass(frozen=True)
class Results:
    """Per-image values of all methods.

    images: the columns of `schemas.IMAGES` and `source` (run | external), methods in the order they were given.
    pooled: (source, method) -> {"all" | "unoccluded" | "occluded": {"median", "mean", "std" in mm, "images"}}, the NoW
    errors of all scan points of all images taken together.
    """

    images: pd.DataFrame
    pooled: dict[tuple[str, str], dict[str, dict[str, float]]]

    def rows(self, source: str, method: str, testset: str, subsets: Iterable[str] = ()) -> pd.DataFrame:
        """Return the rows of one method on one data set, in `subsets` only when any are named."""
        images, wanted = self.images, list(subsets)
        asked = (images["source"] == source) & (images["method"] == method) & (images["testset"] == testset)
        if wanted:
            asked &= images["subset"].isin(wanted)
        return images[asked]

    def methods(self, source: str) -> list[str]:
        """Return the names of the methods of one source, in the order they were given."""
        return list(dict.fromkeys(self.images.loc[self.images["source"] == source, "method"]))


def load_results(run: Iterable[Path], external: Iterable[Path] = ()) -> Results:
    """Read `images.csv` and `pooled.json` of each folder; one method per folder; a file without rows counts for none.

    pooled.json may be absent where a method has no NoW rows. Raises FocusError when a file is missing or does not fit
    its schema, or when two folders of one source hold the same method.
    """
    frames: list[pd.DataFrame] = []
    pooled: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    seen: dict[tuple[str, str], Path] = {}
    for source, folders in (("run", run), ("external", external)):
        for folder in folders:
            frame = read_images(folder / "images.csv")
            methods = list(frame["method"].unique())
            if len(methods) > 1:
                raise FocusError(f"{folder}/images.csv: holds methods {', '.join(methods)}; expected one a folder")
            for method in methods:
                if (source, method) in seen:
                    first = seen[source, method]
                    raise FocusError(f"{folder}: method {method!r} is already in {first}; expected it once")
                seen[source, method] = folder
                pooled[source, method] = _read_pooled(folder / "pooled.json", bool((frame["testset"] == "NoW").any()))
            frames.append(frame.assign(source=source))
    if not frames:
        raise FocusError("results: no folder was given; expected at least one with images.csv")
    return Results(pd.concat(frames, ignore_index=True), pooled)


def read_images(path: Path) -> pd.DataFrame:
    """Read one images.csv, checked against `schemas.IMAGES`; `occluder_fraction` is NaN when the file lacks it."""
    frame = read_frame(path, IMAGES, "the per-image results of one method")
    return frame if "occluder_fraction" in frame else frame.assign(occluder_fraction=float("nan"))


def _read_pooled(path: Path, required: bool) -> dict[str, dict[str, float]]:
    if not required and not path.exists():
        return {}
    value = read_json(path)
    pooled = value.get("NoW", {}) if isinstance(value, dict) else None
    if not isinstance(pooled, dict):
        raise FocusError(f'{path}: found {type(value).__name__}; expected {{"NoW": {{"all": …}}}}')
    for subset, values in pooled.items():
        _check_pooled(values, f"{path}: NoW.{subset}")
    if required and "all" not in pooled:
        raise FocusError(f"{path}: NoW.all is missing; expected median, mean, std and images of all NoW images")
    return pooled


def _check_pooled(values: Any, name: str) -> None:
    if not isinstance(values, dict) or any(key not in values for key in POOLED_FIGURES):
        raise FocusError(f"{name}: found {values!r}; expected {', '.join(POOLED_FIGURES)}")
    for key in POOLED_FIGURES:
        value = values[key]
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not (is_number and value >= 0):
            raise FocusError(f"{name}.{key}: found {value!r}; expected a number of 0 or more, or null")
