"""How far a method gets on NoW: the share of the way from the mean face's error to the best fit's."""

from __future__ import annotations

import pandas as pd

from focus.report.results import Results

COLUMNS = ["method", "median_mm", "share"]


def now_shares(results: Results, mean: str, best: str) -> pd.DataFrame:
    """Return a frame of COLUMNS, a row for each method of the run with NoW errors, in their order.

    median_mm: over all scan points of all images. share: (median of `mean` - median) / (median of `mean` - median of
    `best`); 0 is the mean face, 1 the best fit, below 0 worse than no look at the image. Empty where either is absent.
    """
    medians = {
        method: pooled["all"]["median"]
        for (source, method), pooled in results.pooled.items()
        if source == "run" and pooled.get("all", {}).get("median") is not None
    }
    frame = pd.DataFrame({"method": list(medians), "median_mm": list(medians.values())}, columns=COLUMNS)
    if mean in medians and best in medians and medians[mean] != medians[best]:
        frame["share"] = (medians[mean] - frame["median_mm"].astype(float)) / (medians[mean] - medians[best])
    return frame
