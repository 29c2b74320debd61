"""What `focus reconstruct` leaves for each face: meshes, pictures in the photograph's pixels, landmarks, parameters."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from focus.datasets.meshes import write_ply
from focus.files import whole_directory, write_bytes, write_json, write_text
from focus.reconstruct.bundle import Bundle
from focus.reconstruct.glb import glb
from focus.reconstruct.occlusion import extended
from focus.reconstruct.overlay import Window, overlay, translucent
from focus.reconstruct.photo_view import PhotoCamera, Placed, lit_colours, pasted
from focus.reconstruct.reconstructor import Face
from focus.reconstruct.texture import TextureBaker
from focus.rendering import Topology

SCORE = "hidden share of the rendered nose, cheeks, forehead, mouth and chin, weighted by distance to the face's rim"
FILES = {f"{name}.{kind}" for name in ("mesh", "neutral") for kind in ("obj", "mtl", "png", "glb", "ply")} | {
    "mask.png", "outliers.png", "overlay.png", "rendered.png", "landmarks.csv", "parameters.json",
}  # fmt: skip
"""All that a face's folder holds."""
UNITS = {
    "shape": "standard deviations of the face model",
    "expression": "standard deviations of the face model",
    "albedo": "standard deviations of the face model",
    "light": "spherical-harmonics coefficients, 9 red, 9 green, 9 blue, without the renderer's ambient light",
    "pose": "rotation about x, y, z in rad, translation x, y, z in mm",
}


@dataclass(eq=False)
class FaceWriter:
    """Writes faces of one model; the texture layout is worked out once."""

    bundle: Bundle
    topology: Topology = field(init=False)
    baker: TextureBaker = field(init=False)
    model_hash: str = field(init=False)

    def __post_init__(self) -> None:
        model = self.bundle.face_model
        self.topology = Topology(model.triangles)
        self.baker = TextureBaker(model.shape_mean.numpy(), model.triangles.numpy(), self.topology)
        self.model_hash = model.content_hash()

    def write(self, folder: Path, photo: np.ndarray, face: Face, file: str | None = None) -> None:
        """Write one face of a photograph (H,W,3) uint8 into a folder, which appears whole or not at all.

        `file`: the photograph's file name, which parameters.json then gives.
        """
        camera = PhotoCamera.of(face.parameters.pose, face.transform)
        with whole_directory(folder) as inside:
            self._meshes(inside, photo, face, camera)
            self._pictures(inside, photo, face, camera)
            write_text(inside / "landmarks.csv", landmark_rows(face))
            image = {"file": file, "width_px": photo.shape[1], "height_px": photo.shape[0]}
            write_json(inside / "parameters.json", {"image": image, **self.parameters(photo, face, camera)})

    def _meshes(self, folder: Path, photo: np.ndarray, face: Face, camera: PhotoCamera) -> None:
        triangles = self.bundle.face_model.triangles.numpy()
        picture, colours = self.baker.bake(photo, face, camera)
        texture = png(picture)  # encoded once, written four times
        for name, vertices in (("mesh", face.vertices), ("neutral", face.neutral)):
            write_textured_obj(folder / f"{name}.obj", vertices, triangles, self.baker.uv)
            write_bytes(folder / f"{name}.png", texture)
            write_bytes(folder / f"{name}.glb", glb(vertices, triangles, self.baker.uv, texture))
            write_ply(folder / f"{name}.ply", vertices, triangles, colours)

    def _pictures(self, folder: Path, photo: np.ndarray, face: Face, camera: PhotoCamera) -> None:
        height, width = photo.shape[:2]
        points = camera.project(face.posed)
        colours = lit_colours(camera, face.posed, face.albedo, face.parameters.light, self.topology)
        drawing = Placed.of(points, self.topology, height, width).draw(colours)
        inlier = inlier_pixels(face, drawing.drawn.shape, drawing.corner) & drawing.drawn
        pictures = {"rendered": translucent(drawing, 1.0)}
        pictures |= {"mask": np.uint8(255) * inlier, "outliers": np.uint8(255) * (drawing.drawn & ~inlier)}
        for name, picture in pictures.items():
            write_bytes(folder / f"{name}.png", png(pasted(picture, drawing.corner, height, width)))
        write_bytes(folder / "overlay.png", png(overlay(photo, face, drawing)))

    def parameters(self, photo: np.ndarray, face: Face, camera: PhotoCamera) -> dict[str, Any]:
        """Return parameters.json: latents with units, camera, model, outliers, verdict."""
        latents = {
            name: {"unit": unit, "values": _numbers(getattr(face.parameters, name)[0].numpy())}
            for name, unit in UNITS.items()
        }
        verdict = face.verdict
        return {
            "model": {
                "name": self.bundle.card.name,
                "face_model": self.bundle.face_model.name,
                "face_model_sha256": self.model_hash,
                "trained_on_drawn_faces": self.bundle.card.drawn_faces,
            },
            "overlay": Window.around(face, photo.shape).as_json(),
            "fit_steps": face.fitted,
            "misfit_prior_subtracted": face.corrected,
            "occluded": verdict.occluded,
            "outlier_fraction": verdict.outlier_fraction,
            "occlusion_score": verdict.score,
            "occlusion_score_parts": dict(verdict.parts),
            "occluded_from": {"threshold": round(verdict.threshold, 4), "unit": SCORE},
            "outlier_fraction_by_region": dict(verdict.regions),
            "camera": {
                "what": "pixel ~ matrix (rotation X + translation), X in mm: x right, y up, z to the viewer",
                "matrix_px": [_numbers(row) for row in camera.matrix],
                "rotation": [_numbers(row) for row in camera.rotation],
                "translation_mm": _numbers(camera.translation),
            },
            "latents": latents,
        }


