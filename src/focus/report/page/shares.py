"""The share of the way from the mean face to the best fit, as rows of the page."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class ShareRow:
    """One method as printed: its NoW median in mm, and the share in percent."""

    method: str
    median: str
    share: str


def share_rows(frame: pd.DataFrame) -> list[ShareRow]:
    """Return a row per method, from the columns of `report.shares`; none where no share is known."""
    known = frame.dropna(subset=["share"])
    rows = zip(known["method"], known["median_mm"], known["share"], strict=True)
    return [ShareRow(method, f"{median:.3f}", f"{100 * share:+.0f} %") for method, median, share in rows]
