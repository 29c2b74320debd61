"""Is a face model in millimetres, colours 0..1, and turned as the Basel model is? Checked by what a human face is.

A file in another unit or convention has all the right shapes, and would give faces of the wrong size without a word.
Each limit lies far from any human face, so that models of children, of few components and drawn ones pass. What leaves
no trace passes: deviations in place of variances in the colours alone, say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

OUTER_EYES_MM = (50.0, 140.0)  # between the outer corners of the eyes; adults 80 to 105, newborns above 60
UNITS = {"metres": 1000.0, "centimetres": 10.0, "inches": 25.4, "micrometres": 0.001}
# RMS over the vertices of how far one standard deviation of all components moves one: mm, mm, colour. The embedded
# models have 3.4, 1.2 and 0.13; one component is a large part of it.
SPREAD = {"shape": (0.8, 20.0), "expression": (0.35, 15.0), "color": (0.005, 0.45)}
LARGEST_OFFSET_MM = 30.0  # RMS of the mean expression, which is an offset
AXES = ("x", "y", "z")
DIRECTIONS = ("the image's right", "up", "to the viewer")


def odd_geometry(mean: Array, landmarks: NDArray[np.integer]) -> tuple[str, str] | None:
    """Return (found, expected) unless a mean face (V,3) with landmarks (68,) is in mm, x right, y up, z front."""
    points = mean[landmarks]
    apart = float(np.linalg.norm(points[45] - points[36]))
    low, high = OUTER_EYES_MM
    if not low <= apart <= high:
        unit = next((name for name, factor in UNITS.items() if low <= apart * factor <= high), None)
        remedy = f"; in {unit}? multiply mean, pcaBasis and points by {UNITS[unit]:g}" if unit else ""
        return f"has its outer eye corners {apart:.4g} apart", f"{low:.0f} to {high:.0f} mm{remedy}"
    right = points[45] - points[36]
    up = points[[36, 45]].mean(0) - points[[48, 54]].mean(0)
    front = points[30] - points[[0, 16]].mean(0)
    found = [_axis(direction) for direction in (right, up, front)]
    if found != ["+x", "+y", "+z"]:
        seen = ", ".join(f"{axis} {name}" for axis, name in zip(found, DIRECTIONS, strict=True))
        return f"is a face with {seen}", f"+x {DIRECTIONS[0]}, +y up, +z to the viewer; turn mean, basis and points"
    return None


def odd_components(group: str, vertices: int, lengths: Array, variance: Array) -> tuple[str, str] | None:
    """Return (found, expected) unless one group's components are of a human face's size.

    group: shape, expression or color. vertices: how many there are. lengths: (K,), of the file's columns; variance:
    (K,), as the file has it.
    """
    deviations = np.sqrt(variance)
    used = deviations > 0
    own = lengths[used]
    if used.any() and np.abs(own / deviations[used] - 1).max() < 0.01 and np.abs(own - 1).max() > 0.1:
        return (
            "has columns as long as the deviations (already scaled)",
            "columns of length 1; divide each by its length",
        )
    low, high = SPREAD[group]
    spread = float(np.sqrt((np.square(lengths) * variance).sum() / vertices))
    if low <= spread <= high:
        return None
    unit = "" if group == "color" else " mm"
    as_deviations = float(np.sqrt(np.square(lengths * variance).sum() / vertices))
    remedy = "; deviations in place of pcaVariance? square them" if low <= as_deviations <= high else ""
    return (
        f"with pcaVariance moves a vertex by {spread:.3g}{unit} (RMS, one deviation each)",
        f"{low:g} to {high:g}{unit}{remedy}",
    )


def odd_colours(mean: Array) -> tuple[str, str] | None:
    """Return (found, expected) unless mean colours (V,3) are RGB in 0..1."""
    low, high, middle = float(mean.min()), float(mean.max()), mean.mean(axis=0)
    if high > 1.5 or low < -0.5:
        largest = 65535 if high > 255.5 else 255
        remedy = f"; divide mean and pcaBasis by {largest}" if low >= 0 else ""
        return f"has values {low:.3g}..{high:.3g}", f"0..1{remedy}"
    if not 0.03 <= middle.mean() <= 0.97:
        return f"is {middle.mean():.3g} on average", "the colour of skin in 0..1"
    if middle[2] > middle[0] + 0.02:
        return (
            f"has more blue ({middle[2]:.2f}) than red ({middle[0]:.2f})",
            "red, green, blue of skin; BGR? turn round",
        )
    return None


def odd_offset(mean: Array) -> tuple[str, str] | None:
    """Return (found, expected) unless the mean expression (V,3) is an offset, not a face."""
    size = float(np.sqrt(np.square(mean).sum(axis=1).mean()))
    if size <= LARGEST_OFFSET_MM:
        return None
    return (
        f"moves vertices by {size:.3g} mm",
        "an offset to the mean shape; subtract shape/model/mean if it is a whole face",
    )


def _axis(direction: Array) -> str:
    """Return the axis that a direction follows most, with its sign."""
    axis = int(np.abs(direction).argmax())
    return f"{'+' if direction[axis] > 0 else '-'}{AXES[axis]}"
