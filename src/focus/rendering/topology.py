"""The fixed connectivity of a mesh, prepared once for the rasterizer and for the normals."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from focus.errors import FocusError


class _Bags(NamedTuple):
    """Groups of row numbers: group i is `members[first[i] : first[i + 1]]`, a sparse matrix of ones in CSR form."""

    members: Tensor
    first: Tensor


def _sum_rows(rows: Tensor, groups: _Bags) -> Tensor:
    # embedding_bag is ten times slower unless the last stride is 1, which a contiguous (N, 1) need not have.
    rows = rows.contiguous().view(-1).view(rows.shape)
    return embedding_bag(groups.members, rows, groups.first, mode="sum")


class _SumRows(torch.autograd.Function):
    """Sum rows group by group; the gradient is the same with the transposed groups.

    Each output row is one sum in a fixed order, so forward and backward are repeatable to the bit with any number of
    threads, which the scattered additions of autograd are not (and it is several times faster on a CPU).
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, groups: _Bags, transposed: _Bags) -> Tensor:
        ctx.transposed = transposed
        return _sum_rows(rows.detach(), groups)

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor, None, None]:
        return _sum_rows(grad[0], ctx.transposed), None, None


def _sum_by(rows: Tensor, groups: _Bags, transposed: _Bags) -> Tensor:
    summed: Tensor = _SumRows.apply(rows, groups, transposed)  # type: ignore[no-untyped-call]  # torch's method
    return summed


class Topology:
    """Triangles of a mesh in the forms the renderer needs, on the device of the triangles.

    Each triangle's vertices are also kept sorted by index, with the parity of that permutation: an edge shared by two
    triangles is then evaluated with the same operands in the same order, so an inclusive edge test leaves no cracks.

    Attributes:
        triangles: (F, 3) int64, counter-clockwise seen from outside.
        sorted_corners: three (F,) int64: the vertices of each triangle in ascending order.
        parity: (F,) int8, +1 where the sorted order has the orientation of `triangles`, -1 where it is reversed.
        vertex_count: the largest index plus one.
    """

    def __init__(self, triangles: Tensor) -> None:
        """Prepare `triangles` (F, 3), any integer dtype; raises FocusError when they are not that."""
        integers = not (triangles.is_floating_point() or triangles.is_complex() or triangles.dtype == torch.bool)
        if triangles.ndim != 2 or triangles.shape[1] != 3 or not integers or not len(triangles):
            raise FocusError(
                f"triangles: {triangles.dtype} of shape {tuple(triangles.shape)}, expected integers (F, 3)"
            )
        self.triangles = triangles.to(torch.int64).contiguous()
        if int(self.triangles.min()) < 0:
            raise FocusError(f"triangles: vertex index {int(self.triangles.min())}, expected 0 or more")
        self.vertex_count = int(self.triangles.max()) + 1
        ordered, order = self.triangles.sort(dim=1)
        self.sorted_corners = tuple(column.contiguous() for column in ordered.unbind(1))
        inversions = (order[:, 0] > order[:, 1]).int() + (order[:, 0] > order[:, 2]) + (order[:, 1] > order[:, 2])
        self.parity = (1 - 2 * (inversions % 2)).to(torch.int8)
        self._prepare_incidence()

    def _prepare_incidence(self) -> None:
        """Lay out the incidence of vertices, corners (all first, all second, all third corners) and faces."""
        faces, device = len(self.triangles), self.triangles.device
        vertex_of_corner = self.triangles.t().reshape(-1)
        corners = vertex_of_corner.argsort(stable=True)
        counts = torch.bincount(vertex_of_corner, minlength=self.vertex_count)
        first = counts.cumsum(0) - counts
        self._corner_takes_vertex = _Bags(vertex_of_corner, torch.arange(3 * faces, device=device))
        self._vertex_sums_corners = _Bags(corners, first)
        self._vertex_sums_faces = _Bags(corners % faces, first)
        self._face_sums_vertices = _Bags(self.triangles.reshape(-1), torch.arange(0, 3 * faces, 3, device=device))

    def gather_corners(self, rows: Tensor) -> Tensor:
        """Return (3F, D): the rows (V, D) of all first, all second, then all third corners; differentiable."""
        return _sum_by(rows, self._corner_takes_vertex, self._vertex_sums_corners)

    def sum_incident_faces(self, rows: Tensor) -> Tensor:
        """Return (V, D): for each vertex the sum of the rows (F, D) of the triangles around it; differentiable."""
        return _sum_by(rows, self._vertex_sums_faces, self._face_sums_vertices)


def vertex_normals(vertices: Tensor, topology: Topology, unit: bool = True) -> Tensor:
    """Return vertex normals from the incident triangles' normals, weighted by their areas: their direction, or mean.

    Args:
        vertices: (B, V, 3) in any right-handed frame.
        topology: of the same mesh.
        unit: of length 1; else the weighted mean itself, which is shorter where the surface bends, as in the
            released code (renderer/geometry.py:47-62).

    Returns:
        (B, V, 3) outward normals in the frame of `vertices`; zero where a vertex has no triangle.

    Raises:
        FocusError: when the shape is not (B, V, 3) with the vertices of the topology.
    """
    if vertices.ndim != 3 or vertices.shape[2] != 3 or vertices.shape[1] < topology.vertex_count:
        raise FocusError(
            f"vertices: shape {tuple(vertices.shape)}, expected (B, V, 3) with V of at least {topology.vertex_count}"
        )
    faces = _face_normals(vertices[:, : topology.vertex_count], topology)
    x, y, z = (topology.sum_incident_faces(plane) for plane in faces)
    # The clamps keep the gradient finite where the sum vanishes.
    if unit:
        scale = (x * x + y * y + z * z).clamp(min=1e-24).rsqrt()
    else:
        fx, fy, fz = faces
        areas = (fx * fx + fy * fy + fz * fz).clamp(min=1e-24).sqrt()
        scale = topology.sum_incident_faces(areas).clamp(min=1e-12).reciprocal()
    normals = torch.stack([x * scale, y * scale, z * scale]).permute(2, 1, 0)
    return pad(normals, (0, 0, 0, vertices.shape[1] - topology.vertex_count))


def _face_normals(vertices: Tensor, topology: Topology) -> tuple[Tensor, Tensor, Tensor]:
    """Return x, y and z (F, B) of the triangles' normals, whose lengths are twice the areas."""
    # One (V, B) plane a coordinate, the batch innermost: long contiguous rows to gather, and no work across lanes.
    planes = vertices.permute(2, 1, 0).contiguous().unbind(0)
    a, b, c = zip(*(topology.gather_corners(plane).chunk(3) for plane in planes), strict=True)
    ux, uy, uz = (end - start for end, start in zip(b, a, strict=True))
    vx, vy, vz = (end - start for end, start in zip(c, a, strict=True))
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
