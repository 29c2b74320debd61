"""The HDF5 file of the Basel Face Model 2017 and 2019: read with every dataset checked, and written in that layout.

Groups `shape`, `expression` and `color` each hold `model/{mean (3N,), pcaBasis (3N,K), pcaVariance (K,),
noiseVariance (1,)}` and `representer/{points (3,N), cells (3,F)}`; `metadata/landmarks/json` is a list of
`{"id": …, "coordinates": [x, y, z]}`. Millimetres, colours 0..1, coordinates interleaved. The embedded
model is written here and read back through the same reader as the licensed file.
"""

from __future__ import annotations

import dataclasses
import io
import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from focus.errors import FocusError, reason_of
from focus.face_model.crop_file import read_crop
from focus.face_model.landmarks import IBUG_IDS, NOW_IDS, landmark_vertices
from focus.face_model.model import FaceModel
from focus.face_model.plausible import odd_colours, odd_components, odd_geometry, odd_offset
from focus.files import write_bytes

ORIGIN = np.array([0.0, 0.0, 100.0])  # mm; taken off the shape mean on reading, as in the released code
MAX_NUMBERS = 3_000_000  # of one dataset's longest side; BFM 2017 has 160,470: more is no face model, but much memory
BFM_LICENCE = "Basel Face Model: non-commercial research, not to be passed on (faces.dmi.unibas.ch)"

Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class LinearModel:
    """One PCA as the file holds it: mean (V,3), orthonormal basis (3V,K), variance (K,) of the coefficients."""

    mean: Array
    basis: Array
    variance: Array


@dataclass(frozen=True, eq=False)
class BfmArrays:
    """The content of a model file: three PCAs on one mesh. The shape mean is RAW: ORIGIN is still in it.

    Attributes:
        shape, expression: mm; expression is an offset. colour: 0..1.
        triangles: (F,3), counter-clockwise seen from outside.
        landmarks68, landmarks_now: vertex ids, written as named points of the mean shape.
        name, licence: one line each, written as attributes of `metadata`.
    """

    shape: LinearModel
    expression: LinearModel
    colour: LinearModel
    triangles: NDArray[np.integer]
    landmarks68: NDArray[np.integer]
    landmarks_now: NDArray[np.integer]
    name: str = "face model"
    licence: str = ""


def read_bfm(
    path: Path, shape: int = 80, expression: int = 64, albedo: int = 80, crop: Path | None = None
) -> FaceModel:
    """Read the first components of a model file; paper: 80 shape + 64 expression, 80 albedo (Section 3.1).

    Only those columns are read, as float32 and scaled by sqrt(pcaVariance); ORIGIN is subtracted from the shape mean;
    triangles are turned counter-clockwise if the file has them the other way. `crop` is the release's `idxes_crop.pkl`
    (`crop_file`): its face part and 68 landmarks in place of the first release's. Raises FocusError, one line that
    names file and dataset, when a file is missing, damaged, lacks a dataset or has one of the wrong shape or content,
    or is in another unit or convention (`plausible`).
    """
    if not path.is_file():
        raise FocusError(f"{path}: no such file; expected a face model (BFM 2017 or 2019, HDF5)")
    if min(shape, expression, albedo) < 1:
        raise FocusError(f"{path}: {shape}, {expression}, {albedo} components asked for; expected 1 or more of each")
    try:
        with h5py.File(path, "r") as file:
            return _Reader(file, path).model(shape, expression, albedo, crop)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise FocusError(f"{path}: not a readable HDF5 file ({reason_of(error)}); expected BFM 2017 or 2019") from None


