"""Training curves as inline SVG in the page's colours: one panel per loss term, one line per training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 300, 170, 46, 6, 10, 20
POINTS = 200
"""A line is thinned to about so many points."""
LOG_ABOVE = 20.0
"""Values that differ by more than this factor are drawn on a logarithmic scale."""
FIRST = ("reconstruction", "segmentation")
"""Networks whose panels come before the others'."""
NOT_TERMS = ("step", "network")


@dataclass(frozen=True)
class Line:
    """One training's values of a term: polyline points in SVG units, and the first and last value."""

    run: str
    points: str
    first: str
    last: str


@dataclass(frozen=True)
class Panel:
    """One loss term. ticks: (y in SVG units, label); steps: the last step on the x axis."""

    term: str
    lines: list[Line]
    ticks: list[tuple[str, str]]
    steps: int
    logarithmic: bool


def panels(curves: Mapping[str, pd.DataFrame], last: str) -> dict[str, list[Panel]]:
    """Return network -> its panels, from training -> the CSV that it wrote (columns step, network and loss terms).

    `last` is drawn over the others. Rows without the term, and values that are not finite, are left out.
    """
    names = sorted(curves, key=lambda name: (name == last, name))
    networks = {network for frame in curves.values() for network in frame["network"].unique()}
    found: dict[str, list[Panel]] = {}
    for network in sorted(networks, key=lambda name: (name not in FIRST, name)):
        frames = {name: curves[name][curves[name]["network"] == network] for name in names}
        terms = dict.fromkeys(
            column
            for frame in frames.values()
            for column in frame.columns
            if column not in NOT_TERMS and frame[column].notna().any()
        )
        if len(terms) == 2:
            terms.pop("loss", None)  # the sum of one term
        made = [_panel(term, frames) for term in terms]
        found[network] = [panel for panel in made if panel is not None]
    return found


def _panel(term: str, frames: Mapping[str, pd.DataFrame]) -> Panel | None:
    series = {name: _values(frame, term) for name, frame in frames.items() if term in frame}
    series = {name: values for name, values in series.items() if len(values)}
    if not series:
        return None
    together = np.concatenate([values[:, 1] for values in series.values()])
    low, high = float(together.min()), float(together.max())
    logarithmic = low > 0 and high / low > LOG_ABOVE
    scale = math.log10 if logarithmic else float
    bottom, span = scale(low), (scale(high) - scale(low)) or 1.0
    steps = int(max(values[:, 0].max() for values in series.values()))

    def place(value: float) -> float:
        return HEIGHT - BOTTOM - (scale(value) - bottom) / span * (HEIGHT - BOTTOM - TOP)

    def point(step: float, value: float) -> str:
        x = LEFT + step / max(steps, 1) * (WIDTH - LEFT - RIGHT)
        return f"{x:.1f},{place(value):.1f}"

    middle = 10 ** ((scale(low) + scale(high)) / 2) if logarithmic else (low + high) / 2
    ticks = [(f"{place(value):.1f}", _short(value)) for value in dict.fromkeys((low, middle, high))]
    lines = [
        Line(name, " ".join(point(*pair) for pair in values), _short(values[0, 1]), _short(values[-1, 1]))
        for name, values in series.items()
    ]
    return Panel(term, lines, ticks, steps, logarithmic)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _values(frame: pd.DataFrame, term: str) -> np.ndarray:
    """Return (n,2) of step and value, finite and thinned."""
    pairs = frame[["step", term]].to_numpy(float)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    thinned: np.ndarray = pairs[:: max(1, len(pairs) // POINTS)]
    return thinned
