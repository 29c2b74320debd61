"""The part of the model that is rendered: the face, as the user's crop file has it, else by a fixed rule."""

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
    """Tell which vertices (V,) of a raw mean shape (V,3), mm, are the face, by the first release's rule (66cbf62)."""
    x, y, z = raw_mean.double().unbind(1)
    middle = (x / z / 100) ** 2 + (y / z / 0.75) ** 2 <= 1
    lower = (x / z / 100) ** 2 + ((y + 18) / z / 0.62) ** 2 <= 1
    upper = (x / z / 3.2) ** 2 + ((y - 25) / z / 0.92) ** 2 <= 1
    in_front = z + 0.05 * y > 20
    return (middle | lower | upper) & in_front


def crop_to_face(model: FaceModel) -> tuple[FaceModel, Tensor]:
    """Return the model cut down to the face for rendering, and the ids (V',) int64 of the kept vertices.

    A model that names its face part (`FaceModel.face_vertices`) keeps that, in its order; any other the rule's vertices
    and the triangles with three of them. The rule works on raw mean coordinates, before ORIGIN was subtracted.
    Landmark ids are renumbered. Meshes for evaluation come from the FULL model: a cropped one inflates NoW errors.
    Raises FocusError when a landmark lies outside the face (another unit or frame than mm and the Basel model's).
    """
    if model.face_vertices is not None:
        kept = model.face_vertices.cpu()
    else:
        kept = face_vertices(model.shape_mean.cpu() + torch.from_numpy(ORIGIN)).nonzero().squeeze(1)
    renumbered = torch.full((model.vertex_count,), -1, dtype=torch.int64)
    renumbered[kept] = torch.arange(len(kept))
    landmarks = {name: renumbered[getattr(model, name).cpu()] for name in ("landmarks68", "landmarks_now")}
    for name, ids in landmarks.items():
        if (ids < 0).any():
            raise FocusError(
                f"face model {model.name}: the face crop leaves out point {int((ids < 0).nonzero()[0])} of {name}; "
                "expected a mean face in mm in the Basel model's frame"
            )
    triangles = model.face_triangles
    if triangles is None:
        triangles = renumbered[model.triangles.cpu()]
        triangles = triangles[(triangles >= 0).all(1)]
    return _part(model, kept, landmarks | {"triangles": triangles}), kept.to(model.shape_mean.device)


def _part(model: FaceModel, kept: Tensor, ids: dict[str, Tensor]) -> FaceModel:
    """Return the model of the kept vertices with these triangles and landmarks."""
    device = model.shape_mean.device
    kept = kept.to(device)
    rows = (3 * kept[:, None] + torch.arange(3, device=device)).flatten()
    changes = {name: getattr(model, name).index_select(0, kept) for name in _BY_VERTEX}
    changes |= {name: getattr(model, name).index_select(0, rows) for name in _BY_COORDINATE}
    changes |= {name: value.to(device) for name, value in ids.items()}
    return dataclasses.replace(model, face_vertices=None, face_triangles=None, **changes)
