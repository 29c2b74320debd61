"""A 3D morphable face model in memory: linear shape, expression and albedo (paper, Section 3.1)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from focus.errors import FocusError, reason_of
from focus.files import write_bytes

_FORMAT = "focus-face-model-1"


@dataclass(frozen=True, eq=False)
class FaceModel:
    """A linear face model; parameters are in standard deviations, so that theta = 0 is the mean face.

    Lengths are millimetres in the model frame: x to the right of the image (the subject's left), y up, z towards the
    viewer, the origin inside the head. Rows of a basis are the coordinates x, y, z (or r, g, b) of vertex 0, then of
    vertex 1, …; columns are principal components times their standard deviations. Float tensors are float32 as read.

    Attributes:
        shape_mean: (V,3) mm.
        shape_basis: (3V,Ks) mm per standard deviation.
        expression_mean: (V,3) mm, the offset of the mean expression.
        expression_basis: (3V,Ke) mm per standard deviation.
        albedo_mean: (V,3) 0..1.
        albedo_basis: (3V,Ka) per standard deviation.
        triangles: (F,3) int64, counter-clockwise seen from outside.
        landmarks68: (68,) int64 vertex ids in iBUG order.
        landmarks_now: (7,) int64 vertex ids in NoW's order.
        name, licence: one line each, for reports.
        face_vertices, face_triangles: the part that is rendered, where a file names it (`crop_file`): (V',) int64
            vertex ids, and (F',3) int64 in its own numbers. None: `crop_to_face` goes by its rule.
    """

    shape_mean: Tensor
    shape_basis: Tensor
    expression_mean: Tensor
    expression_basis: Tensor
    albedo_mean: Tensor
    albedo_basis: Tensor
    triangles: Tensor
    landmarks68: Tensor
    landmarks_now: Tensor
    name: str
    licence: str
    face_vertices: Tensor | None = None
    face_triangles: Tensor | None = None

    def __post_init__(self) -> None:
        """Refuse tensors that do not fit together."""
        vertices = len(self.shape_mean)
        for name, shape in (
            ("shape_mean", (vertices, 3)), ("expression_mean", (vertices, 3)), ("albedo_mean", (vertices, 3)),
            ("shape_basis", (3 * vertices, self.n_shape)), ("expression_basis", (3 * vertices, self.n_expression)),
            ("albedo_basis", (3 * vertices, self.n_albedo)), ("triangles", (len(self.triangles), 3)),
            ("landmarks68", (68,)), ("landmarks_now", (7,)),
        ):  # fmt: skip
            found = tuple(getattr(self, name).shape)
            if found != shape:
                raise FocusError(f"face model {self.name}: {name} has shape {found}; expected {shape}")
        for name in ("triangles", "landmarks68", "landmarks_now"):
            self._check_ids(name, getattr(self, name), vertices)
        if self.face_vertices is not None and self.face_triangles is not None:
            self._check_ids("face_vertices", self.face_vertices, vertices)
            self._check_ids("face_triangles", self.face_triangles, len(self.face_vertices))

    def _check_ids(self, name: str, ids: Tensor, vertices: int) -> None:
        if len(ids) and (ids.min() < 0 or ids.max() >= vertices):
            raise FocusError(f"face model {self.name}: {name} names a vertex outside 0..{vertices - 1}")

    @property
    def vertex_count(self) -> int:
        """Number of vertices V."""
        return len(self.shape_mean)

    @property
    def n_shape(self) -> int:
        """Number of shape components Ks."""
        return self.shape_basis.shape[1]

    @property
    def n_expression(self) -> int:
        """Number of expression components Ke."""
        return self.expression_basis.shape[1]

    @property
    def n_albedo(self) -> int:
        """Number of albedo components Ka."""
        return self.albedo_basis.shape[1]

    def geometry(self, alpha: Tensor, delta: Tensor) -> Tensor:
        """Vertices (B,V,3) in mm of shapes alpha (B,Ks) with expressions delta (B,Ke), unposed."""
        expression = self.expression_mean + _combine(self.expression_basis, delta, "delta")
        return self.neutral(alpha) + expression

    def neutral(self, alpha: Tensor) -> Tensor:
        """Vertices (B,V,3) in mm of shapes alpha (B,Ks) without expression, not even the mean one (NoW's meshes)."""
        return self.shape_mean + _combine(self.shape_basis, alpha, "alpha")

    def albedo(self, gamma: Tensor) -> Tensor:
        """Albedo (B,V,3) of gamma (B,Ka); near 0..1, unclamped so that gradients reach every parameter."""
        return self.albedo_mean + _combine(self.albedo_basis, gamma, "gamma")

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> FaceModel:
        """Copy to a device; float tensors also to a dtype."""

        def move(value: Tensor) -> Tensor:
            return value.to(device=device, dtype=dtype if value.is_floating_point() else None)

        moved: dict[str, Any] = {name: move(value) for name, value in self.tensors().items()}
        return dataclasses.replace(self, **moved)

    def save(self, path: Path) -> None:
        """Write the model as safetensors, byte for byte the same each time (one metadata key, which holds JSON)."""
        # Several metadata keys would be written in random order.
        header = json.dumps({"format": _FORMAT, "name": self.name, "licence": self.licence}, sort_keys=True)
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.tensors().items()}
        write_bytes(path, save(tensors, metadata={"focus": header}))

    @classmethod
    def load(cls, path: Path) -> FaceModel:
        """Read a model that `save` wrote. Raises FocusError when the file is missing, damaged or another kind."""
        if not path.is_file():
            raise FocusError(f"{path}: no such file; expected a face model in safetensors form")
        try:
            with safe_open(path, framework="pt") as stream:
                header = json.loads((stream.metadata() or {}).get("focus", "{}"))
                tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 - not a dict
        except (SafetensorError, ValueError, OSError) as error:
            raise FocusError(f"{path}: not a readable safetensors file ({reason_of(error)})") from None
        whole = {field.name for field in dataclasses.fields(cls)} - {"name", "licence"}
        needed = {field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING} & whole
        if header.get("format") != _FORMAT or not needed <= set(tensors) <= whole:
            raise FocusError(f"{path}: safetensors file without a face model; expected format {_FORMAT}")
        return cls(**tensors, name=header["name"], licence=header["licence"])

    def content_hash(self) -> str:
        """SHA-256 (hex) of names, types, shapes and values of all tensors; equal models have equal hashes."""
        digest = hashlib.sha256()
        for name, value in self.tensors().items():
            array = value.detach().cpu().contiguous().numpy()
            digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            digest.update(array.data)
        return digest.hexdigest()

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors that the model has, by name."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Tensor)}


def _combine(basis: Tensor, parameters: Tensor, name: str) -> Tensor:
    """Sum of columns (B,V,3) of a basis (3V,K) weighted with parameters (B,K)."""
    if parameters.ndim != 2 or parameters.shape[1] != basis.shape[1]:
        raise ValueError(f"{name} has shape {tuple(parameters.shape)}; expected (batch, {basis.shape[1]})")
    combined: Tensor = (parameters @ basis.T).unflatten(1, (-1, 3))
    return combined
