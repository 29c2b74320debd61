"""A face model of the Basel model's size in the Basel model's layout: 53,149 vertices, 199, 100 and 199 components."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.spatial import cKDTree

from focus.face_model import write_bfm
from focus.face_model.bfm_file import ORIGIN, BfmArrays, LinearModel
from focus.face_model.heads import build_embedded_model
from focus.face_model.heads.fields import smooth_modes
from focus.face_model.landmarks import BFM_LANDMARKS_68, BFM_LANDMARKS_NOW, BFM_VERTICES, NOW_IN_IBUG
from focus.seeds import numpy_generator
from focus.stand_ins.head import Head, build_head

NAME = "full-size stand-in: not the Basel Face Model"
LICENCE = "made by code; same licence as this project"
SAMPLES = 160  # random heads behind the first components
MODE_LENGTH_MM = 16.0  # length scale of the further components
DECAY = 0.97  # of their variance, from one to the next


class Components(NamedTuple):
    """How many of each; BFM 2017 has 199, 100 and 199."""

    shape: int = 199
    expression: int = 100
    albedo: int = 199


FULL_SIZE = Components()
FROM_HEADS = Components(80, 40, 50)  # at most so many come from them


def write_face_model(
    path: Path, vertices: int = BFM_VERTICES, components: Components = FULL_SIZE, seed: int = 0
) -> None:
    """Write the model: about 320 MB at full size.

    With BFM's number of vertices the landmarks are the vertices of BFM's ids and are not named, as in the real file;
    with any other they are named points, as the reader wants them for other meshes.
    """
    write_bfm(path, face_model(vertices, components, seed))
    if vertices == BFM_VERTICES:
        with h5py.File(path, "r+") as file:
            del file["metadata/landmarks/json"]
            file["metadata/landmarks"].create_dataset("json", data=np.bytes_("[]"), track_times=False)


def face_model(vertices: int, components: Components, seed: int) -> BfmArrays:
    """Build the model: the embedded one's components on the face, then random smooth ones; all on the whole head."""
    head = build_head(vertices, seed)
    plain = build_embedded_model(
        head.generator,
        numpy_generator(seed, "stand-in face model", "samples"),
        SAMPLES,
        *(min(wanted, known) for wanted, known in zip(components, FROM_HEADS, strict=True)),
    )
    colours = plain.colour, _average(head.spread)  # a colour does not fade behind the oval
    mean = head.vertices + head.spread @ (plain.shape.mean - ORIGIN - head.template.vertices) + ORIGIN
    order, ibug, now = numbering(head)

    def grown(name: str, part: LinearModel, spread: csr_array) -> LinearModel:
        rng = numpy_generator(seed, "stand-in face model", name)
        return grow(part, head.template.xy, spread[order], getattr(components, name), rng)

    return BfmArrays(
        shape=replace(grown("shape", plain.shape, head.spread), mean=mean[order]),
        expression=grown("expression", plain.expression, head.spread),
        colour=grown("albedo", *colours),
        triangles=np.argsort(order)[head.triangles],
        landmarks68=ibug,
        landmarks_now=now,
        name=NAME,
        licence=LICENCE,
    )


def grow(
    part: LinearModel, xy: NDArray[np.float64], spread: csr_array, count: int, rng: np.random.Generator
) -> LinearModel:
    """Return a PCA of `count` components on a larger mesh.

    Args:
        part: the PCA on the face's T vertices.
        xy: (T,2) mm, where those lie in the frontal plane.
        spread: (V,T), how a field on them goes on over the larger mesh.
        count: of components; those that `part` lacks are random smooth fields of falling variance.
        rng: source of these.
    """
    known = len(part.variance)
    fields = [part.basis * np.sqrt(part.variance)]
    if count > known:
        modes = smooth_modes(xy, count - known, MODE_LENGTH_MM, rng, 3).reshape(count - known, -1).T
        sizes = np.sqrt(part.variance[-1] * DECAY ** np.arange(count - known))
        fields.append(modes / np.linalg.norm(modes, axis=0) * sizes)
    columns = np.concatenate(fields, axis=1)  # (3T, count)
    wide = (spread @ columns.reshape(len(xy), -1)).reshape(-1, count)
    basis, upper = np.linalg.qr(wide)
    sizes = np.diag(upper)
    falling = np.argsort(-np.abs(sizes), kind="stable")
    basis = (basis * np.sign(sizes))[:, falling].astype(np.float32)
    return LinearModel(spread @ part.mean, basis, np.square(sizes[falling]))


def numbering(head: Head) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the head's vertices in the file's order (V,), and the file's landmarks: iBUG's (68,) and NoW's (7,).

    On a mesh with BFM's number of vertices the landmarks get BFM's ids.
    """
    template, count = head.template, len(head.vertices)
    if count != BFM_VERTICES:
        return np.arange(count), template.anatomy68, template.anatomy68[list(NOW_IN_IBUG)]
    fixed = dict(zip(BFM_LANDMARKS_68, template.anatomy68.tolist(), strict=True))
    for place, point in zip(BFM_LANDMARKS_NOW, template.anatomy68[list(NOW_IN_IBUG)], strict=True):
        if place not in fixed:  # under the nose the Basel mesh has one vertex for iBUG and its neighbour for NoW
            near = cKDTree(template.vertices).query(template.vertices[point], 70)[1]
            fixed[place] = next(int(vertex) for vertex in near if vertex not in fixed.values())
    order = np.full(count, -1)
    order[list(fixed)] = list(fixed.values())
    order[order < 0] = np.setdiff1d(np.arange(count), list(fixed.values()))
    return order, np.array(BFM_LANDMARKS_68), np.array(BFM_LANDMARKS_NOW)


def _average(spread: csr_array) -> csr_array:
    """Return the map with rows that sum to 1."""
    return csr_array(diags_array(1 / spread.sum(1)) @ spread)
