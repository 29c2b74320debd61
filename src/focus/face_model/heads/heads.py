"""MakeHuman's targets as displacement fields of the head, and heads as weighted sums of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from focus.face_model.heads.makehuman import MakeHuman
from focus.face_model.heads.mesh import NOSE_TIP, TIP, Template, build_template
from focus.face_model.heads.people import Changes, action_names, mean_phenotype, phenotype_targets

Array = NDArray[np.float64]
Float32 = NDArray[np.float32]


class Heads:
    """The targets that an adult head needs, on the B base vertices behind every mesh of it.

    Attributes:
        mean: (N,3) float64 mm, the base mesh as the mean adult, model frame.
        changes: the local changes of a head.
    """

    def __init__(self) -> None:
        """Read the files, about a second's work."""
        self._files = MakeHuman()
        self._factors = phenotype_targets()
        self.changes = Changes(self._files)
        self.mean, shift = self._mean_head()
        coarse = self.template(0)
        self._used, self._anchors = coarse.used, coarse.anchors
        self._base = (self._files.base.vertices + shift)[self._used].astype(np.float32)
        self._phenotypes = self._fields([*self._factors])
        self._changes = self._fields([target for pair in self.changes.pairs for target in pair])
        self._actions = self._fields([f"faceunits/{name}" for name in action_names()])

    def template(self, level: int) -> Template:
        """Return the mean head as a mesh."""
        return build_template(self._files.base, self.mean, level)

    def neutral(self, phenotypes: Mapping[str, Array], changes: Array) -> Float32:
        """Return n heads (n,B,3) float32 mm, aligned to the mean head by rotation and translation of the face.

        Args:
            phenotypes: weight (n,) of each factor.
            changes: (n,C) in -1..1.
        """
        signed = np.stack([-changes, changes], -1).clip(0)  # a pair is (negative, positive)
        heads = self._base + _combined(weights(phenotypes, self._factors), self._phenotypes)
        heads += _combined(signed.reshape(len(changes), len(self._changes)), self._changes)
        return aligned(heads, self.mean[self._used], self._anchors)

    def expressions(self, strengths: Mapping[str, Array]) -> Float32:
        """Return displacements (n,B,3) float32 mm of facial actions with strengths (n,) by name."""
        return _combined(np.stack([strengths[name] for name in action_names()], -1), self._actions)

    def _mean_head(self) -> tuple[Array, Array]:
        """The mean adult (N,3) in the model frame, and the shift (3,) mm into that frame."""
        base = self._files.base
        mean = base.vertices.copy()
        for weight, target in zip(weights(mean_phenotype(), self._factors)[0], self._factors, strict=True):
            ids, move = self._files.target(target)
            mean[ids] += weight * move
        shift = TIP - mean[NOSE_TIP]
        return mean + shift, shift

    def _fields(self, targets: list[str]) -> Float32:
        """Dense displacements (K,B,3) of targets on the used vertices."""
        fields = np.zeros((len(targets), len(self._files.base.vertices), 3), dtype=np.float32)
        for field, target in zip(fields, targets, strict=True):
            ids, move = self._files.target(target)
            field[ids] = move
        return np.ascontiguousarray(fields[:, self._used])  # indexing alone leaves an order that sums slowly


@cache
def load_heads() -> Heads:
    """Return the heads of the installed package, read once a process."""
    return Heads()


def weights(phenotypes: Mapping[str, Array], factors: Mapping[str, tuple[str, ...]]) -> Array:
    """Weights (n,K) of targets: the product of the weights of their `factors`, by target."""
    return np.stack([np.prod([phenotypes[name] for name in own], axis=0) for own in factors.values()], -1)


def _combined(amounts: Array, fields: Float32) -> Float32:
    """Sum (n,B,3) of fields (K,B,3) by amounts (n,K)."""
    return np.tensordot(amounts.astype(np.float32), fields, 1)


def aligned(heads: Float32, mean: Array, anchors: NDArray[np.int64]) -> Float32:
    """Move heads (n,B,3) rigidly so that their anchors fit the mean's (B,3) best (Kabsch 1976)."""
    target = mean[anchors].astype(np.float32)
    middle, to = heads[:, anchors].mean(1, keepdims=True), target.mean(0)
    left, _, right = np.linalg.svd(np.einsum("nai,aj->nij", heads[:, anchors] - middle, target - to))
    left[:, :, -1] *= np.sign(np.linalg.det(left @ right))[:, None]
    moved: Float32 = (heads - middle) @ (left @ right) + to
    return moved
