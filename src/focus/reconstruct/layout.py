"""UV layout of a mesh: each connected part of it flat in a disc of its own."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from focus.errors import FocusError

CORNER = 0.085  # half the side of the square that each corner of the layout keeps for small parts


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
    angle = np.linspace(0, 2 * np.pi, len(loop), endpoint=False)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    uv = _in_the_mean_of_neighbours(laplacian(triangles, len(vertices)), loop, circle)
    a, b, c = (uv[triangles[:, corner]] for corner in range(3))
    if ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum() < 0:  # seen from inside
        uv[:, 0] *= -1
    # In the plane the best rotation onto the frontal view is the direction of sum(conj(uv) xy), as complex numbers.
    place, view = uv @ (1, 1j), (vertices - vertices.mean(0))[:, :2] @ (1, 1j)
    turned = place * np.exp(1j * np.angle((np.conj(place) * view).sum()))
    return np.column_stack([turned.real, turned.imag])


def _in_the_mean_of_neighbours(laplacian: csr_array, fixed: np.ndarray, places: np.ndarray) -> np.ndarray:
    free = np.setdiff1d(np.arange(laplacian.shape[0]), fixed)
    uv = np.zeros((laplacian.shape[0], 2))
    uv[fixed] = places
    uv[free] = spsolve(laplacian[free][:, free].tocsc(), -laplacian[free][:, fixed] @ places)
    return uv


def laplacian(triangles: np.ndarray, count: int) -> csr_array:
    """Return the graph Laplacian (V,V) of a mesh: x' L x is the sum of squared differences over its edges."""
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ends = np.unique(np.concatenate([ends, ends[:, ::-1]]), axis=0)
    adjacency = coo_array((np.ones(len(ends)), ends.T), shape=(count, count)).tocsr()
    return (diags_array(adjacency.sum(1)) - adjacency).tocsr()
