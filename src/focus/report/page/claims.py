"""The claims of claims.json as rows of the page, each with its interval drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from focus.registry.metrics import metric

WIDTH, HEIGHT = 140, 14
WORDS = {True: "holds", False: "does not hold", "not resolved": "not resolved", None: "no data"}
PLURAL = {"holds": "hold", "does not hold": "do not hold", "not resolved": "not resolved", "no data": "without data"}


@dataclass(frozen=True)
class ClaimRow:
    """An entry of claims.json, its verdict in words, and with data the texts and places (low, margin, high) drawn."""

    entry: Mapping[str, Any]
    verdict: str
    margin: str = ""
    interval: str = ""
    places: Sequence[str] = ()


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


def _row(entry: Mapping[str, Any], reach: Mapping[str, float]) -> ClaimRow:
    verdict = WORDS[entry["holds"]]
    if entry["margin"] is None:
        return ClaimRow(entry, verdict)
    low, margin, high = (entry[key] for key in ("low", "margin", "high"))
    places = [f"{WIDTH / 2 + end / reach[entry['metric']] * (WIDTH / 2 - 4):.1f}" for end in (low, margin, high)]
    unit = metric(entry["metric"]).unit
    return ClaimRow(entry, verdict, f"{margin:+.3f} {unit}", f"{low:+.3f} … {high:+.3f}", places)
