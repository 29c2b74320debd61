"""The kinds of face model files, a file each: `read(path, shape, expression, albedo, crop)` returns the `FaceModel`."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from focus.face_model.model import FaceModel
from focus.settings.pieces import module


def read(kind: str, path: Path, shape: int, expression: int, albedo: int, crop: Path | None = None) -> FaceModel:
    """Return the first components of a file of this kind; `crop`: a face part of its own, where the kind has such."""
    model: FaceModel = import_module(f"focus.face_model.kinds.{module(kind)}").read(
        path, shape, expression, albedo, crop
    )
    return model
