"""UV layout and texture: the photograph where the face is visible and inlier, the model's albedo elsewhere."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt

from focus.errors import FocusError
from focus.reconstruct.occlusion import extended
from focus.reconstruct.photo_view import PhotoCamera, draw, sample
from focus.reconstruct.reconstructor import Face
from focus.rendering import Topology

TEXTURE_SIDE = 512
DEPTH_SIDE = 256  # pixels of the depth map, over the longer side of the face, that tells what is hidden
CORNER = 0.085  # half the side of the square that each corner of the layout keeps for small parts
HIDDEN_MM = 4.0  # a point further than this behind the depth map is hidden
FACING = (0.15, 0.45)  # cosine of the angle to the viewer from which the photograph counts, and counts in full


def uv_layout(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return texture coordinates (V,2) in [0,1], u right, v up, one for each vertex: no seams, no overlaps.

    vertices (V,3) mm only turn the layout, so that the face is upright in it.

    Each connected part of the mesh has a disc of its own: the largest one in the middle, the others (eyeballs) in the
    corners. Raises FocusError for a part without boundary.
    """
    parts = _parts(triangles)
    uv = np.zeros((len(vertices), 2))
    for part, (radius, centre) in zip(parts, _discs(len(parts)), strict=True):
        numbers = np.unique(part)
        own = np.searchsorted(numbers, part)
        uv[numbers] = radius * _disc_layout(vertices[numbers], own) + centre
    return uv


def _parts(triangles: np.ndarray) -> list[np.ndarray]:
    """Return the triangles of each connected part, the largest first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = int(triangles.max()) + 1
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]]]).T
    _, labels = connected_components(coo_array((np.ones(ends.shape[1]), ends), shape=(count, count)), directed=False)
    of_triangle = labels[triangles[:, 0]]
    sizes = np.bincount(of_triangle)
    order = np.argsort(-sizes, kind="stable")
    return [triangles[of_triangle == label] for label in order if sizes[label]]


def _discs(count: int) -> list[tuple[float, np.ndarray]]:
    """Return (radius, centre) of `count` discs in the unit square that do not meet: one in the middle, then corners."""
    rows = max(1, int(np.ceil(np.sqrt((count - 1) / 4))))  # of discs in a corner
    cell = 2 * CORNER / rows
    places = (np.arange(rows) + 0.5) * cell
    corners = [
        np.array([x if left else 1 - x, y if low else 1 - y])
        for x in places
        for y in places
        for left in (True, False)
        for low in (True, False)
    ]
    return [(0.49, np.array([0.5, 0.5])), *((0.44 * cell, place) for place in corners)][:count]


def _disc_layout(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return one part's places (V,2) in the unit disc, upright.

    Tutte's embedding (the uniform harmonic map): the longest boundary lies on a circle, each other vertex in the mean
    of its neighbours. No triangle is turned over; what hangs on the rest by two vertices lies flat on their line.
    """
    import igl

    loops = igl.boundary_loop_all(np.ascontiguousarray(triangles, np.int64))
    if not len(loops):
        raise FocusError("face model: found a closed mesh, expected one with a boundary to lay out a texture")
    loop = np.asarray(max(loops, key=len), np.int64)
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    angle = np.linspace(0, 2 * np.pi, len(loop), endpoint=False)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    uv = _in_the_mean_of_neighbours(len(vertices), edges, loop, circle)
    a, b, c = (uv[triangles[:, corner]] for corner in range(3))
    if ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() < 0:  # seen from inside
        uv[:, 0] *= -1
    # In the plane the best rotation onto the frontal view is the direction of sum(conj(uv) xy), as complex numbers.
    place, view = uv @ (1, 1j), (vertices - vertices.mean(0))[:, :2] @ (1, 1j)
    turned = place * np.exp(1j * np.angle((np.conj(place) * view).sum()))
    return np.column_stack([turned.real, turned.imag])


def _in_the_mean_of_neighbours(count: int, edges: np.ndarray, fixed: np.ndarray, places: np.ndarray) -> np.ndarray:
    from scipy.sparse import coo_array, diags_array
    from scipy.sparse.linalg import spsolve

    adjacency = coo_array((np.ones(len(edges)), edges.T), shape=(count, count)).tocsr()
    laplacian = (diags_array(adjacency.sum(1)) - adjacency).tocsr()
    free = np.setdiff1d(np.unique(edges), fixed)
    uv = np.zeros((count, 2))
    uv[fixed] = places
    uv[free] = spsolve(laplacian[free][:, free].tocsc(), -laplacian[free][:, fixed] @ places)
    return uv


