"""Emulated 3D scans: the person's neutral face on a mesh of its own, with detail no fitted model has."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CloughTocher2DInterpolator
from scipy.spatial import Delaunay, cKDTree

from focus.face_model.embedded import Template
from focus.face_model.polygon import inside_polygon

_WRINKLES_MM, _NOISE_MM = 0.25, 0.05  # standard deviations of fine relief and of the scanner's error
_WRINKLE_LENGTHS_MM = (5.0, 9.0)
_PICKING_MM = 0.2  # error of a person who clicks a landmark


def scan(
    template: Template, rim: NDArray[np.int64], neutral: NDArray, spacing_mm: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return a scan: vertices (S,3) float64 mm (x right, y up, z forward) and triangles (F,3) int64.

    Vertices lie on a jittered lattice over the frontal plane, on a smooth (C1) surface through the person's vertices,
    moved along z by fine relief and noise.

    Args:
        template: on which the person was drawn.
        rim: (n,) vertex ids of its oval, in order.
        neutral: (V,3) mm, the person's neutral face.
        spacing_mm: of the lattice; 2.7 gives about 3,000 vertices.
        rng: source of jitter, relief and noise.
    """
    oval = template.xy[rim]
    place = _lattice(oval, spacing_mm, rng)
    surface = CloughTocher2DInterpolator(Delaunay(template.xy), np.asarray(neutral, dtype=float))
    vertices = surface(place)
    known = np.isfinite(vertices).all(1)
    place, vertices = place[known], vertices[known]
    vertices[:, 2] += _relief(place, rng) + rng.normal(0, _NOISE_MM, len(place))
    triangles = Delaunay(place).simplices.astype(np.int64)
    corners = place[triangles]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    turn = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    triangles[turn < 0] = triangles[turn < 0][:, ::-1]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=-1).max(1)
    kept = inside_polygon(corners.mean(1), oval) & (longest < 4 * spacing_mm) & (np.abs(turn) > 1e-6)
    used = np.unique(triangles[kept])
    return vertices[used], np.searchsorted(used, triangles[kept])


def _lattice(oval: NDArray, spacing: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A jittered triangular lattice (S,2) inside an oval (n,2), with points along the oval itself."""
    (left, bottom), (right, top) = oval.min(0), oval.max(0)
    y = np.arange(bottom, top, spacing * np.sqrt(0.75))
    x = np.arange(left, right, spacing)
    grid_x = x[None, :] + 0.5 * spacing * (np.arange(len(y)) % 2)[:, None]
    points = np.stack([grid_x, np.broadcast_to(y[:, None], grid_x.shape)], -1).reshape(-1, 2)
    points = points + rng.uniform(-0.2, 0.2, points.shape) * spacing
    points = points[inside_polygon(points, oval)]
    edge = oval * (1 - 1e-3)  # just inside, so that the surface is known there
    return np.concatenate([points[cKDTree(edge).query(points)[0] > 0.5 * spacing], edge])


def _relief(place: NDArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """Smooth random relief (S,) in mm with standard deviation _WRINKLES_MM, by random Fourier features."""
    relief = np.zeros(len(place))
    for length in _WRINKLE_LENGTHS_MM:
        waves, phase = rng.normal(0, 1 / length, (2, 48)), rng.uniform(0, 2 * np.pi, 48)
        relief += np.cos(place @ waves + phase) @ rng.standard_normal(48) * np.sqrt(2 / 48)
    return relief * _WRINKLES_MM / np.sqrt(len(_WRINKLE_LENGTHS_MM))


def picked_points(template: Template, neutral: NDArray, rng: np.random.Generator) -> NDArray[np.float64]:
    """NoW's seven landmarks (7,3) in mm as a person would pick them on the scan."""
    return np.asarray(neutral, dtype=float)[template.landmarks_now] + rng.normal(0, _PICKING_MM, (7, 3))


def picked_points_xml(points: NDArray, mesh_name: str) -> str:
    """MeshLab's PickedPoints document (.pp) for points (7,3) picked on the mesh file `mesh_name`."""
    rows = [
        f' <point x="{x:.6f}" y="{y:.6f}" z="{z:.6f}" active="1" name="{number}"/>'
        for number, (x, y, z) in enumerate(points)
    ]
    head = ["<!DOCTYPE PickedPoints>", "<PickedPoints>", " <DocumentData>"]
    head += [f"  <DataFileName name={quoteattr(mesh_name)}/>", '  <templateName name=""/>', " </DocumentData>"]
    return "\n".join([*head, *rows, "</PickedPoints>"]) + "\n"
