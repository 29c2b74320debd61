"""The values that each image gets: columns of images.csv, with unit and direction.

What is computed of an image and its reconstruction stands in `evaluation/per_image.py` under the same names; now_* come
from NoW's protocol. Definitions: docs/metrics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """A metric. title: as a heading; unit: behind a margin, and behind its axis where `axis` names no other.

    better: which end is the good one. decimals: of a mean in the documents. limit: the largest value there can be.
    """

    title: str
    unit: str
    decimals: int
    better: Literal["min", "max"]
    axis: str = ""
    limit: float | None = None

    @property
    def scale(self) -> str:
        """The metric's axis: one scale for all that share it."""
        return self.axis or self.unit

    def difference(self, value: float) -> str:
        """Return a difference as printed: three decimals, none where the metric has none."""
        return f"{value:+.{3 if self.decimals else 0}f}"


def _rmse(title: str) -> Metric:
    return Metric(title, "RMSE", 2, "min", "RMSE (0..255)")


def _score(name: str) -> Metric:
    return Metric(name, name, 3, "max", "score (0..1)", 1.0)


METRICS: dict[str, Metric] = {
    "rmse": _rmse("RMSE"),
    "rmse_visible": _rmse("RMSE over all visible pixels"),
    "acc": _score("ACC"),
    "ppv": _score("PPV"),
    "tpr": _score("TPR"),
    "f1": _score("F1"),
    "now_median": Metric("median scan error (mm)", "mm", 3, "min"),
    "now_mean": Metric("mean scan error (mm)", "mm", 3, "min"),
    "now_std": Metric("std of the scan error (mm)", "mm", 3, "min"),
}
"""Column of images.csv -> what it is, in the order of the columns."""

SPEED = Metric("seconds per image", "times", 0, "min", "times faster than claimed")
"""Not a column: measured apart from the results, which hold nothing that differs from run to run."""


def metric(name: str) -> Metric:
    """Return a metric by its name, `seconds` among them."""
    return SPEED if name == "seconds" else METRICS[name]