class TextureBaker:
    """Textures and vertex colours for meshes of one topology."""

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray, topology: Topology) -> None:
        """`vertices` (V,3) mm of the mean face, `triangles` (F,3), and the same as a topology."""
        self.topology, self.uv = topology, uv_layout(vertices, triangles)
        column, row = self.uv[:, 0] * TEXTURE_SIDE - 0.5, (1 - self.uv[:, 1]) * TEXTURE_SIDE - 0.5
        self.texels = np.column_stack([column, row, np.ones(len(self.uv))])
        middle = self._spread(np.zeros((len(self.uv), 1)))[1]
        self.nearest = distance_transform_edt(~middle, return_distances=False, return_indices=True)

    def texture(self, photo: np.ndarray, face: Face, camera: PhotoCamera) -> np.ndarray:
        """Return the texture (T,T,3) uint8 sRGB; row 0 is v = 1, and texels outside the layout repeat their nearest."""
        points = camera.project(face.posed)
        weights = self.photo_share(face, camera)
        spread, drawn = self._spread(np.column_stack([points[:, :2], weights, face.albedo]))
        inside = spread[drawn]
        colours = self._mix(photo, inside[:, :2], inside[:, 2] * inlier(face, inside[:, :2]), inside[:, 3:])
        texture = np.zeros((TEXTURE_SIDE, TEXTURE_SIDE, 3), np.uint8)
        texture[drawn] = np.rint(colours * 255).astype(np.uint8)
        filled: np.ndarray = texture[tuple(self.nearest)]
        return filled

    def vertex_colours(self, photo: np.ndarray, face: Face, camera: PhotoCamera) -> np.ndarray:
        """Return colours (V,3) float32 0..1, by the same rule."""
        points = camera.project(face.posed)[:, :2]
        share = self.photo_share(face, camera) * inlier(face, points)
        return self._mix(photo, points, share, face.albedo)

    def photo_share(self, face: Face, camera: PhotoCamera) -> np.ndarray:
        """Return (V,) 0..1: how far a vertex is seen by the camera, by its normal and by a depth map."""
        points = camera.project(face.posed)
        low, extent = points[:, :2].min(0), np.ptp(points[:, :2], axis=0).max()
        scale = (DEPTH_SIDE - 1) / max(1e-6, extent)
        placed = np.column_stack([(points[:, :2] - low) * scale, points[:, 2]])
        depth = draw(placed, points[:, 2:], self.topology, DEPTH_SIDE, DEPTH_SIDE).paste(DEPTH_SIDE, DEPTH_SIDE)
        behind = np.where(depth[1], depth[0][..., 0], np.inf)
        cells = np.clip(np.rint(placed[:, :2]).astype(int), 0, DEPTH_SIDE - 1)
        seen = points[:, 2] <= behind[cells[:, 1], cells[:, 0]] + HIDDEN_MM
        share: np.ndarray = seen * np.clip(
            (facing(face, camera, self.topology) - FACING[0]) / (FACING[1] - FACING[0]), 0, 1
        )
        return share

    def _mix(self, photo: np.ndarray, points: np.ndarray, share: np.ndarray, albedo: np.ndarray) -> np.ndarray:
        height, width = photo.shape[:2]
        inside = ((points >= 0) & (points <= (width - 1, height - 1))).all(1)
        share = (share * inside)[:, None]
        mixed: np.ndarray = np.clip(share * sample(photo, points) / 255 + (1 - share) * albedo, 0, 1)
        return mixed

    def _spread(self, attributes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Spread vertex attributes (V,C) over the texels: (T,T,C), and where (T,T) bool."""
        return draw(self.texels, attributes, self.topology, TEXTURE_SIDE, TEXTURE_SIDE).paste(
            TEXTURE_SIDE, TEXTURE_SIDE
        )


def facing(face: Face, camera: PhotoCamera, topology: Topology) -> np.ndarray:
    """Return (V,) the cosine between each vertex's normal and the direction to the camera."""
    import torch

    from focus.rendering import vertex_normals

    seen = camera.to_camera(face.posed)
    normals = vertex_normals(torch.from_numpy(seen).float()[None], topology)[0].numpy()
    towards = -seen / np.linalg.norm(seen, axis=1, keepdims=True)
    cosine: np.ndarray = (normals * towards).sum(1)
    return cosine


def inlier(face: Face, points: np.ndarray) -> np.ndarray:
    """Return (N,) 0..1: M at points (N,2) px of the photograph, steep around a half."""
    in_crop = face.transform.to_crop(points)
    inside = ((in_crop >= -0.5) & (in_crop <= face.transform.size - 0.5)).all(1)
    mask = sample(extended(face.mask, face.rendered)[..., None], in_crop)[:, 0]
    return inside * np.clip((mask - 0.4) / 0.2, 0, 1)
