"""The reconstruction in the photograph's own pixels: its camera there, and the mesh drawn at full resolution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from focus.datasets.crop import CropTransform
from focus.rendering import Camera, Topology, interpolate, rasterize, rotation_matrix, shade, vertex_normals
from focus.rendering.camera import DISTANCE_MM

PIXELS_AT_ONCE = 2_000_000  # drawn together, which bounds the memory for a photograph of any size


@dataclass(frozen=True)
class PhotoCamera:
    """A pinhole camera in pixels of the photograph: pixel ~ matrix (rotation X + translation).

    matrix (3,3): focal lengths and principal point, px, integer coordinates at pixel centres; rotation (3,3)
    turns the model frame (x right, y up, z to the viewer) into the camera frame (x right, y down, z forward);
    translation (3,) mm.
    """

    matrix: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray

    @classmethod
    def of(cls, pose: Tensor, transform: CropTransform) -> PhotoCamera:
        """Return the camera of a pose (1,6) that was found in a crop."""
        crop = Camera(transform.size)
        sx, sy = np.array(transform.resized, float) / transform.original
        centre = transform.to_original(np.array([crop.centre, crop.centre]))
        matrix = np.array([[crop.focal / sx, 0, centre[0]], [0, crop.focal / sy, centre[1]], [0, 0, 1]])
        rotation = rotation_matrix(pose[:, :3].double())[0].numpy()
        return cls(matrix, rotation, pose[0, 3:].double().numpy() + np.array([0, 0, DISTANCE_MM]))

    def to_camera(self, vertices: np.ndarray) -> np.ndarray:
        """Return vertices (V,3) mm in the camera frame."""
        moved: np.ndarray = vertices @ self.rotation.T + self.translation
        return moved

    def project(self, vertices: np.ndarray) -> np.ndarray:
        """Return (V,3): x, y in pixels of the photograph, depth in mm."""
        seen = self.to_camera(vertices)
        pixels = seen @ self.matrix.T
        return np.concatenate([pixels[:, :2] / pixels[:, 2:], seen[:, 2:]], axis=1)


@dataclass(frozen=True, eq=False)
class Drawing:
    """A part of the photograph: values (h,w,C) float32, 0 where nothing is drawn, drawn (h,w) bool, corner (x, y)."""

    values: np.ndarray
    drawn: np.ndarray
    corner: tuple[int, int]

    def paste(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Return values (H,W,C) and drawn (H,W) of the whole photograph."""
        values, drawn = (pasted(part, self.corner, height, width) for part in (self.values, self.drawn))
        return values, drawn


def pasted(part: np.ndarray, corner: tuple[int, int], height: int, width: int) -> np.ndarray:
    """Return an image of height x width pixels that is 0 around a part (h,w[,C]) with this corner (x, y)."""
    whole = np.zeros((height, width, *part.shape[2:]), part.dtype)
    x, y = corner
    whole[y : y + len(part), x : x + part.shape[1]] = part
    return whole


@dataclass(frozen=True, eq=False)
class Placed:
    """A mesh in an image, ready to be drawn: the part of the image that holds it, and which triangle each pixel sees.

    corner: x, y of the part, px; shape: its rows and columns; bands: rows from .. to, the points (1,V,3) as seen from
    the first of them, the triangles (1,h,w) of `rasterize`. They are worked out as they are drawn, unless `kept`.
    """

    topology: Topology
    corner: tuple[int, int]
    shape: tuple[int, int]
    bands: Iterable[tuple[slice, Tensor, Tensor]]

    @classmethod
    def of(cls, points: np.ndarray, topology: Topology, height: int, width: int) -> Placed:
        """Place projected points (V,3) in an image of height x width pixels. It can be drawn once."""
        low = np.clip(np.floor(points[:, :2].min(0)), 0, (width, height)).astype(int)
        high = np.clip(np.ceil(points[:, :2].max(0)) + 1, low, (width, height)).astype(int)
        (columns, rows), (left, top) = (high - low).tolist(), low.tolist()

        def bands() -> Iterator[tuple[slice, Tensor, Tensor]]:
            step = max(1, PIXELS_AT_ONCE // max(1, columns))
            for first in range(0, rows if columns else 0, step):
                band = slice(first, min(rows, first + step))
                moved = torch.from_numpy((points - (left, top + band.start, 0)).astype(np.float32))[None]
                yield band, moved, rasterize(moved, topology, band.stop - band.start, columns)

        return cls(topology, (left, top), (rows, columns), bands())

    def kept(self) -> Placed:
        """Return the same with all of its triangles in memory, to be drawn many times."""
        return replace(self, bands=list(self.bands))

    def draw(self, attributes: np.ndarray) -> Drawing:
        """Draw vertex attributes (V,C)."""
        values = np.zeros((*self.shape, attributes.shape[1]), np.float32)
        drawn = np.zeros(self.shape, bool)
        colours = torch.from_numpy(np.ascontiguousarray(attributes, np.float32))[None]
        for band, points, faces in self.bands:
            values[band] = interpolate(points, colours, self.topology, faces)[0].numpy()
            drawn[band] = (faces[0] >= 0).numpy()
        return Drawing(values, drawn, self.corner)


def lit_colours(
    camera: PhotoCamera, vertices: np.ndarray, albedo: np.ndarray, light: Tensor, topology: Topology
) -> np.ndarray:
    """Return the rendered colours (V,3) float32 of a mesh (V,3) mm under light (1,27): albedo times irradiance."""
    seen = torch.from_numpy(camera.to_camera(vertices)).float()[None]
    lit: np.ndarray = albedo * shade(vertex_normals(seen, topology), light)[0].numpy()
    return lit


def sample(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return an image (H,W,C) at points (N,2) px, bilinear, float32 (N,C); points outside take the nearest edge."""
    height, width = image.shape[:2]
    x, y = np.clip(points[:, 0], 0, width - 1), np.clip(points[:, 1], 0, height - 1)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = (x - x0)[:, None], (y - y0)[:, None]
    upper = image[y0, x0] * (1 - fx) + image[y0, x1] * fx
    lower = image[y1, x0] * (1 - fx) + image[y1, x1] * fx
    mixed: np.ndarray = (upper * (1 - fy) + lower * fy).astype(np.float32)
    return mixed
