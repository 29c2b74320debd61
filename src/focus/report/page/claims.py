"""The claims of claims.json as rows of the page, each with its interval drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from focus.registry.metrics import metric

WIDTH, HEIGHT = 140, 14
WORDS = {True: "holds", False: "does not hold", "not resolved": "not resolved", None: "no data"}
PLURAL = {"holds": "hold", "does not hold": "do not hold", "not resolved": "not resolved", "no data": "without data"}


@dataclass(frozen=True)
class ClaimRow:
    """One claim as printed; low, margin and high are places in the interval's drawing, None without data."""

    id: str
    claim: str
    testset: str
    verdict: str
    mechanism: bool
    margin: str
    interval: str
    images: int
    reason: str
    low: str | None = None
    place: str | None = None
    high: str | None = None


def claim_rows(verdicts: Sequence[Mapping[str, Any]]) -> list[ClaimRow]:
    """Return the rows; the intervals of one metric share a scale, symmetric about zero."""
    reach: dict[str, float] = {}
    for verdict in verdicts:
        if verdict["low"] is not None:
            ends = max(abs(verdict["low"]), abs(verdict["high"]), reach.get(verdict["metric"], 1e-9))
            reach[verdict["metric"]] = ends
    return [_row(verdict, reach) for verdict in verdicts]


def counts(rows: Sequence[ClaimRow]) -> dict[str, int]:
    """Return verdict -> how many claims have it, in the order holds, does not hold, not resolved, no data."""
    return {word: sum(row.verdict == word for row in rows) for word in WORDS.values()}


def _row(verdict: Mapping[str, Any], reach: Mapping[str, float]) -> ClaimRow:
    row = ClaimRow(
        id=verdict["id"],
        claim=verdict["claim"],
        testset=verdict["testset"],
        verdict=WORDS[verdict["holds"]],
        mechanism=verdict["mechanism"],
        margin="",
        interval="",
        images=verdict["images"],
        reason=verdict["reason"] or "",
    )
    if verdict["margin"] is None:
        return row

    def place(value: float) -> str:
        return f"{WIDTH / 2 + value / reach[verdict['metric']] * (WIDTH / 2 - 4):.1f}"

    margin = f"{verdict['margin']:+.3f} {metric(verdict['metric']).unit}"
    interval = f"{verdict['low']:+.3f} … {verdict['high']:+.3f}"
    low, middle, high = (place(verdict[key]) for key in ("low", "margin", "high"))
    return replace(row, margin=margin, interval=interval, low=low, place=middle, high=high)
