"""Figures as PNG bytes: the same arrays give the same bytes, whatever matplotlibrc or screen the machine has."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

DPI = 110
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F", "#000000")
"""Okabe and Ito's palette, told apart by colour-blind readers too."""
MARKERS = ("-", "--", "-.", ":")


def drawn_png(draw: Callable[..., Figure]) -> Callable[..., bytes]:
    """Run `draw` under matplotlib's own defaults and return its figure as PNG bytes without a date or version."""

    @wraps(draw)
    def to_png(*arguments: Any, **options: Any) -> bytes:
        with matplotlib.rc_context(dict(_style())):
            figure = draw(*arguments, **options)
            FigureCanvasAgg(figure)
            stream = io.BytesIO()
            figure.savefig(stream, format="png", dpi="figure", metadata={"Software": None})
        return stream.getvalue()

    return to_png


def _style() -> dict[RcKeyType, Any]:
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}
    return defaults | {
        "figure.dpi": DPI,
        "font.size": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.linewidth": 0.4,
        "grid.alpha": 0.5,
        "axes.axisbelow": True,
        "lines.linewidth": 1.2,
        "legend.frameon": False,
    }


@drawn_png
def image_grid(rows: Sequence[tuple[str, np.ndarray]], cell: float = 0.8, dpi: int = DPI) -> Figure:
    """Draw rows of pictures with their labels at the left (Figures 1, 3, 5: target, renderings, masks).

    rows: (label, (N,H,W,3) uint8 or float 0..1 RGB, or (N,H,W) 0..1 grey or mask), N and H, W the same in all rows.
    cell: inches per picture, rounded up to whole enlargements, of `dpi` pixels each.
    Raises ValueError when the rows do not fit together.
    """
    pictures = [as_rgb(array) for _, array in rows]
    shapes = {array.shape for array in pictures}
    if len(shapes) != 1:
        raise ValueError(f"image_grid: rows have shapes {sorted(shapes)}; expected the same N, H and W in each")
    count, height, width, _ = pictures[0].shape
    gap = max(1, width // 32)
    tiles = np.pad(pictures, ((0, 0), (0, 0), (0, gap), (0, gap), (0, 0)), constant_values=255).swapaxes(1, 2)
    canvas = tiles.reshape(len(rows) * (height + gap), count * (width + gap), 3)[:-gap, :-gap]
    # Whole screen pixels: an enlarged picture pixel is a square of the same size everywhere.
    scale = max(1, math.ceil(cell * dpi / width)) if cell * dpi > width else cell * dpi / width
    wide, high = round(canvas.shape[1] * scale), round(canvas.shape[0] * scale)
    left, top = round(dpi * (0.075 * max(len(name) for name, _ in rows) + 0.15)), 4
    total = (left + wide + 4, top + high + 4)
    figure = Figure(figsize=(total[0] / dpi, total[1] / dpi), dpi=dpi)
    axes = figure.add_axes((left / total[0], 4 / total[1], wide / total[0], high / total[1]))
    axes.imshow(canvas, interpolation="nearest" if scale >= 1 else "antialiased", aspect="auto")
    axes.set_axis_off()
    for r, (name, _) in enumerate(rows):
        axes.text(-3 * gap, r * (height + gap) + height / 2, name, ha="right", va="center")
    return figure


def as_rgb(array: np.ndarray) -> np.ndarray:
    """Return (N,H,W,3) uint8 from RGB uint8, RGB float 0..1, or (N,H,W) 0..1 (uint8 0/1, bool or float)."""
    if array.ndim == 3:
        array = np.repeat(np.asarray(array, np.float32)[..., None], 3, axis=3)
    if array.ndim != 4 or array.shape[3] != 3:
        raise ValueError(f"image_grid: found shape {array.shape}; expected (N,H,W,3) or (N,H,W)")
    if array.dtype == np.uint8:
        return array
    eight_bit: np.ndarray = np.rint(np.clip(np.nan_to_num(array), 0, 1) * 255).astype(np.uint8)
    return eight_bit


@drawn_png
def error_curves(curves: Mapping[str, np.ndarray], references: Sequence[str] = ()) -> Figure:
    """Draw NoW's cumulative curves. curves: method -> (K,2) of (error in mm, share of images 0..1 below it).

    references: curves drawn in black, three at most: what the others are read against.
    """
    figure = Figure(figsize=(4.8, 3.4), layout="constrained")
    axes = figure.subplots()
    for k, (name, curve) in enumerate(curves.items()):
        colour, dash = _colour(k), _dash(k)
        if name in references:
            colour, dash = "black", MARKERS[1 + references.index(name)]
        axes.plot(curve[:, 0], 100 * curve[:, 1], label=name, color=colour, linestyle=dash)
    axes.set(xlim=(0, 8), ylim=(0, 100), xlabel="median error (mm)", ylabel="images (%)")
    axes.legend(loc="lower right")
    return figure


@drawn_png
def f1_bars(table: pd.DataFrame) -> Figure:
    """Draw the run's F1 of each method on the AR subsets with std whiskers, from the frame of Table 4 or 5."""
    rows = table[(table["source"] == "run") & table["f1_mean"].notna()]
    methods, subsets = list(dict.fromkeys(rows["method"])), list(dict.fromkeys(rows["subset"]))
    figure = Figure(figsize=(6.0, 2.9), layout="constrained")
    axes = figure.subplots()
    width = 0.84 / max(1, len(methods))
    for k, method in enumerate(methods):
        of_method = rows[rows["method"] == method].set_index("subset").reindex(subsets)
        places = np.arange(len(subsets)) + (k - (len(methods) - 1) / 2) * width
        axes.bar(
            places, of_method["f1_mean"].to_numpy(float), 0.92 * width, yerr=of_method["f1_std"].to_numpy(float),
            label=method, color=_colour(k), hatch="//" if k >= len(COLOURS) else None,
            error_kw={"elinewidth": 0.8, "capsize": 1.5},
        )  # fmt: skip
    low = float((rows["f1_mean"] - rows["f1_std"].fillna(0)).min()) if len(rows) else 0.0
    floor = max(0.0, np.floor(low * 10 - 0.5) / 10)
    axes.set(xticks=range(len(subsets)), xticklabels=subsets, ylabel=f"F1 (axis starts at {floor:.1f})")
    axes.set_ylim(floor, 1.0)
    axes.grid(axis="x", visible=False)
    if methods:
        figure.legend(loc="outside right center")
    return figure


@drawn_png
def sensitivity(table: pd.DataFrame, figures: Mapping[str, Sequence[str]]) -> Figure:
    """Draw figures of short trainings against each hyper-parameter as a multiple of its default.

    table: one row per training, with name, default, value, commit and the figures' columns; the row of name "as in the
    profile" stands for every default; the commits of the trained code stand above. figures: axis label -> columns, a
    panel each.
    """
    rows = table[table["group"] == "hyper-parameter"]
    reference = table[table["group"] == "reference"].iloc[0]
    names = list(dict.fromkeys(rows["name"]))
    figure = Figure(figsize=(1.15 * len(names) + 1.4, 1.9 * len(figures) + 0.4), layout="constrained")
    grid = figure.subplots(len(figures), len(names), sharey="row", squeeze=False)
    for line, (label, columns) in zip(grid, figures.items(), strict=True):
        for axes, name in zip(line, names, strict=True):
            own = rows[rows["name"] == name]
            default = float(own["default"].iloc[0])
            for k, column in enumerate(columns):
                tried = zip(own["value"].astype(float), own[column], strict=True)
                values, heights = zip(*sorted([*tried, (default, reference[column])]), strict=True)
                axes.plot(range(len(values)), heights, "o-", markersize=2.5, label=column, color=_colour(k))
            axes.axvline(values.index(default), color="black", linewidth=0.5, linestyle=":")
            axes.set_xticks(range(len(values)), [f"{value:g}" for value in values], fontsize=6)
        line[0].set_ylabel(label)
    for axes, name in zip(grid[0], names, strict=True):
        axes.set_title(name, fontsize=7)
    figure.suptitle(f"short trainings of commit {', '.join(sorted(set(table['commit'])))}", fontsize=7)
    _shared_legend(figure, grid)
    return figure


@drawn_png
def training_curves(curves: Mapping[str, pd.DataFrame], columns: Sequence[str]) -> Figure:
    """Draw one panel per column against the steps, one line per curve; rows without the column are left out.

    curves: label -> a training stage's CSV. Where R and S alternate, both log "loss": give each network's rows as a
    curve of its own.
    """
    across = min(3, len(columns))
    down = -(-len(columns) // across)
    figure = Figure(figsize=(2.6 * across + 0.4, 1.9 * down + 0.5), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for axes, column in zip(grid.flat, columns, strict=False):
        for k, (name, frame) in enumerate(curves.items()):
            if column in frame and len(drawn := frame[["step", column]].dropna()):
                axes.plot(drawn["step"], drawn[column], label=name, color=_colour(k), linestyle=_dash(k), linewidth=0.9)
        axes.set(title=column, xlabel="step")
    for axes in list(grid.flat)[len(columns) :]:
        axes.set_axis_off()
    _shared_legend(figure, grid)
    return figure


def _shared_legend(figure: Figure, grid: np.ndarray) -> None:
    handles: dict[str, Any] = {}
    for axes in grid.flat:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        figure.legend(list(handles.values()), list(handles), loc="outside right upper")


def _colour(k: int) -> str:
    return COLOURS[k % len(COLOURS)]


def _dash(k: int) -> str:
    return MARKERS[k // len(COLOURS) % len(MARKERS)]
