"""Camera, spherical-harmonics light, rasterizer and renderer."""

from focus.rendering.camera import Camera, rotation_matrix
from focus.rendering.interpolation import interpolate
from focus.rendering.light import AMBIENT, released_directions, sh_basis, shade
from focus.rendering.rasterizer import rasterize
from focus.rendering.renderer import Interpolation, Normals, Renderer
from focus.rendering.topology import Topology, vertex_normals

__all__ = [
    "AMBIENT",
    "Camera",
    "Interpolation",
    "Normals",
    "Renderer",
    "Topology",
    "interpolate",
    "rasterize",
    "released_directions",
    "rotation_matrix",
    "sh_basis",
    "shade",
    "vertex_normals",
]