class _Reader:
    """Reads one open file; `path` is for messages."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self.file, self.path = file, path

    def model(self, shape: int, expression: int, albedo: int, crop: Path | None) -> FaceModel:
        """Return the file's face model with the first so many components of each group."""
        groups = {"shape": self.linear("shape", shape, None)}
        raw_mean, shape_basis = groups["shape"]
        count = len(raw_mean)
        expression_mean, expression_basis = groups["expression"] = self.linear("expression", expression, count)
        albedo_mean, albedo_basis = groups["color"] = self.linear("color", albedo, count)
        triangles = outward(raw_mean, self.triangles(count))
        ibug, now = landmark_vertices(raw_mean, self.points(), f"{self.path}: metadata/landmarks/json")
        self.refuse("shape/model/mean", odd_geometry(raw_mean, ibug))
        self.refuse("expression/model/mean", odd_offset(expression_mean))
        self.refuse("color/model/mean", odd_colours(albedo_mean))
        for group, (_, basis) in groups.items():
            self.refuse(f"{group}/model/pcaBasis", odd_components(group, count, *self.lengths(group, basis)))
        metadata = self.file["metadata"].attrs if self.own("metadata") else {}
        model = FaceModel(
            _floats(raw_mean - ORIGIN),
            _floats(shape_basis),
            _floats(expression_mean),
            _floats(expression_basis),
            _floats(albedo_mean),
            _floats(albedo_basis),
            _numbers(triangles),
            _numbers(ibug),
            _numbers(now),
            name=_text(metadata.get("name", self.path.stem)),
            licence=_text(metadata.get("licence", BFM_LICENCE)),
        )
        return model if crop is None else with_face_part(model, crop, raw_mean)

    def linear(self, group: str, components: int, vertices: int | None) -> tuple[Array, Array]:
        """Mean (V,3) float64 and scaled basis (3V,components) float32 of one group."""
        root = f"{group}/model"
        mean = self.dataset(f"{root}/mean", (3 * vertices if vertices else None,))
        size = mean.shape[0]
        if size == 0 or size % 3:
            self.fail(f"{root}/mean", f"has {size} numbers", "three for each vertex")
        variance = self.dataset(f"{root}/pcaVariance", (None,))
        available = variance.shape[0]
        if components > available:
            self.fail(f"{root}/pcaVariance", f"holds {available} components", f"{components} or more, as asked for")
        basis = self.dataset(f"{root}/pcaBasis", (size, available))
        scale = self.finite(f"{root}/pcaVariance", variance[:components].astype(np.float64))
        if (scale < 0).any():
            self.fail(f"{root}/pcaVariance", "has a negative value", "variances")
        columns = np.empty((size, components), np.float32)
        basis.read_direct(columns, np.s_[:, :components])
        columns *= np.sqrt(scale).astype(np.float32)
        mean_values = self.finite(f"{root}/mean", mean[()].astype(np.float64))
        return mean_values.reshape(-1, 3), self.finite(f"{root}/pcaBasis", columns)

    def lengths(self, group: str, basis: Array) -> tuple[Array, Array]:
        """Lengths of the file's columns (K,) and their variances (K,), from the scaled basis (3V,K)."""
        variance = self.file[f"{group}/model/pcaVariance"][: basis.shape[1]].astype(np.float64)
        scaled = np.sqrt(np.einsum("nk,nk->k", basis, basis, dtype=np.float64))
        return np.divide(scaled, np.sqrt(variance), out=np.zeros_like(scaled), where=variance > 0), variance

    def refuse(self, name: str, odd: tuple[str, str] | None) -> None:
        """Raise FocusError where a dataset was found odd."""
        if odd:
            self.fail(name, *odd)

    def triangles(self, vertices: int) -> NDArray[np.int64]:
        """Triangles (F,3) of shape/representer; its points must belong to the same mesh."""
        self.dataset("shape/representer/points", (3, vertices))
        name = "shape/representer/cells"
        cells = self.dataset(name, (3, None))[()]
        if not cells.size or cells.min() < 0 or cells.max() >= vertices or (cells != np.floor(cells)).any():
            self.fail(name, "does not hold vertex numbers", f"whole numbers 0..{vertices - 1}")
        ids: NDArray[np.int64] = cells.T.astype(np.int64)
        return ids

    def points(self) -> dict[str, tuple[float, float, float]]:
        """Named points of metadata/landmarks/json, raw mm; empty when the file has none."""
        name = "metadata/landmarks/json"
        if not self.own(name):
            return {}
        found = self.file[name]
        if not isinstance(found, h5py.Dataset) or found.size != 1 or found.external or found.is_virtual:
            self.fail(name, "is no single text", "a JSON list of {id, coordinates}")
        text: Any = np.asarray(found[()]).ravel()[0]
        try:
            entries = json.loads(_text(text))
            points = {str(entry["id"]): _point(entry["coordinates"]) for entry in entries}
        except (ValueError, KeyError, TypeError, RecursionError):
            self.fail(name, "cannot be read", "a JSON list of {id, coordinates}")
        self.finite(name, np.array([*points.values()]))
        return points

    def dataset(self, name: str, shape: tuple[int | None, ...]) -> h5py.Dataset:
        """The dataset `name`, checked to be numbers of this shape (None: any length)."""
        found = self.file.get(name) if self.own(name) else None
        if not isinstance(found, h5py.Dataset):
            self.fail(name, "is missing", f"a dataset of shape {_show(shape)}")
        if found.external or found.is_virtual:
            self.fail(name, "lies in another file", "its numbers in this one")
        fits = len(found.shape) == len(shape) and all(w in (None, s) for s, w in zip(found.shape, shape, strict=True))
        if not fits:
            self.fail(name, f"has shape {found.shape}", _show(shape))
        if found.dtype.kind not in "fiu":
            self.fail(name, f"has type {found.dtype}", "numbers")
        if max(found.shape) > MAX_NUMBERS:
            self.fail(name, f"has shape {found.shape}", f"at most {MAX_NUMBERS:,} numbers a column")
        return found

    def own(self, name: str, left: int = 16) -> bool:
        """Whether a name is there by hard links and as many soft ones, all in this file; no other file is opened."""
        links, parts = self.file.id.links, [part for part in name.split("/") if part not in ("", ".")]
        try:
            for depth in range(len(parts)):
                step = "/".join(parts[: depth + 1]).encode()
                kind = links.get_info(step).type
                if kind == h5py.h5l.TYPE_SOFT and left:
                    target = posixpath.join(*parts[:depth], links.get_val(step).decode(), *parts[depth + 1 :])
                    return self.own(target, left - 1)
                if kind != h5py.h5l.TYPE_HARD:
                    return False
        except (KeyError, ValueError, RuntimeError):  # a step that is not there, or no group
            return False
        return True

    def finite(self, name: str, array: Array) -> Array:
        if not np.isfinite(array).all():
            self.fail(name, "has values that are not finite", "finite numbers")
        return array

    def fail(self, name: str, found: str, expected: str) -> NoReturn:
        raise FocusError(f"{self.path}: {name} {found}; expected {expected}")


