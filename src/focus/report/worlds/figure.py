"""A figure of each of the paper's claims: one dot per run, the interval over all of them, the zero line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from focus.registry.metrics import METRICS
from focus.report.figures import COLOURS, drawn_png

ROW = 0.27  # inches


@drawn_png
def claim_figure(verdicts: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw one claim's comparisons as rows: dots in a colour per world, a bar from low to high with the margin on it.

    verdicts: as `claims.evaluate` returns them, all in one unit; those without data are left out.
    """
    rows = [verdict for verdict in verdicts if verdict["margin"] is not None]
    figure = Figure(figsize=(7.2, 1.15 + ROW * max(1, len(rows))), layout="constrained")
    axes = figure.subplots()
    worlds = sorted({run["world"] for verdict in rows for run in verdict["each"]})
    for y, verdict in enumerate(rows):
        _row(axes, y, verdict, worlds)
    units = ", ".join(dict.fromkeys(METRICS[row["metric"]].scale for row in rows))
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel=f"margin, {units}; right of 0 the claim holds")
    axes.set_yticks(range(len(rows)), [_label(verdict) for verdict in rows])
    axes.grid(axis="y", visible=False)
    for world in worlds:
        axes.plot([], [], "o", markersize=3.5, color=COLOURS[world % len(COLOURS)], label=f"world {world}")
    if worlds:
        figure.legend(loc="outside upper right", ncols=len(worlds))
    return figure


def by_number(verdicts: Sequence[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    """Return the verdicts by the number that their ids begin with, those without data left out."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for verdict in verdicts:
        if verdict["margin"] is not None:
            found.setdefault(int(verdict["id"].split("-")[0]), []).append(verdict)
    return found


def _row(axes: Axes, y: int, verdict: Mapping[str, Any], worlds: Sequence[int]) -> None:
    axes.plot([verdict["low"], verdict["high"]], [y, y], color="0.75", linewidth=5, solid_capstyle="butt", zorder=1)
    axes.plot([verdict["margin"]], [y], "|", color="black", markersize=9, zorder=3)
    for run in verdict["each"]:
        if run["margin"] is not None:
            height = y + 0.5 * ((worlds.index(run["world"]) + 0.5) / len(worlds) - 0.5)
            colour = COLOURS[run["world"] % len(COLOURS)]
            axes.plot([run["margin"]], [height], "o", markersize=3, color=colour, zorder=2)


def _label(verdict: Mapping[str, Any]) -> str:
    measure = METRICS[verdict["metric"]]
    sign, name = ("<", "") if measure.better == "min" else (">", f" ({measure.title})")
    return f"{verdict['testset']}: {verdict['a']} {sign} {verdict['b']}{name}"
