"""The texture: the photograph where it shows the face, elsewhere the model's lit colour, brought to the photograph's.

A part of the face is shown where it faces the camera, nothing of the mesh lies before it, and the photograph shows the
face there (`focus.reconstruct.shown`). What is not shown gets the rendered colour times a smooth gain: that of the
parts shown around it.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from scipy.sparse import diags_array
from scipy.sparse.linalg import splu

from focus.reconstruct.layout import laplacian, uv_layout
from focus.reconstruct.photo_view import PhotoCamera, Placed, lit_colours, sample
from focus.reconstruct.reconstructor import Face
from focus.reconstruct.shown import ramp, shown_share
from focus.rendering import Topology, vertex_normals

TEXTURE_SIDE = 512
DEPTH_SIDE = 256  # pixels of the depth map, over the longer side of the face, that tells what is hidden
HIDDEN_MM = 4.0  # a point further than this behind the depth map is hidden
FACING = (0.2, 0.5)  # cosine of the angle to the viewer from which the photograph counts, and counts in full
SMOOTHNESS = 30.0  # of the gain: how much two neighbours weigh against what one vertex shows
SHADES = (0.05, 0.95)  # quantiles of the shown parts' shading that bound the others'
ANCHOR = 0.02  # of the gain to its mean, so that it does not run away where nothing is shown
DARKEST = 0.04  # of a colour 0..1, so that the gain of black stays finite
LARGEST_GAIN = 2.5


class TextureBaker:
    """Textures and vertex colours for meshes of one topology."""

    def __init__(self, vertices: np.ndarray, triangles: np.ndarray, topology: Topology) -> None:
        """`vertices` (V,3) mm of the mean face, `triangles` (F,3), and the same as a topology."""
        self.topology, self.uv = topology, uv_layout(vertices, triangles)
        self.laplacian = laplacian(triangles, len(vertices))
        column, row = self.uv[:, 0] * TEXTURE_SIDE - 0.5, (1 - self.uv[:, 1]) * TEXTURE_SIDE - 0.5
        self.texels = np.column_stack([column, row, np.ones(len(self.uv))])
        self.placed = Placed.of(self.texels, topology, TEXTURE_SIDE, TEXTURE_SIDE).kept()
        middle = self._spread(np.zeros((len(self.uv), 1)))[1]
        self.nearest = distance_transform_edt(~middle, return_distances=False, return_indices=True)

    def bake(self, photo: np.ndarray, face: Face, camera: PhotoCamera) -> tuple[np.ndarray, np.ndarray]:
        """Return the texture (T,T,3) uint8 sRGB and vertex colours (V,3) float32 0..1 of a face in its photograph.

        Row 0 of the texture is v = 1; texels outside the layout repeat their nearest.
        """
        points, seen, inside = camera.project(face.posed), self.seen(face, camera), shown_share(photo, face)
        own = seen * at_points(inside, face, points[:, :2]) * within(photo, points[:, :2])
        fill = self.fill(photo, face, camera, points, own)
        spread, drawn = self._spread(np.column_stack([points[:, :2], seen, fill]))
        place, weight, colour = np.split(spread[drawn], [2, 3], axis=1)
        share = weight[:, 0] * at_points(inside, face, place) * within(photo, place)
        texture = np.zeros((TEXTURE_SIDE, TEXTURE_SIDE, 3), np.uint8)
        texture[drawn] = np.rint(mixed(photo, place, share, colour) * 255).astype(np.uint8)
        return texture[tuple(self.nearest)], mixed(photo, points[:, :2], own, fill)

    def seen(self, face: Face, camera: PhotoCamera) -> np.ndarray:
        """Return (V,) 0..1: how far a vertex is seen by the camera, by its normal and by a depth map."""
        points = camera.project(face.posed)
        low, extent = points[:, :2].min(0), np.ptp(points[:, :2], axis=0).max()
        scale = (DEPTH_SIDE - 1) / max(1e-6, extent)
        placed = np.column_stack([(points[:, :2] - low) * scale, points[:, 2]])
        depth = (
            Placed.of(placed, self.topology, DEPTH_SIDE, DEPTH_SIDE).draw(points[:, 2:]).paste(DEPTH_SIDE, DEPTH_SIDE)
        )
        behind = np.where(depth[1], depth[0][..., 0], np.inf)
        cells = np.clip(np.rint(placed[:, :2]).astype(int), 0, DEPTH_SIDE - 1)
        visible = points[:, 2] <= behind[cells[:, 1], cells[:, 0]] + HIDDEN_MM
        share: np.ndarray = visible * ramp(facing(face, camera, self.topology), FACING)
        return share

    def fill(
        self, photo: np.ndarray, face: Face, camera: PhotoCamera, points: np.ndarray, shown: np.ndarray
    ) -> np.ndarray:
        """Return (V,3) the lit model colour times the smooth gain that brings what is `shown` (V,) to the photograph.

        The gain's logarithm x minimises sum_v shown_v (x_v - r_v)^2 + SMOOTHNESS sum_edges (x_u - x_v)^2
        + ANCHOR sum_v (x_v - m)^2, where r is the logarithm of photograph over model, m its mean over what is shown.
        """
        white = np.ones_like(face.albedo)
        shading = lit_colours(camera, face.posed, white, face.parameters.light, self.topology)
        lit = np.clip(face.albedo * evened(shading, shown), DARKEST, None)
        ratio = np.log(np.clip(sample(photo, points[:, :2]) / 255, DARKEST, None) / lit)
        ratio = np.clip(ratio, -np.log(LARGEST_GAIN), np.log(LARGEST_GAIN))
        mean = (shown[:, None] * ratio).sum(0) / (shown.sum() + 1)  # nothing shown: no gain
        system = SMOOTHNESS * self.laplacian + diags_array(shown + ANCHOR)
        gain = splu(system.tocsc()).solve(shown[:, None] * ratio + ANCHOR * mean)
        filled: np.ndarray = np.clip(lit * np.exp(gain), 0, 1).astype(np.float32)
        return filled

    def _spread(self, attributes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Spread vertex attributes (V,C) over the texels: (T,T,C), and where (T,T) bool."""
        return self.placed.draw(attributes).paste(TEXTURE_SIDE, TEXTURE_SIDE)


