"""The z-buffer: which triangle is seen at each pixel centre. Pure torch, the same on CPU and CUDA, no gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import pairwise

import torch
from torch import Tensor

from focus.errors import FocusError
from focus.rendering.topology import Topology

_FAR = torch.iinfo(torch.int64).max
# Triangles of the batch handled together: their arrays then stay in a CPU's cache.
_TRIANGLES_AT_ONCE = 2**17
# Pairs (triangle, pixel of its bounding box) tested together, which bounds the memory when triangles are large.
_PAIRS_AT_ONCE = 2**21


@torch.no_grad()
def rasterize(points: Tensor, topology: Topology, height: int, width: int) -> Tensor:
    """Find the nearest front-facing triangle at every pixel centre.

    Front faces are counter-clockwise from outside in the y-up model frame, so their area is negative in y-down pixels;
    back faces, and triangles with a vertex at or behind the camera, are not drawn. Edges are inclusive; where two
    triangles have equal depth, the one with the lower index wins. The same input gives the same pixels to the bit, for
    any number of threads: the depth's bits and the index form one integer, and a minimum does not depend on order.

    Args:
        points: (B, V, 3) float32 or float64: x right and y down in pixels (centres at integers), depth > 0.
        topology: of the mesh.
        height: of the image, pixels.
        width: of the image, pixels.

    Returns:
        (B, height, width) int64 triangle index, -1 where there is none.

    Raises:
        FocusError: when `points` is not (B, V, 3) with the vertices of the topology.
    """
    if points.ndim != 3 or points.shape[2] != 3 or points.shape[1] < topology.vertex_count:
        raise FocusError(
            f"points: shape {tuple(points.shape)}, expected (B, V, 3) with V of at least {topology.vertex_count}"
        )
    images = max(1, _TRIANGLES_AT_ONCE // len(topology.triangles))
    parts = points.tensor_split(max(1, -(-len(points) // images)))
    return torch.cat([_rasterize_images(part, topology, height, width) for part in parts])


def _rasterize_images(points: Tensor, topology: Topology, height: int, width: int) -> Tensor:
    """Rasterize a few images; arrays of triangles are (F, B), flat number triangle * B + image."""
    batch = len(points)
    x, y, z = (
        [plane.index_select(0, corner) for corner in topology.sorted_corners]
        for plane in points.permute(2, 1, 0).contiguous()
    )
    (left, right), (top, bottom) = _bounds(x, width), _bounds(y, height)
    area = (x[1] - x[0]) * (y[2] - y[0]) - (y[1] - y[0]) * (x[2] - x[0])
    visible = (area * topology.parity.unsqueeze(1) < 0) & (right >= left) & (bottom >= top)
    visible &= reduce(torch.minimum, z) > 0

    drawn = visible.view(-1).nonzero().squeeze(1).int()
    boxes = [bound.view(-1).index_select(0, drawn) for bound in (left, right, top, bottom)]
    x, y, z = ([corner.view(-1) for corner in axis] for axis in (x, y, z))
    nearest = torch.full((batch * height * width,), _FAR, dtype=torch.int64, device=points.device)
    for box, column, row in _pixels_of_boxes(*boxes):
        flat = drawn.index_select(0, box)
        inside, depth = _cover(x, y, z, flat, column, row)
        flat, column, row = (value.index_select(0, inside).long() for value in (flat, column, row))
        triangle = flat // batch
        pixel = ((flat - triangle * batch) * height + row) * width + column
        # Positive floats sort as their bits do, so the least key is the nearest, then the lowest, triangle.
        key = (depth.float().view(torch.int32).long() << 32) | triangle
        nearest.scatter_reduce_(0, pixel, key, "amin")
    return torch.where(nearest == _FAR, -1, nearest & 0xFFFFFFFF).view(batch, height, width)


def _bounds(corners: list[Tensor], size: int) -> tuple[Tensor, Tensor]:
    """Return the first and last pixel, of 0..size - 1, whose centre lies between the least and the greatest corner."""
    first, last = reduce(torch.minimum, corners).ceil_(), reduce(torch.maximum, corners).floor_()
    return first.clamp_(min=0), last.clamp_(max=size - 1)


def _pixels_of_boxes(
    left: Tensor, right: Tensor, top: Tensor, bottom: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield (box, column, row) of every pixel of every box, (N,) each, a bounded number at a time.

    The inclusive bounds, and the columns and rows, are whole numbers in floating point (exact to 2^24 pixels a box):
    their arithmetic is several times faster so than in integers.
    """
    width = right - left + 1
    pixels = (width * (bottom - top + 1)).long()
    end = pixels.cumsum(0)
    limits = range(_PAIRS_AT_ONCE, int(end[-1]) if len(end) else 0, _PAIRS_AT_ONCE)
    cuts = torch.searchsorted(end, torch.tensor(limits, dtype=end.dtype, device=end.device)).tolist()
    for first, last in pairwise([0, *cuts, len(end)]):
        part = slice(first, last)
        begin = end[part] - pixels[part]
        box = torch.repeat_interleave(pixels[part])
        number = torch.arange(len(box), device=box.device) - (begin - begin[:1]).index_select(0, box)
        box = box + first if first else box
        within, columns = number.to(left.dtype), width.index_select(0, box)
        row = (within / columns).floor_()
        yield box, left.index_select(0, box) + (within - row * columns), top.index_select(0, box) + row


def _cover(
    x: list[Tensor], y: list[Tensor], z: list[Tensor], flat: Tensor, px: Tensor, py: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the indices of the covered (triangle, pixel) pairs, (M,), and their perspective-correct depths, (M,).

    `x`, `y`, `z` hold the triangles' three corners in ascending order of vertex index; `flat` (N,) is the triangle of
    each pair as an index into those, `px` and `py` (N,) its pixel.
    """
    own_x, own_y = ([corner.index_select(0, flat) for corner in axis] for axis in (x, y))
    w0, w1, w2 = edge_functions(own_x, own_y, px, py)
    least, most = reduce(torch.minimum, (w0, w1, w2)), reduce(torch.maximum, (w0, w1, w2))
    # All of one sign; all zero is a triangle without area.
    inside = ((least >= 0) != (most <= 0)).nonzero().squeeze(1)
    w0, w1, w2 = (w.index_select(0, inside) for w in (w0, w1, w2))
    z0, z1, z2 = (corner.index_select(0, flat.index_select(0, inside)) for corner in z)
    return inside, (w0 + w1 + w2) / (w0 / z0 + w1 / z1 + w2 / z2)


def edge_functions(x: Sequence[Tensor], y: Sequence[Tensor], px: Tensor, py: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the unnormalised screen-affine barycentric coordinates, (N,) each, of pixels in triangles.

    `x` and `y` hold the triangles' three corners, (N,) each, in ascending order of vertex index. Each edge then runs
    from its lower to its higher vertex index, so both triangles at it compute the same number and find opposite signs
    in it: no pixel centre can fall outside both.
    """
    (x0, x1, x2), (y0, y1, y2) = x, y
    w0 = (px - x1) * (y2 - y1) - (py - y1) * (x2 - x1)
    w1 = (py - y0) * (x2 - x0) - (px - x0) * (y2 - y0)
    w2 = (px - x0) * (y1 - y0) - (py - y0) * (x1 - x0)
    return w0, w1, w2
