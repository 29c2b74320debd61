"""A head of exactly so many vertices: a MakeHuman face, and behind its oval rings of vertices that the crop takes off.

The Basel model's mesh has 53,149 vertices, of which the crop of `face_model/crop.py` leaves somewhat more than half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, eye_array, vstack

from focus.emulation.photograph import rim_of
from focus.errors import FocusError
from focus.face_model.heads import FaceGenerator, Template
from focus.face_model.heads.mesh import FINEST

FACE_SHARE = 0.5  # of the vertices, at most; the rest lies behind the oval
DEPTH_MM = 150.0  # of the head behind the oval
FADING = 0.95  # share of a field's size on the oval that is lost on the way to the last ring
EARS, NARROWING = 0.35, 0.85  # how far the rings swell, and how far the last one is drawn in, as shares of the oval


@dataclass(frozen=True, eq=False)
class Head:
    """A mesh of exactly the vertices asked for.

    Attributes:
        generator: of people on the face that its first vertices are.
        vertices: (V,3) float64 mm, model frame.
        triangles: (F,3) int64, counter-clockwise from outside.
        spread: (V,T) sparse, how a field on the template's T vertices goes on over the head.
    """

    generator: FaceGenerator
    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    spread: csr_array

    @property
    def template(self) -> Template:
        """The face that the first vertices are."""
        return self.generator.template


def build_head(count: int, seed: int = 0) -> Head:
    """Build the mean head with `count` vertices. Raises FocusError for a number below the coarsest face's."""
    generator = _generator(count, seed)
    template = generator.template
    face, rim = len(template.vertices), rim_of(template.triangles)
    extra = min(max(int(FACE_SHARE * count) - face, 0), len(template.triangles))
    rings, left = divmod(count - face - extra, len(rim))
    if rings < 1:
        raise FocusError(f"stand-in head: {count} vertices; expected {face + len(rim)} or more")
    t = np.arange(1, rings + 1) / rings
    behind = np.concatenate([_ring(template.vertices[rim], share) for share in t])
    vertices = np.concatenate([template.vertices, behind])
    triangles = np.concatenate([template.triangles, _bands(rim, face, rings)])
    same = eye_array(face, format="csr")
    spread = vstack([same, *(share * same[rim] for share in 1 - FADING * t)]).tocsr()
    bands = len(triangles) - 1 - 2 * np.arange(left)
    return _split(Head(generator, vertices, triangles, spread), np.concatenate([np.arange(extra), bands]))


def _generator(count: int, seed: int) -> FaceGenerator:
    """The finest face that leaves half of the vertices to the head behind it."""
    for level in range(FINEST, 0, -1):
        generator = FaceGenerator(level, seed, whole=False)
        if len(generator.template.vertices) <= FACE_SHARE * count:
            return generator
    return FaceGenerator(0, seed, whole=False)


def _ring(rim: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """The oval (n,3) moved back: to 0 < t <= 1 of the way to the back of the head."""
    centre = rim.mean(0)
    scale = 1 + EARS * np.sin(np.pi * t) * (1 - t) - NARROWING * t**3
    moved: NDArray[np.float64] = centre + (rim - centre) * (scale, scale, 1) - (0, 0, DEPTH_MM * t)
    return moved


def _bands(rim: NDArray[np.int64], face: int, rings: int) -> NDArray[np.int64]:
    """Triangles between the oval and the first ring, and between each ring and the next."""
    count = len(rim)
    rows = np.concatenate([rim[None], face + np.arange(rings * count).reshape(rings, count)])
    a, c = rows[:-1], rows[1:]
    b, d = np.roll(a, -1, axis=1), np.roll(c, -1, axis=1)  # the face's own triangles run from a to b
    return np.stack([b, a, c, b, c, d], -1).reshape(-1, 3)


def _split(head: Head, chosen: NDArray[np.int64]) -> Head:
    """Put a further vertex in the middle of each chosen triangle; each makes three of one."""
    if not len(chosen):
        return head
    a, b, c = head.triangles[chosen].T
    new = len(head.vertices) + np.arange(len(chosen))
    rows, columns = np.repeat(np.arange(len(chosen)), 3), head.triangles[chosen].ravel()
    shape = len(chosen), len(head.vertices)
    middle = coo_array((np.full(3 * len(chosen), 1 / 3), (rows, columns)), shape=shape).tocsr()
    kept = np.delete(head.triangles, chosen, axis=0)
    triangles = np.concatenate([kept, *(np.stack(each, -1) for each in ((a, b, new), (b, c, new), (c, a, new)))])
    vertices = np.concatenate([head.vertices, middle @ head.vertices])
    return Head(head.generator, vertices, triangles, vstack([head.spread, middle @ head.spread]).tocsr())
