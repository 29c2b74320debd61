"""Per-vertex fields on the mean face, seen from the front and from the side: Figure 4, and signed errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from focus.report.figures import COLOURS, drawn_png

VIEWS = (("front", 0.0), ("side", -60.0))
"""Name and turn about the vertical axis in degrees."""


@drawn_png
def misfit_prior(vertices: np.ndarray, triangles: np.ndarray, misfit: np.ndarray, title: str = "") -> Figure:
    """Draw Figure 4: (a) the mean face with the axes, (b-d) the misfit along x, y and z in two views.

    vertices: (V,3) mm, model frame (x right, y up, z to the viewer). triangles: (F,3) integer, counter-clockwise from
    outside. misfit: (V,3) mm, E_MP of Eq. 11. One colour scale for all three axes, symmetric about zero, so that they
    can be compared; its ends are the 99.5 % quantile of |misfit|.
    """
    limit = max(float(np.quantile(np.abs(misfit), 0.995)), 1e-6)
    figure = Figure(figsize=(7.2, 3.9), layout="constrained")
    grid = figure.subplots(len(VIEWS), 4)
    norm = Normalize(-limit, limit)
    for row, (name, degrees) in zip(grid, VIEWS, strict=True):
        turned = vertices @ _turn(degrees).T
        _draw_mesh(row[0], turned, triangles)
        _draw_axes(row[0], vertices, degrees)
        for axes, values in zip(row[1:], misfit.T, strict=True):
            _draw_mesh(axes, turned, triangles, values, norm)
        row[0].text(-0.08, 0.5, name, transform=row[0].transAxes, rotation=90, ha="center", va="center")
    for axes, heading in zip(grid[0], ("(a) axes", "(b) along x", "(c) along y", "(d) along z"), strict=True):
        axes.set_title(heading, fontsize=9)
    bar = figure.colorbar(ScalarMappable(norm, "RdBu_r"), ax=grid[:, 1:], shrink=0.8, extend="both")
    bar.set_label("prediction minus truth (mm)")
    if title:
        figure.suptitle(title, fontsize=9)
    return figure


@drawn_png
def signed_errors(
    vertices: np.ndarray, triangles: np.ndarray, fields: Mapping[str, np.ndarray], title: str = ""
) -> Figure:
    """Draw signed errors (V,) mm on the mean face side by side, in the two views, on one colour scale.

    vertices and triangles as in `misfit_prior`; fields: heading -> errors, NaN (left white) where not known.
    """
    limit = max(float(np.nanquantile(np.abs(np.concatenate(list(fields.values()))), 0.98)), 1e-6)
    norm = Normalize(-limit, limit)
    figure = Figure(figsize=(1.6 * len(VIEWS) * len(fields), 2.4), layout="constrained")
    grid = figure.subplots(1, len(VIEWS) * len(fields))
    panels = [(heading, field, view) for heading, field in fields.items() for view in VIEWS]
    for axes, (heading, field, (name, degrees)) in zip(grid, panels, strict=True):
        _draw_mesh(axes, vertices @ _turn(degrees).T, triangles, field, norm)
        if name == VIEWS[0][0]:
            axes.set_title(heading, fontsize=8)
    bar = figure.colorbar(ScalarMappable(norm, "RdBu_r"), ax=list(grid), shrink=0.8, extend="both")
    bar.set_label("mean signed error (mm)")
    figure.suptitle(title, fontsize=9)
    return figure


def _turn(degrees: float) -> np.ndarray:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])


def _draw_mesh(
    axes: Axes,
    points: np.ndarray,
    triangles: np.ndarray,
    values: np.ndarray | None = None,
    norm: Normalize | None = None,
) -> None:
    """Draw front faces back to front (painter's algorithm): by the mean of their vertices' values, else shaded grey."""
    corners = points[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    seen = np.flatnonzero(normals[:, 2] > 0)
    seen = seen[np.argsort(corners[seen, :, 2].mean(axis=1), kind="stable")]
    patch = PolyCollection(corners[seen, :, :2], linewidths=0.3, antialiaseds=False)
    if values is None:
        light = 0.35 + 0.6 * normals[seen, 2] / np.linalg.norm(normals[seen], axis=1)
        patch.set_color([(grey, grey, grey) for grey in light.tolist()])
    else:
        patch.set_array(values[triangles[seen]].mean(axis=1))
        patch.set(cmap="RdBu_r", norm=norm, edgecolors="face")
    axes.add_collection(patch)
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.set_axis_off()


def _draw_axes(axes: Axes, vertices: np.ndarray, degrees: float) -> None:
    """Draw the model frame's axes from the nose tip's depth outwards, as arrows turned like the face."""
    size = 0.55 * float(np.ptp(vertices[:, 1]))
    origin = np.array([0.0, 0.0, vertices[:, 2].max()]) @ _turn(degrees).T
    ends: Sequence[np.ndarray] = np.eye(3) * size @ _turn(degrees).T + origin
    for end, name, colour in zip(ends, "xyz", (COLOURS[1], COLOURS[2], COLOURS[0]), strict=True):
        if np.linalg.norm(end[:2] - origin[:2]) < 0.05 * size:
            axes.plot(*origin[:2], "o", color=colour, markersize=3)
            axes.annotate(name, (origin[0], origin[1]), xytext=(-7, -7), textcoords="offset points", color=colour)
            continue
        axes.annotate(
            "",
            (end[0], end[1]),
            (origin[0], origin[1]),
            arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.2},
        )
        axes.annotate(name, (end[0], end[1]), xytext=(2, 2), textcoords="offset points", color=colour)
    reach = np.array([origin[:2], *[end[:2] for end in ends]])
    axes.update_datalim(reach)
    axes.autoscale_view()
