"""Barycentric interpolation of vertex attributes over the visible triangles, with gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from focus.errors import FocusError
from focus.rendering.rasterizer import edge_functions
from focus.rendering.topology import Topology


def interpolate(
    points: Tensor, attributes: Tensor, topology: Topology, pixel_to_face: Tensor, perspective: bool = False
) -> Tensor:
    """Interpolate vertex attributes at the pixel centres.

    The barycentric coordinates are recomputed from `points`, so the gradient reaches the vertices; which triangle is
    seen has none (no silhouette gradient, as released).

    Args:
        points: (B, V, 3): x, y in pixels (y down, centres at integers) and depth.
        attributes: (B, V, C), any C.
        topology: of the mesh.
        pixel_to_face: (B, H, W) int64 of `rasterize`.
        perspective: perspective-correct barycentric coordinates instead of screen-affine ones.

    Returns:
        (B, H, W, C), zero where no triangle is seen; differentiable with respect to `points` and `attributes`. Its
        memory is ordered (B, C, H, W), as images are.

    Raises:
        FocusError: when the shapes do not agree.
    """
    _check_shapes(points, attributes, pixel_to_face)
    batch, height, width = pixel_to_face.shape
    count, channels = attributes.shape[1:]
    faces = pixel_to_face.reshape(-1)
    seen = (faces >= 0).nonzero().squeeze(1)
    faces = faces.index_select(0, seen)
    image = seen // (height * width)
    within = seen - image * (height * width)
    corners = torch.cat([corner.index_select(0, faces) + image * count for corner in topology.sorted_corners])

    # Planes of one number per vertex: one-dimensional index_select is the fastest gather on a CPU, and its backward,
    # unlike that of attributes[corners], is repeatable with several threads.
    def gather(plane: Tensor) -> Tensor:
        return plane.index_select(0, corners).view(3, -1)

    planes = [plane.reshape(-1) for plane in points.permute(2, 0, 1).contiguous().unbind(0)]
    row = within // width
    x, y = gather(planes[0]), gather(planes[1])
    pixel = (within - row * width).to(points.dtype), row.to(points.dtype)
    weights = torch.stack(edge_functions(x.unbind(0), y.unbind(0), *pixel))
    if perspective:
        z0, z1, z2 = gather(planes[2])
        weights = torch.stack([weights[0] * (z1 * z2), weights[1] * (z0 * z2), weights[2] * (z0 * z1)])
    weights = weights / weights.sum(0)
    colours = [gather(plane.reshape(-1)) for plane in attributes.permute(2, 0, 1).contiguous().unbind(0)]
    values = torch.cat([(weights * colour).sum(0) for colour in colours])
    target = torch.cat([(image * channels + channel) * (height * width) + within for channel in range(channels)])
    drawn = values.new_zeros(batch * channels * height * width).index_copy_(0, target, values)
    return drawn.view(batch, channels, height, width).permute(0, 2, 3, 1)


def _check_shapes(points: Tensor, attributes: Tensor, pixel_to_face: Tensor) -> None:
    if points.shape[:2] != attributes.shape[:2] or len(points) != len(pixel_to_face):
        raise FocusError(
            f"points, attributes and pixel_to_face: shapes {tuple(points.shape)}, {tuple(attributes.shape)} and "
            f"{tuple(pixel_to_face.shape)}, expected (B, V, 3), (B, V, C) and (B, H, W)"
        )