def with_face_part(model: FaceModel, path: Path, raw_mean: Array) -> FaceModel:
    """Return a model with landmarks68, face_vertices and face_triangles of a crop file, by its raw mean (V,3), mm.

    Raises FocusError where the file is damaged or, by where its landmarks lie, of another mesh.
    """
    crop = read_crop(path, len(raw_mean))
    odd = odd_geometry(raw_mean, crop.landmarks68)
    if odd:
        raise FocusError(f"{path}: the mean shape, by this file's landmarks, {odd[0]}; expected {odd[1]}")
    triangles = outward(raw_mean[crop.vertices], crop.triangles)
    return dataclasses.replace(
        model,
        landmarks68=_numbers(crop.landmarks68),
        face_vertices=_numbers(crop.vertices),
        face_triangles=_numbers(triangles),
    )


def _floats(array: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def _numbers(array: NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.int64))


def _point(coordinates: Sequence[Any]) -> tuple[float, float, float]:
    x, y, z = map(float, coordinates[:3])
    return x, y, z


def _text(value: Any) -> str:
    """Return a text, read as Latin-1 where it is no UTF-8; a byte order mark is left out."""
    content = value if isinstance(value, bytes) else str(value).encode(errors="surrogateescape")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _show(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"


def outward(vertices: Array, triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return triangles (F,3) whose normals mostly point away from the mesh's inside, all turned if they did not."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    # The inside of a face lies behind its vertices: half the head's width behind their centre.
    inside = vertices.mean(0) - (0, 0, 0.5 * np.ptp(vertices[:, 0]))
    volume = np.einsum("fc,fc->", np.cross(b - a, c - a), (a + b + c) / 3 - inside)
    return triangles if volume >= 0 else triangles[:, [0, 2, 1]]


def write_bfm(path: Path, arrays: BfmArrays) -> None:
    """Write a model file in the published layout, float32, atomically and byte for byte the same each time."""
    _check(arrays, path)
    stream = io.BytesIO()  # written in one go at the end: on a full disk HDF5 itself would end in many tracebacks
    with h5py.File(stream, "w", libver="earliest") as file:
        for name, part in (("shape", arrays.shape), ("expression", arrays.expression), ("color", arrays.colour)):
            model = file.create_group(f"{name}/model")
            _write(model, "mean", np.asarray(part.mean).reshape(-1))
            _write(model, "pcaBasis", part.basis)
            _write(model, "pcaVariance", part.variance)
            _write(model, "noiseVariance", np.zeros(1))
            representer = file.create_group(f"{name}/representer")
            _write(representer, "points", arrays.shape.mean.T)
            _write(representer, "cells", np.asarray(arrays.triangles).T, np.int32)
        _write_metadata(file.create_group("metadata"), arrays)
    write_bytes(path, stream.getvalue())


def _write(group: h5py.Group, name: str, array: NDArray[Any], dtype: type = np.float32) -> None:
    group.create_dataset(name, data=np.ascontiguousarray(array, dtype=dtype), track_times=False)


def _write_metadata(group: h5py.Group, arrays: BfmArrays) -> None:
    group.attrs["name"], group.attrs["licence"] = np.bytes_(arrays.name), np.bytes_(arrays.licence)
    ids = np.concatenate([arrays.landmarks68, arrays.landmarks_now])
    mean = np.asarray(arrays.shape.mean, dtype=np.float32)
    points = {name: mean[vertex] for name, vertex in zip(IBUG_IDS + NOW_IDS, ids, strict=True)}
    entries = [{"id": name, "coordinates": [round(float(c), 6) for c in point]} for name, point in points.items()]
    group.create_dataset("landmarks/json", data=np.bytes_(json.dumps(entries)), track_times=False)


def _check(arrays: BfmArrays, path: Path) -> None:
    """Refuse arrays that do not fit together, before anything is written."""
    count = len(arrays.shape.mean)
    for name, part in (("shape", arrays.shape), ("expression", arrays.expression), ("color", arrays.colour)):
        components = len(part.variance)
        if part.mean.shape != (count, 3) or part.basis.shape != (3 * count, components):
            raise FocusError(
                f"{path}: {name} has mean {part.mean.shape}, basis {part.basis.shape}, {components} variances; "
                f"expected ({count}, 3), ({3 * count}, {components})"
            )
    if len(arrays.landmarks68) != 68 or len(arrays.landmarks_now) != 7:
        found = (len(arrays.landmarks68), len(arrays.landmarks_now))
        raise FocusError(f"{path}: {found[0]} and {found[1]} landmarks; expected 68 and 7")