def evened(shading: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Return the shading (V,3) with one tint, and no darker or brighter than where the face is `shown` (V,).

    Light is found from what is shown; what it would do to the side that is not is extrapolated, in wild colours.
    """
    grey = shading.mean(1)
    seen = shown > 0.5 if (shown > 0.5).any() else np.ones(len(shown), bool)
    tint = shading[seen].sum(0) / max(1e-6, float(grey[seen].sum()))
    even: np.ndarray = np.clip(grey, *np.quantile(grey[seen], SHADES))[:, None] * tint
    return even


def at_points(picture: np.ndarray, face: Face, points: np.ndarray) -> np.ndarray:
    """Return (N,) a picture of the crop (S,S), S its side or finer, at points (N,2) px of the photograph, else 0."""
    in_picture = (face.transform.to_crop(points) + 0.5) * (len(picture) / face.transform.size) - 0.5
    inside = ((in_picture >= -0.5) & (in_picture <= len(picture) - 0.5)).all(1)
    return inside * sample(picture[..., None], in_picture)[:, 0]


def within(photo: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return (N,) bool: points (N,2) px in a photograph (H,W,3)."""
    last = np.array([photo.shape[1] - 1, photo.shape[0] - 1])
    return np.asarray(((points >= 0) & (points <= last)).all(1))


def mixed(photo: np.ndarray, points: np.ndarray, share: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """Return (N,3) 0..1 the photograph at points (N,2) px by its share (N,), the filling (N,3) for the rest."""
    colours: np.ndarray = np.clip(share[:, None] * sample(photo, points) / 255 + (1 - share[:, None]) * fill, 0, 1)
    return colours


def facing(face: Face, camera: PhotoCamera, topology: Topology) -> np.ndarray:
    """Return (V,) the cosine between each vertex's normal and the direction to the camera."""
    seen = camera.to_camera(face.posed)
    normals = vertex_normals(torch.from_numpy(seen).float()[None], topology)[0].numpy()
    towards = -seen / np.linalg.norm(seen, axis=1, keepdims=True)
    cosine: np.ndarray = (normals * towards).sum(1)
    return cosine
