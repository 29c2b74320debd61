"""The part of the model that is rendered: the face, by a fixed rule on the mean shape."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from focus.errors import FocusError
from focus.face_model.bfm_file import ORIGIN
from focus.face_model.model import FaceModel

_BY_VERTEX = ("shape_mean", "expression_mean", "albedo_mean")
_BY_COORDINATE = ("shape_basis", "expression_basis", "albedo_basis")


def face_vertices(raw_mean: Tensor) -> Tensor:
    """Which vertices (V,) bool of a raw mean shape (V,3), mm, belong to the face (method.md, section 3, C0's rule)."""
    x, y, z = raw_mean.double().unbind(1)
    middle = (x / z / 100) ** 2 + (y / z / 0.75) ** 2 <= 1
    lower = (x / z / 100) ** 2 + ((y + 18) / z / 0.62) ** 2 <= 1
    upper = (x / z / 3.2) ** 2 + ((y - 25) / z / 0.92) ** 2 <= 1
    in_front = z + 0.05 * y > 20
    return (middle | lower | upper) & in_front


def crop_to_face(model: FaceModel) -> tuple[FaceModel, Tensor]:
    """Return the model cut down to the face for rendering, and the ids (V',) int64 of the kept vertices.

    The rule works on raw mean coordinates, before ORIGIN was subtracted; triangles with three kept vertices stay and
    landmark ids are renumbered. Meshes for evaluation come from the FULL model: a cropped one inflates NoW errors.
    Raises FocusError when a landmark lies outside the face (another unit or frame than mm and the Basel model's).
    """
    inside = face_vertices(model.shape_mean.cpu() + torch.from_numpy(ORIGIN))
    for name in ("landmarks68", "landmarks_now"):
        outside = ~inside[getattr(model, name).cpu()]
        if outside.any():
            first = int(outside.nonzero()[0])
            raise FocusError(
                f"face model {model.name}: the face crop leaves out point {first} of {name}; "
                "expected a mean face in mm in the Basel model's frame"
            )
    device = model.shape_mean.device
    kept = inside.nonzero().squeeze(1)
    renumbered = torch.full((len(inside),), -1, dtype=torch.int64)
    renumbered[kept] = torch.arange(len(kept))
    triangles = model.triangles.cpu()
    triangles = renumbered[triangles[inside[triangles].all(1)]]
    kept = kept.to(device)
    rows = (3 * kept[:, None] + torch.arange(3, device=device)).flatten()
    changes = {name: getattr(model, name).index_select(0, kept) for name in _BY_VERTEX}
    changes |= {name: getattr(model, name).index_select(0, rows) for name in _BY_COORDINATE}
    changes |= {name: renumbered[getattr(model, name).cpu()].to(device) for name in ("landmarks68", "landmarks_now")}
    return dataclasses.replace(model, triangles=triangles.to(device), **changes), kept