def write_textured_obj(path: Path, vertices: np.ndarray, triangles: np.ndarray, uv: np.ndarray) -> None:
    """Write an .obj in mm with its .mtl, and the texture's name <stem>.png; vertex i has texture coordinate i."""
    parts = [
        f"mtllib {path.stem}.mtl\nusemtl face\n",
        each_row("v %.4f %.4f %.4f\n", vertices.astype(float)),
        each_row("vt %.6f %.6f\n", uv),
        each_row("f %d/%d %d/%d %d/%d\n", np.repeat(triangles + 1, 2, axis=1)),
    ]
    write_text(path, "".join(parts))
    material = ["newmtl face", "Ka 1 1 1", "Kd 1 1 1", "Ks 0 0 0", "illum 1", f"map_Kd {path.stem}.png"]
    write_text(path.with_suffix(".mtl"), "\n".join(material) + "\n")


def each_row(line: str, values: np.ndarray) -> str:
    """Return a line for each row of values (N,C), all formatted at once, which takes half the time."""
    return line * len(values) % tuple(values.ravel().tolist())


def png(image: np.ndarray) -> bytes:
    """Return (H,W) grey, (H,W,3) RGB or (H,W,4) RGBA uint8 as PNG; equal arrays give equal bytes.

    By run lengths alone: on photographs as small as zlib's level 6, in a third of its time.
    """
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return stream.getvalue()


def inlier_pixels(face: Face, shape: tuple[int, int], corner: tuple[int, int]) -> np.ndarray:
    """Return where M, enlarged from the crop, is at least a half, over a part (h,w) of the photograph."""
    rows, columns = (
        _hat(face.transform.to_crop(np.repeat(np.arange(first, first + count)[:, None], 2, axis=1))[:, axis], face)
        for first, count, axis in ((corner[1], shape[0], 1), (corner[0], shape[1], 0))
    )
    drawn: np.ndarray = rows @ extended(face.mask, face.rendered).astype(np.float32) @ columns.T >= 0.5
    return drawn


def _hat(places: np.ndarray, face: Face) -> np.ndarray:
    """Return the weights (N,S) float32 of linear interpolation at crop pixels (N,); all 0 outside the crop."""
    last = face.transform.size - 1
    inside = (places >= -0.5) & (places <= last + 0.5)
    distance = np.abs(np.clip(places, 0, last)[:, None] - np.arange(last + 1))
    weights: np.ndarray = (np.clip(1 - distance, 0, None) * inside[:, None]).astype(np.float32)
    return weights


def landmark_rows(face: Face) -> str:
    """Return landmarks.csv: iBUG number, the point found in the photograph and the reconstruction's, pixels."""
    rows = ["point,x,y,model_x,model_y"]
    for number, (found, model) in enumerate(zip(face.landmarks, face.model_landmarks, strict=True)):
        rows.append(f"{number},{found[0]:.2f},{found[1]:.2f},{model[0]:.2f},{model[1]:.2f}")
    return "\n".join(rows) + "\n"


def _numbers(values: np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values]
