"""From a scene (head, patches, light, pose, background) to a photograph with exact masks and landmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from focus.emulation.light import Light
from focus.emulation.patches import GRID_TRIANGLES, LONG, SHORT, Patch
from focus.face_model.heads import Template
from focus.face_model.heads.albedo import ALBEDO_SCALE
from focus.face_model.heads.mesh import FACE, PARTS, SCALP
from focus.rendering import Camera, Topology, interpolate, rasterize, rotation_matrix, shade, vertex_normals
from focus.rendering.camera import DISTANCE_MM

BATCH = 12  # scenes drawn at once: more gain nothing on a CPU
_GRID = LONG * SHORT
_SKIN_SHINE, _SHARPNESS = 0.45, 12  # highlight of skin and its exponent
_BACKGROUND, _FIRST_PATCH = -1, len(PARTS)  # layer numbers; those of the head are its parts


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything in front of the camera, before it is drawn.

    Attributes:
        vertices: (V,3) float32, mm, model frame: the head with its expression.
        albedo: (V,3) float32, in the renderer's unit.
        light: the light.
        pose: (6,) float32, as `focus.rendering.camera` takes it.
        patches: neck, hair, clothes and occluders, model frame; which hides which follows from depth.
        background: (height,width,3) float32, 0..1, at the size of the studio's canvas.
        rng: source of the camera's blur and noise.
    """

    vertices: NDArray[np.float32]
    albedo: NDArray[np.float32]
    light: Light
    pose: NDArray[np.float32]
    patches: list[Patch]
    background: NDArray[np.float32]
    rng: np.random.Generator


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph and what is true of it.

    Attributes:
        image: (H,W,3) uint8 RGB.
        parts: name of a CelebAMask-HQ part -> (H,W) bool; `skin` is every visible pixel of the face, and no pixel
            is in two parts. A part that is not seen is left out, but for `skin`.
        occluders: kind of occluder (a fringe is one) -> (H,W) bool, its visible pixels. Only those that hide some of
            the face are named, in alphabetical order.
        covered: (H,W) bool, occluders where they hide the face.
        landmarks: (68,2) float32, x and y in pixels (y down, pixel centres at integers), exact, hidden or not.
    """

    image: NDArray[np.uint8]
    parts: dict[str, NDArray[np.bool_]]
    occluders: dict[str, NDArray[np.bool_]]
    covered: NDArray[np.bool_]
    landmarks: NDArray[np.float32]

    @property
    def occluder_fraction(self) -> float:
        """Share of the face, as far as the camera would see it, that occluders hide."""
        hidden = int(self.covered.sum())
        return hidden / max(hidden + int(self.parts["skin"].sum()), 1)


def rim_of(triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Vertex ids (n,) along the longest closed edge of a mesh, in order: for the face, its oval."""
    directed = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    inner = {(int(b), int(a)) for a, b in directed}
    after = {int(a): int(b) for a, b in directed if (int(a), int(b)) not in inner}
    longest: list[int] = []
    while after:
        start, loop = next(iter(after)), []
        while start in after:
            loop.append(start)
            start = after.pop(start)
        longest = max(longest, loop, key=len)
    return np.array(longest, dtype=np.int64)


