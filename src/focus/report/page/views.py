"""The page's 3D views: meshes of one topology with a colour per vertex, packed for viewer.js."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np

from focus.report.page.embed import packed_array

STEP_MM = 0.02
"""Positions are stored as whole multiples of this, in 16 bits."""


@dataclass(frozen=True)
class Scale:
    """The colour bar of a view: values at its ends in mm, and colours (CSS) from low to high."""

    low: float
    high: float
    colours: list[str]


@dataclass(frozen=True)
class View:
    """A mesh to turn: vertices (V,3) mm (x right, y up, z to the viewer), colours (V,3) uint8 RGB."""

    group: str
    title: str
    vertices: np.ndarray
    colours: np.ndarray
    scale: Scale | None = None


def misfit_views(kind: str, vertices: np.ndarray, misfit: np.ndarray) -> list[View]:
    """Return the misfit prior E_MP (V,3) mm on the mean face: its length, then along x, y and z on one scale.

    The ends of the scale are the 99.5 % quantile of the absolute values.
    """
    group = f"Misfit prior, {kind}"
    length = np.linalg.norm(misfit, axis=1)
    longest = max(float(np.quantile(length, 0.995)), 1e-6)
    limit = max(float(np.quantile(np.abs(misfit), 0.995)), 1e-6)
    views = [_coloured(group, "length", vertices, length, 0.0, longest, "viridis")]
    for axis, name in enumerate(("along x (right)", "along y (up)", "along z (to the viewer)")):
        views.append(_coloured(group, name, vertices, misfit[:, axis], -limit, limit, "RdBu_r"))
    return views


def _coloured(
    group: str, title: str, vertices: np.ndarray, values: np.ndarray, low: float, high: float, name: str
) -> View:
    colour_map = matplotlib.colormaps[name]
    colours = _eight_bit(colour_map((values - low) / (high - low))[:, :3])
    stops = [matplotlib.colors.to_hex(colour_map(position)) for position in np.linspace(0, 1, 9)]
    return View(group, title, vertices, colours, Scale(low, high, stops))


def reconstruction_view(group: str, title: str, vertices: np.ndarray, colours: np.ndarray) -> View:
    """Return a reconstructed face: vertices (V,3) mm and colours (V,3), clamped to 0..1."""
    return View(group, title, vertices, _eight_bit(colours))


def distance_views(views: Sequence[View], mean: np.ndarray) -> list[View]:
    """Return the same meshes coloured by each vertex's distance in mm to the mean face (V,3), on one scale for all.

    The scale ends at the 99.5 % quantile of all distances.
    """
    if not views:
        return []
    lengths = [np.linalg.norm(view.vertices - mean, axis=1) for view in views]
    longest = max(float(np.quantile(np.concatenate(lengths), 0.995)), 1e-6)
    return [
        _coloured(
            view.group, f"{view.title}, distance to the mean face", view.vertices, length, 0.0, longest, "viridis"
        )
        for view, length in zip(views, lengths, strict=True)
    ]


def payload(views: Sequence[View], triangles: np.ndarray) -> dict[str, Any]:
    """Return what viewer.js reads: triangles (F,3), and for each view positions, colours and scale; all finite JSON.

    Positions are relative to the middle of each mesh's box, int16 in units of `step` mm, stored once for views that
    share them.
    """
    shapes: list[str] = []
    entries = []
    for view in views:
        shape = packed_array(_positions(view.vertices))
        if shape not in shapes:
            shapes.append(shape)
        entry: dict[str, Any] = {"group": view.group, "title": view.title, "shape": shapes.index(shape)}
        entry["colours"] = packed_array(view.colours)
        if view.scale is not None:
            low, high = round(view.scale.low, 2), round(view.scale.high, 2)
            entry["scale"] = {"low": low, "high": high, "colours": view.scale.colours}
        entries.append(entry)
    return {"step": STEP_MM, "triangles": packed_array(triangles.astype(np.uint32)), "shapes": shapes, "views": entries}


def _positions(vertices: np.ndarray) -> np.ndarray:
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    steps: np.ndarray = np.rint(np.clip((vertices - middle) / STEP_MM, -32767, 32767)).astype(np.int16)
    return steps


def _eight_bit(colours: np.ndarray) -> np.ndarray:
    rounded: np.ndarray = np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    return rounded
