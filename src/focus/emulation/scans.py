"""Emulated 3D scans: the person's neutral face as a scanner in front sees it, with detail no fitted model has."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import numpy as np
import torch
from numpy.typing import NDArray

from focus.face_model.heads import Template
from focus.rendering import Topology, interpolate, rasterize

_WRINKLES_MM, _NOISE_MM = 0.25, 0.05  # standard deviations of fine relief and of the scanner's error
_WRINKLE_LENGTHS_MM = (5.0, 9.0)
_PICKING_MM = 0.2  # error of a person who clicks a landmark
_TILT = 0.2  # radians, largest roll of the scanner
_LONGEST = 4.0  # edges of a scan, in spacings: what is steeper than that from the front is a hole
_FAR_MM = 1000.0


def scan(
    template: Template, neutral: NDArray[np.floating], spacing_mm: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return a scan: vertices (S,3) float64 mm (x right, y up, z forward) and triangles (F,3) int64.

    Vertices are the foremost points of the face on a square lattice over the frontal plane, moved along z by fine
    relief and noise; sides that fall away, as beside the nose and in the nostrils, are holes.

    neutral: (V,3) mm, the person's neutral head on the template. spacing_mm: of the lattice; 2.7 gives about 3,000
    vertices. rng: source of the lattice's place, of relief and of noise.
    """
    points, seen = _front_view(template, np.asarray(neutral, dtype=float), spacing_mm, rng)
    triangles = _lattice_triangles(seen)
    corners = points.reshape(-1, 3)[triangles]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=-1).max(1)
    triangles = triangles[longest < _LONGEST * spacing_mm]
    used = np.unique(triangles)
    vertices = points.reshape(-1, 3)[used]
    vertices[:, 2] += _relief(vertices[:, :2], rng) + rng.normal(0, _NOISE_MM, len(vertices))
    return vertices, np.searchsorted(used, triangles)


def _front_view(
    template: Template, neutral: NDArray[np.floating], spacing: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The foremost points (h,w,3) mm on a lattice of random place and roll, and where there are any (h,w)."""
    angle = rng.uniform(-_TILT, _TILT)
    roll = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    place = neutral[:, :2] @ roll.T * (1, -1) / spacing
    place -= place[np.unique(template.face_triangles)].min(0) - rng.uniform(0.5, 1.5, 2)
    width, height = (int(np.ceil(side)) + 1 for side in place[np.unique(template.face_triangles)].max(0))
    pixels = np.column_stack([place, _FAR_MM - neutral[:, 2]]).astype(np.float32)
    topology = Topology(torch.from_numpy(template.face_triangles))
    points = torch.from_numpy(pixels)[None]
    seen = rasterize(points, topology, height, width)
    surface = interpolate(points, torch.from_numpy(neutral.astype(np.float32))[None], topology, seen)
    return surface[0].double().numpy(), seen[0].numpy() >= 0


def _lattice_triangles(seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Two triangles (F,3) a cell of a lattice (h,w) whose corners are seen, counter-clockwise with rows downwards."""
    number = np.arange(seen.size).reshape(seen.shape)
    a, b, c, d = (
        number[rows, columns].ravel() for rows in (np.s_[:-1], np.s_[1:]) for columns in (np.s_[:-1], np.s_[1:])
    )
    triangles = np.concatenate([np.stack([a, c, b], -1), np.stack([b, c, d], -1)])
    kept: NDArray[np.int64] = triangles[seen.reshape(-1)[triangles].all(1)]
    return kept


def _relief(place: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float64]:
    """Smooth random relief (S,) mm at points (S,2), standard deviation _WRINKLES_MM, by random Fourier features."""
    relief = np.zeros(len(place))
    for length in _WRINKLE_LENGTHS_MM:
        waves, phase = rng.normal(0, 1 / length, (2, 48)), rng.uniform(0, 2 * np.pi, 48)
        relief += np.cos(place @ waves + phase) @ rng.standard_normal(48) * np.sqrt(2 / 48)
    scaled: NDArray[np.float64] = relief * _WRINKLES_MM / np.sqrt(len(_WRINKLE_LENGTHS_MM))
    return scaled


def picked_points(template: Template, neutral: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.float64]:
    """NoW's seven landmarks (7,3) in mm as a person would pick them on the scan."""
    return np.asarray(neutral, dtype=float)[template.landmarks_now] + rng.normal(0, _PICKING_MM, (7, 3))


def picked_points_xml(points: NDArray[np.floating], mesh_name: str) -> str:
    """MeshLab's PickedPoints document (.pp) for points (7,3) picked on the mesh file `mesh_name`."""
    rows = [
        f' <point x="{x:.6f}" y="{y:.6f}" z="{z:.6f}" active="1" name="{number}"/>'
        for number, (x, y, z) in enumerate(points)
    ]
    head = ["<!DOCTYPE PickedPoints>", "<PickedPoints>", " <DocumentData>"]
    head += [f"  <DataFileName name={quoteattr(mesh_name)}/>", '  <templateName name=""/>', " </DocumentData>"]
    return "\n".join([*head, *rows, "</PickedPoints>"]) + "\n"