class Studio:
    """Takes photographs of one size.

    Args:
        template: gives triangles, parts and landmarks of the head.
        height: of the photographs, pixels.
        width: of the photographs, pixels. The camera of `focus.rendering.camera` has its size along the longer side.
        supersampling: each pixel is the mean of so many by so many.

    Attributes:
        rim, neck_rim: vertex ids along the edge of the face and along the lower edge of the neck.
        face, scalp: vertex ids of the face's outside and of the scalp.
    """

    def __init__(self, template: Template, height: int, width: int, supersampling: int = 1) -> None:
        self.template, self.height, self.width, self.supersampling = template, height, width, supersampling
        self.canvas = (height * supersampling, width * supersampling)
        self.rim = rim_of(template.face_triangles)
        self.neck_rim = rim_of(template.triangles)
        self.face, self.scalp = (np.unique(template.triangles[template.part == part]) for part in (FACE, SCALP))
        self.face = self.face[(template.masks["inside"] + template.masks["rim"])[self.face] == 0]
        self._camera = Camera(max(self.canvas))
        self._parts = torch.from_numpy(template.part)
        self._head_topology = Topology(torch.from_numpy(template.triangles))
        self._topologies: dict[int, Topology] = {}

    def take(self, scenes: Iterable[Scene]) -> Iterator[Photograph]:
        """Draw scenes in batches and yield their photographs in order."""
        remaining = iter(scenes)
        while batch := list(islice(remaining, BATCH)):
            values, layers, points = self._draw(batch)
            faces = self._bare_faces(batch, points)
            for index, scene in enumerate(batch):
                landmarks = self._landmarks(points[index].numpy())
                yield self._develop(scene, values[index], layers[index], faces[index], landmarks)

    def _topology(self, patches: int) -> Topology:
        if patches not in self._topologies:
            first = len(self.template.vertices)
            grids = [GRID_TRIANGLES + first + k * _GRID for k in range(patches)]
            triangles = np.concatenate([self.template.triangles, *grids])
            self._topologies[patches] = Topology(torch.from_numpy(triangles))
        return self._topologies[patches]

    @torch.no_grad()
    def _draw(self, scenes: list[Scene]) -> tuple[NDArray[np.float32], NDArray[np.int64], torch.Tensor]:
        """Rasterize scenes.

        Returns values (B,h,w,6) float32 = RGB light (for the head: finished colour), u, v, highlight; layers (B,h,w)
        int64; points (B,V,3) float32, the projected vertices of the head in pixels of the canvas, and their depth.
        """
        count = max(len(scene.patches) for scene in scenes)
        topology = self._topology(count)
        face = torch.from_numpy(np.stack([scene.vertices for scene in scenes]))
        sheets, sheet_normals, uv = (self._stack(scenes, count, name) for name in ("vertices", "normals", "uv"))
        pose = torch.from_numpy(np.stack([scene.pose for scene in scenes]))
        normals = torch.cat([vertex_normals(face, self._head_topology), sheet_normals], 1)
        normals = normals @ rotation_matrix(pose[:, :3]).transpose(1, 2)
        light = shade(normals, torch.from_numpy(np.stack([scene.light.coefficients for scene in scenes]))).clamp(
            min=0.05
        )
        halfway = np.stack([scene.light.direction - (0, 0, 1) for scene in scenes])  # half of lamp and viewer
        halfway /= np.linalg.norm(halfway, axis=1, keepdims=True)
        shine = torch.einsum("bvk,bk->bv", normals, torch.from_numpy(halfway.astype(np.float32)))
        shine = shine.clamp(min=0) ** _SHARPNESS
        shine *= torch.tensor([scene.light.highlight for scene in scenes])[:, None]

        albedo = torch.from_numpy(np.stack([scene.albedo for scene in scenes]))
        size = albedo.shape[1]
        light[:, :size] = light[:, :size] * albedo + _SKIN_SHINE * shine[:, :size, None]
        texture_place = torch.cat([face.new_zeros(*albedo.shape[:2], 2), uv], 1)
        attributes = torch.cat([light, texture_place, shine[..., None]], -1)
        points = self._camera.project(torch.cat([face, sheets], 1), pose)
        height, width = self.canvas
        points = points - points.new_tensor([(max(self.canvas) - width) / 2, (max(self.canvas) - height) / 2, 0])
        seen = rasterize(points, topology, height, width)
        values = interpolate(points, attributes, topology, seen)
        patches = _FIRST_PATCH + (seen - len(self._parts)) // len(GRID_TRIANGLES)
        layers = torch.where(seen < len(self._parts), self._part_seen(seen), patches)
        return values.numpy(), layers.numpy(), points[:, :size]

    def _part_seen(self, seen: torch.Tensor) -> torch.Tensor:
        """Part of the head (B,h,w) at each pixel that shows its triangle `seen`; _BACKGROUND where that is -1."""
        part = self._parts[seen.clamp(0, len(self._parts) - 1)]
        return torch.where(seen < 0, _BACKGROUND, part)

    @torch.no_grad()
    def _bare_faces(self, scenes: list[Scene], points: torch.Tensor) -> list[NDArray[np.bool_] | None]:
        """Where the camera would see the face (h,w) if nothing lay before the head; None where no occluder does."""
        hidden = [index for index, scene in enumerate(scenes) if any(patch.occluder for patch in scene.patches)]
        faces: list[NDArray[np.bool_] | None] = [None] * len(scenes)
        if hidden:
            seen = rasterize(points[hidden].contiguous(), self._head_topology, *self.canvas)
            for index, face in zip(hidden, (self._part_seen(seen) == FACE).numpy(), strict=True):
                faces[index] = face
        return faces

    def _stack(self, scenes: list[Scene], count: int, name: str) -> torch.Tensor:
        """One attribute of all patches (B, count * LONG * SHORT, C) float32; absent ones are a point, never drawn."""
        channels = 2 if name == "uv" else 3
        stacked = np.zeros((len(scenes), count, _GRID, channels), dtype=np.float32)
        for row, scene in zip(stacked, scenes, strict=True):
            for slot, patch in zip(row, scene.patches, strict=False):
                slot[:] = getattr(patch, name).reshape(_GRID, channels)
        return torch.from_numpy(stacked.reshape(len(scenes), count * _GRID, channels))

    def _develop(
        self,
        scene: Scene,
        values: NDArray[np.float32],
        layers: NDArray[np.int64],
        face: NDArray[np.bool_] | None,
        landmarks: NDArray[np.float32],
    ) -> Photograph:
        """Texture, shadows, blur and noise of one photograph; its masks."""
        image = scene.background.copy()
        head = (layers > _BACKGROUND) & (layers < _FIRST_PATCH)
        image[head] = values[head][:, :3]
        parts = {name: layers == part for part, name in enumerate(PARTS) if name}
        hiding: dict[str, NDArray[np.bool_]] = {}
        for number, patch in enumerate(scene.patches, start=_FIRST_PATCH):
            seen = np.flatnonzero(layers == number)
            if len(seen) == 0:
                continue
            image.reshape(-1, 3)[seen] = _paint(patch, values.reshape(-1, 6)[seen])
            for table, key in ((parts, patch.part), (hiding, patch.occluder)):
                if key:
                    table.setdefault(key, np.zeros(layers.shape, dtype=bool)).reshape(-1)[seen] = True
        casters = [patch.occluder or patch.part in ("hair", "hat") for patch in scene.patches]
        casting = np.isin(layers, _FIRST_PATCH + np.flatnonzero(casters))
        pixels_per_mm = self._camera.focal / (DISTANCE_MM + float(scene.pose[5]))
        image = _contact_shadow(image, casting, parts["skin"], 9 * pixels_per_mm)
        bare = self._shrink(face if face is not None else parts["skin"])
        whole = {name: self._shrink(mask) for name, mask in parts.items()}
        occluders = {name: self._shrink(hiding[name]) for name in sorted(hiding)}
        occluders = {name: mask for name, mask in occluders.items() if (mask & bare).any()}
        return Photograph(
            image=_expose(self._average(image), scene.rng),
            parts={name: mask for name, mask in whole.items() if name == "skin" or mask.any()},
            occluders=occluders,
            covered=bare & np.logical_or.reduce([np.zeros_like(bare), *occluders.values()]),
            landmarks=landmarks,
        )

    def _landmarks(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Landmarks in pixels of the photograph: canvas pixel i covers i/k of a pixel when k by k are averaged."""
        return ((points[self.template.landmarks68, :2] + 0.5) / self.supersampling - 0.5).astype(np.float32)

    def _average(self, image: NDArray[Any]) -> NDArray[np.float32]:
        k = self.supersampling
        return image if k == 1 else image.reshape(self.height, k, self.width, k, -1).mean((1, 3), dtype=np.float32)

    def _shrink(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A pixel belongs to what covers more than half of it, so no pixel belongs to two things."""
        return mask if self.supersampling == 1 else self._average(mask[..., None])[..., 0] > 0.5


def _paint(patch: Patch, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours (n,3) of pixels of a patch: texture (bilinear) times light plus highlight."""
    height, width, _ = patch.texture.shape
    if height * width == 1:
        colour = patch.texture.reshape(1, 3)
    else:
        x, y = np.clip(values[:, 3], 0, 1) * (width - 1), np.clip(values[:, 4], 0, 1) * (height - 1)
        left, top = np.minimum(x.astype(np.intp), width - 2), np.minimum(y.astype(np.intp), height - 2)
        fx, fy = (x - left)[:, None], (y - top)[:, None]
        flat, corner = patch.texture.reshape(-1, 3), top * width + left
        upper = flat[corner] * (1 - fx) + flat[corner + 1] * fx
        lower = flat[corner + width] * (1 - fx) + flat[corner + width + 1] * fx
        colour = upper * (1 - fy) + lower * fy
    return ALBEDO_SCALE * colour * values[:, :3] + patch.gloss * values[:, 5:]


def _contact_shadow(
    image: NDArray[np.float32], casting: NDArray[np.bool_], face: NDArray[np.bool_], radius: float
) -> NDArray[np.float32]:
    """Darken the face beside what lies on it: less of the surrounding light arrives there."""
    if not casting.any():
        return image
    near = Image.fromarray(casting * np.uint8(255)).filter(ImageFilter.BoxBlur(max(radius * 0.5, 1)))
    amount = np.roll(np.asarray(near, dtype=np.float32) / 255, max(1, round(radius * 0.25)), axis=0)
    image[face] *= 1 - 0.5 * amount[face][:, None]
    return image


def _expose(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A camera's blur, white balance and noise; (H,W,3) uint8."""
    sharp = Image.fromarray((np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8))
    tap = np.exp(-0.5 / rng.uniform(0.45, 0.75) ** 2)  # a Gaussian of that many pixels is nearly 0 beyond one pixel
    kernel = np.outer([tap, 1, tap], [tap, 1, tap]).ravel()
    soft = np.asarray(sharp.filter(ImageFilter.Kernel((3, 3), kernel.tolist())), dtype=np.float32)
    grain = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(255 * rng.uniform(0.004, 0.014))
    return np.clip(soft * np.exp(rng.normal(0, 0.012, 3)).astype(np.float32) + grain + 0.5, 0, 255).astype(np.uint8)
