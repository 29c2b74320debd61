"""Small curved sheets of which heads, hair, clothes and occluders are made.

Every patch is a grid of the same size, so that any list of patches becomes one mesh, drawn with the face by the
renderer's z-buffer: what hides what, and every mask, then follows from geometry to the pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Texture = NDArray[np.float32]

LONG, SHORT = 33, 11  # vertices along and across a patch
ALONG = np.linspace(0.0, 1.0, LONG)[:, None]  # (LONG,1), the coordinate u
ACROSS = np.linspace(0.0, 1.0, SHORT)[None, :]  # (1,SHORT), the coordinate v
_TINY = 1e-3  # keeps poles and disc centres from having no normal


def _grid_triangles() -> NDArray[np.int64]:
    """Two triangles per cell; counter-clockwise where the normal is du x dv."""
    corner = (np.arange(LONG - 1)[:, None] * SHORT + np.arange(SHORT - 1)).reshape(-1, 1)
    return np.concatenate([corner + np.array([0, SHORT, SHORT + 1]), corner + np.array([0, SHORT + 1, 1])]).astype(
        np.int64
    )


GRID_TRIANGLES = _grid_triangles()
GRID_UV = np.stack(np.broadcast_arrays(ALONG, ACROSS), -1)


@dataclass(frozen=True, eq=False)
class Patch:
    """One sheet of a scene.

    Attributes:
        vertices: (LONG,SHORT,3) float64, mm, model frame; seen from the side to which du x dv points.
        texture: (h,w,3) float32, colour as displayed in an even white light, 0..1; columns follow u, rows follow v.
        part: name of the CelebAMask-HQ part it belongs to; "" where that data set has none (hands, objects).
        occluder: kind of occluder it belongs to; "" for what belongs to the person (body, clothes, hair).
        gloss: strength of the highlight.
        uv: (LONG,SHORT,2) float64, place in the texture, 0..1; the grid's own coordinates where not given.
        normals: (LONG,SHORT,3) float64, outward unit normals, computed.
    """

    vertices: Array
    texture: Texture
    part: str
    occluder: str = ""
    gloss: float = 0.0
    uv: Array = field(default_factory=lambda: GRID_UV)
    normals: Array = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "normals", grid_normals(self.vertices))


def grid_normals(vertices: Array) -> Array:
    """Unit normals (LONG,SHORT,3) of a grid, towards du x dv."""
    normal = np.cross(np.gradient(vertices, axis=0), np.gradient(vertices, axis=1))
    normals: Array = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
    return normals


def facing_out(vertices: Array, inside: ArrayLike) -> Array:
    """Return the grid, mirrored across v where needed, so that its normals point away from the point `inside` (3,)."""
    outward = (grid_normals(vertices) * (vertices - np.asarray(inside, dtype=float))).sum()
    return vertices if outward >= 0 else vertices[:, ::-1]


def frontal_uv(vertices: Array) -> Array:
    """Texture coordinates (LONG,SHORT,2) by position in the frontal plane: u to the right, v downwards."""
    low, high = vertices[..., :2].min((0, 1)), vertices[..., :2].max((0, 1))
    place = (vertices[..., :2] - low) / np.maximum(high - low, _TINY)
    return np.stack([place[..., 0], 1 - place[..., 1]], -1)


def plain(colour: ArrayLike) -> Texture:
    """A texture (1,1,3) of one colour."""
    return np.clip(np.asarray(colour, dtype=np.float32), 0, 1).reshape(1, 1, 3)


def unit(vector: ArrayLike) -> Array:
    """The vector (3,) at length 1."""
    vector = np.asarray(vector, dtype=float)
    scaled: Array = vector / np.linalg.norm(vector)
    return scaled


def smooth_depth(points: Array, surface: Array, width: float) -> Array:
    """Depth z (n,) of the points (m,3) of a surface nearest to points (n,2) of the frontal plane, over `width` mm."""
    squared = ((points[:, None] - surface[None, :, :2]) ** 2).sum(-1)
    weight = np.exp(-(squared - squared.min(1, keepdims=True)) / (2 * width**2))
    depth: Array = (weight * surface[:, 2]).sum(1) / weight.sum(1)
    return depth


def ellipsoid(centre: ArrayLike, radii: ArrayLike, axes: ArrayLike | None = None) -> Array:
    """Closed ellipsoid: radii (3,) in mm along the rows of `axes` (3,3), the model axes by default."""
    longitude = 2 * np.pi * ALONG
    latitude = (np.pi - 2 * _TINY) * (ACROSS - 0.5)
    ball = np.stack(
        [np.cos(latitude) * np.sin(longitude), np.sin(latitude) + 0 * longitude, np.cos(latitude) * np.cos(longitude)],
        -1,
    )
    local = ball * np.asarray(radii, dtype=float)
    turned = local if axes is None else local @ np.asarray(axes, dtype=float)
    return facing_out(np.asarray(centre, dtype=float) + turned, centre)


def tube(path: ArrayLike, radii: ArrayLike, flat: float = 1.0) -> Array:
    """Tube with round ends along a path.

    Args:
        path: (k,3) points in mm, k >= 2, resampled at equal parameter steps.
        radii: one radius in mm or (k,) radii.
        flat: thickness across the depth (z) over thickness across the image; 1 is round.
    """
    path = np.asarray(path, dtype=float)
    radii = np.broadcast_to(np.asarray(radii, dtype=float), len(path))
    # Half of the steps lie in the round ends, where the radius changes fastest.
    along = 0.5 - 0.5 * np.cos(np.pi * ALONG[:, 0])
    knots = np.linspace(0, 1, len(path))
    centre = np.stack([np.interp(along, knots, path[:, axis]) for axis in range(3)], -1)
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    radius = np.interp(along, knots, radii)
    to_end = np.minimum(along, 1 - along) * length
    radius = radius * np.sqrt(np.clip(1 - np.clip(1 - to_end / radius, 0, 1) ** 2, _TINY**2, 1))
    tangent = np.gradient(np.stack([np.interp(ALONG[:, 0], knots, path[:, axis]) for axis in range(3)], -1), axis=0)
    side = np.cross(tangent, [0, 0, 1.0])
    side = np.where(np.linalg.norm(side, axis=1, keepdims=True) < 1e-6, np.array([1.0, 0, 0]), side)
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    depth = np.cross(side, tangent)
    depth /= np.linalg.norm(depth, axis=1, keepdims=True)
    angle = 2 * np.pi * ACROSS[..., None]
    rim = np.cos(angle) * side[:, None] + flat * np.sin(angle) * depth[:, None]
    grid = centre[:, None] + radius[:, None, None] * rim
    outward = (grid_normals(grid) * rim).sum()
    facing: Array = grid if outward >= 0 else grid[:, ::-1]
    return facing


def disc(centre: ArrayLike, right: ArrayLike, up: ArrayLike, outline: Array, dome: float = 0.0) -> Array:
    """Plate facing along right x up with an outline of any star shape.

    Args:
        centre: (3,) mm.
        right: (3,) unit vector of the outline's x.
        up: (3,) unit vector of the outline's y.
        outline: (LONG,2) in mm around the centre, counter-clockwise, first point repeated last.
        dome: how far the middle stands out, mm.
    """
    right, up = np.asarray(right, dtype=float), np.asarray(up, dtype=float)
    share = _TINY + (1 - _TINY) * ACROSS[..., None]
    flat = share * (outline[:, None, :1] * right + outline[:, None, 1:] * up)
    raised = (dome * (1 - share**2)) * np.cross(right, up)
    grid = np.asarray(centre, dtype=float) + flat + raised
    return facing_out(grid, np.asarray(centre, dtype=float) - 1e3 * np.cross(right, up))


def superellipse(half_width: float, half_height: float, power: float = 2.0) -> Array:
    """Outline (LONG,2) in mm: an ellipse at power 2, more and more a rectangle above."""
    angle = 2 * np.pi * ALONG[:, 0]
    cosine, sine = np.cos(angle), np.sin(angle)
    x = half_width * np.sign(cosine) * np.abs(cosine) ** (2 / power)
    y = half_height * np.sign(sine) * np.abs(sine) ** (2 / power)
    return np.stack([x, y], -1)
