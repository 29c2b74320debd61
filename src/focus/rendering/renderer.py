"""Rendering: vertices, albedo, light and pose in; image and mask out, with gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from torch import Tensor

from focus.errors import FocusError
from focus.rendering.camera import Camera, to_camera_frame
from focus.rendering.interpolation import interpolate
from focus.rendering.light import released_directions, shade
from focus.rendering.rasterizer import rasterize
from focus.rendering.topology import Topology, vertex_normals

Interpolation = Literal["affine", "perspective"]
Normals = Literal["unit", "released"]
# points (B, V, 3), colours (B, V, C), topology, size, perspective -> image (B, S, S, C), pixel_to_face (B, S, S)
Backend = Callable[[Tensor, Tensor, Topology, int, bool], tuple[Tensor, Tensor]]


def _draw_torch(
    points: Tensor, colours: Tensor, topology: Topology, size: int, perspective: bool
) -> tuple[Tensor, Tensor]:
    pixel_to_face = rasterize(points, topology, size, size)
    return interpolate(points, colours, topology, pixel_to_face, perspective), pixel_to_face


BACKENDS: dict[str, Callable[[], Backend]] = {
    "torch": lambda: _draw_torch,
    "pytorch3d": lambda: import_module("focus.rendering.pytorch3d_backend").draw,
}
"""Name -> what loads it."""


@dataclass(frozen=True)
class Rendering:
    """What the renderer draws, all in the dtype of the vertices.

    Attributes:
        image: (B, 3, S, S) RGB, nominally 0..1 but not clamped; 0 outside the mesh.
        mask: (B, 1, S, S), 1 where the mesh is drawn, else 0; without gradient.
        points: (B, V, 3) projected vertices: u, v in pixels, depth in mm.
    """

    image: Tensor
    mask: Tensor
    points: Tensor


class Renderer:
    """Draws a mesh of fixed triangles into square images.

    Visibility has no gradient (no silhouette gradient); colours are interpolated with the barycentric coordinates of
    the visible triangle, through which the gradient reaches vertices and pose. The inputs of a call must be on the
    device of the triangles.
    """

    def __init__(
        self,
        triangles: Tensor,
        size: int,
        interpolation: Interpolation = "affine",
        backend: str = "torch",
        normals: Normals = "unit",
    ) -> None:
        """Prepare the renderer.

        Args:
            triangles: (F, 3) integers, counter-clockwise seen from outside.
            size: of the image, pixels.
            interpolation: "affine" in the screen, as the authors' code, or "perspective".
            backend: a key of BACKENDS.
            normals: lit with length 1, or as the authors' code has them, shorter where the surface bends.

        Raises:
            FocusError: for an unknown interpolation, backend or normals, or a backend that is not installed.
        """
        if normals not in ("unit", "released"):
            raise FocusError(f"normals: {normals!r}, expected 'unit' or 'released'")
        if interpolation not in ("affine", "perspective"):
            raise FocusError(f"interpolation: {interpolation!r}, expected 'affine' or 'perspective'")
        if backend not in BACKENDS:
            raise FocusError(f"rendering backend: {backend!r}, expected one of {', '.join(BACKENDS)}")
        self.camera = Camera(size)
        self.topology = Topology(triangles)
        self.perspective = interpolation == "perspective"
        self.unit_normals = normals == "unit"
        self._draw = BACKENDS[backend]()

    def __call__(self, vertices: Tensor, albedo: Tensor, light: Tensor, pose: Tensor) -> Rendering:
        """Render a batch.

        Args:
            vertices: (B, V, 3) model frame, mm.
            albedo: (B, V, 3) RGB in 0..1.
            light: (B, 27) spherical-harmonics coefficients without the ambient offset.
            pose: (B, 6) rx, ry, rz in radians, tx, ty, tz in mm.

        Returns:
            The rendering, differentiable with respect to all four.

        Raises:
            FocusError: when the shapes are not these.
        """
        if albedo.shape != vertices.shape:
            raise FocusError(f"albedo: shape {tuple(albedo.shape)}, expected that of vertices {tuple(vertices.shape)}")
        device = self.topology.triangles.device
        if vertices.device != device:
            raise FocusError(f"vertices: on {vertices.device}, expected {device}, where the renderer's triangles are")
        in_camera = to_camera_frame(vertices, pose)
        points = self.camera.project_camera_frame(in_camera)
        normals = vertex_normals(in_camera, self.topology, self.unit_normals)
        colours = albedo * shade(normals if self.unit_normals else released_directions(normals), light)
        image, pixel_to_face = self._draw(points, colours, self.topology, self.camera.size, self.perspective)
        mask = (pixel_to_face >= 0).unsqueeze(1).to(points.dtype)
        return Rendering(image.permute(0, 3, 1, 2), mask, points)
