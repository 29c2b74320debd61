"""The head as a mesh: which part of MakeHuman's surface is the face, its landmarks, and finer versions of it.

A finer mesh is a linear function of the base mesh (Loop's subdivision), so a person is the same person on every mesh.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import igl
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.sparse import csr_array, vstack

from focus.errors import FocusError
from focus.face_model.heads import curves
from focus.face_model.heads.makehuman import BaseMesh
from focus.face_model.landmarks import NOW_IN_IBUG

Array = NDArray[np.float64]
Int64 = NDArray[np.int64]

PARTS = ("skin", "", "neck", "l_ear", "r_ear")  # CelebAMask-HQ's names; "skin" is the face, "" the scalp
FACE, SCALP, NECK, LEFT_EAR, RIGHT_EAR = range(5)
FINEST = 2  # levels: each has four times the triangles

# The subject's right half of 68 points in iBUG's order, vertices of the base mesh; the left half is their mirror
# image. Anatomy: picked on the mean head along the jaw, the ridge of the brows, the nose, the rim of the lids and both
# edges of the lips. Paint, hair and occluders go by it.
_ANATOMY = {
    0: 718, 1: 5185, 2: 5180, 3: 910, 4: 735, 5: 737, 6: 5295, 7: 914, 8: 5296,
    17: 207, 18: 224, 19: 222, 20: 205, 21: 208, 27: 134, 28: 5063, 29: 291, 30: 297, 31: 286, 32: 313, 33: 317,
    36: 1090, 37: 1083, 38: 1099, 39: 1103, 40: 1096, 41: 1094,
    48: 500, 49: 5354, 50: 450, 51: 455, 57: 492, 58: 486, 59: 480, 60: 430, 61: 471, 62: 474, 66: 493, 67: 487,
}  # fmt: skip
# Landmarks: where MediaPipe sees iBUG's points on such heads (benchmarks/landmark_vertices.py).
_SEEN = {
    0: 5195, 1: 5186, 2: 5203, 3: 5238, 4: 5241, 5: 737, 6: 5170, 7: 5213, 8: 5211,
    17: 255, 18: 232, 19: 231, 20: 223, 21: 233, 27: 132, 28: 131, 29: 201, 30: 5134, 31: 384, 32: 313, 33: 312,
    36: 1088, 37: 1083, 38: 1099, 39: 4868, 40: 1071, 41: 1094,
    48: 424, 49: 5354, 50: 456, 51: 455, 57: 495, 58: 489, 59: 510, 60: 420, 61: 539, 62: 537, 66: 523, 67: 534,
}  # fmt: skip
_LEFT = {
    **{16 - k: k for k in range(8)}, **{26 - k: 17 + k for k in range(5)}, 35: 31, 34: 32,
    42: 39, 43: 38, 44: 37, 45: 36, 46: 41, 47: 40, 54: 48, 53: 49, 52: 50, 55: 59, 56: 58, 64: 60, 63: 61, 65: 67,
}  # fmt: skip
NOSE_TIP = 297  # of the base mesh
TIP = np.array([0.0, -13.5, 73.0])  # mm, where the tip of the mean nose lies; the origin is then inside the head


def whole_face(right: dict[int, int], mirror: Int64) -> Int64:
    """The 68 vertices (68,) of the base mesh in iBUG's order, from those of the right half by their number."""
    ids = np.full(68, -1)
    ids[list(right)] = list(right.values())
    ids[list(_LEFT)] = mirror[ids[list(_LEFT.values())]]
    return ids


@dataclass(frozen=True, eq=False)
class Template:
    """The mean head, or only its face, as a mesh.

    Attributes:
        used: (B,) int64, the vertices of the base mesh behind it; the same at every level.
        anchors: (A,) int64, those of `used` on the face, which heads are aligned by.
        refine: (V,B) sparse, from those to this mesh's vertices.
        vertices: (V,3) float64 mm, model frame.
        xy: (V,2) float64 mm, place on the plane of `curves`, where paint is laid on.
        triangles: (F,3) int64, counter-clockwise seen from outside; the face's come first.
        part: (F,) int64, index into PARTS.
        masks: (V,) float64 0..1 by name: lips, eyelids, ears, scalp; eye (an eyeball), rim (of the lids), inside (the
            mouth, teeth included), teeth.
        gaze: (V,2) float64 mm, for an eyeball the place in the frontal plane from the middle of its pupil.
        anatomy68: (68,) int64 vertex ids on the features that iBUG's points stand for, which the drawing goes by.
        landmarks68: (68,) int64 vertex ids in iBUG order, all different: where a detector sees the points.
        landmarks_now: (7,) int64 vertex ids in NoW's order.
    """

    used: Int64
    anchors: Int64
    refine: csr_array
    vertices: Array
    xy: Array
    triangles: Int64
    part: Int64
    masks: dict[str, Array]
    gaze: Array
    anatomy68: Int64
    landmarks68: Int64
    landmarks_now: Int64

    @cached_property
    def face_triangles(self) -> Int64:
        """The triangles (f,3) of the face."""
        face: Int64 = self.triangles[self.part == FACE]
        return face

    def face(self) -> Template:
        """Return the face alone."""
        kept = np.unique(self.face_triangles)
        return replace(
            self,
            refine=self.refine[kept],
            vertices=self.vertices[kept],
            xy=self.xy[kept],
            triangles=np.searchsorted(kept, self.face_triangles),
            part=np.zeros(len(self.face_triangles), dtype=np.int64),
            masks={name: mask[kept] for name, mask in self.masks.items()},
            gaze=self.gaze[kept],
            anatomy68=np.searchsorted(kept, self.anatomy68),
            landmarks68=np.searchsorted(kept, self.landmarks68),
            landmarks_now=np.searchsorted(kept, self.landmarks_now),
        )


def build_template(base: BaseMesh, mean: Array, level: int = 0) -> Template:
    """Build the mean head.

    Args:
        base: the base mesh.
        mean: (N,3) mm, its vertices moved to the mean head, in the model frame.
        level: 0 has about 4,300 vertices (3,200 of the face); each level has four times the triangles. The eyes are a
            level finer, so that an iris is round.

    Raises:
        FocusError: for a level outside 0 to 2.
    """
    if level not in range(FINEST + 1):
        raise FocusError(f"head mesh: level {level}; expected 0 to {FINEST}")
    skin, part = _skin(base, mean)
    eyes = np.concatenate([_front(base.quads[f"{side} eye"], mean) for side in ("right", "left")])
    teeth = _triangles(np.concatenate([base.quads[f"{jaw} teeth"] for jaw in ("upper", "lower")]))
    used = np.unique(np.concatenate([skin.ravel(), eyes.ravel(), teeth.ravel()]))
    sheets = [_refined(skin, level, used), _refined(eyes, level + 1, used), _refined(teeth, level, used)]
    first = np.cumsum([0, *(sheet.shape[0] for sheet, _ in sheets)])
    triangles = np.concatenate([own + start for (_, own), start in zip(sheets, first[:-1], strict=True)])
    inner = len(triangles) - len(sheets[0][1])
    parts = np.concatenate([np.repeat(part, 4**level), np.full(inner, FACE)])
    order = np.argsort(parts, kind="stable")
    refine = vstack([sheet for sheet, _ in sheets]).tocsr()
    anatomy, seen = (whole_face(right, base.mirror) for right in (_ANATOMY, _SEEN))
    landmarks = np.searchsorted(np.unique(skin), seen)  # Loop's subdivision keeps the old vertices first
    vertices = refine @ mean[used]
    kinds = base.masks | _kinds(base) | {"scalp": _only(skin, part, SCALP, len(mean))}
    return Template(
        used=used,
        anchors=np.searchsorted(used, np.unique(skin[part == FACE])),
        refine=refine,
        vertices=vertices,
        xy=_plane(mean[anatomy], vertices),
        triangles=triangles[order],
        part=parts[order],
        masks={name: np.clip(refine @ mask[used], 0, 1) for name, mask in kinds.items()},
        gaze=refine @ _gaze(base, mean)[used],
        anatomy68=np.searchsorted(np.unique(skin), anatomy),
        landmarks68=landmarks,
        landmarks_now=landmarks[list(NOW_IN_IBUG)],
    )


def _triangles(quads: Int64) -> Int64:
    """Two triangles (2Q,3) for each quad (Q,4)."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def _front(quads: Int64, mean: Array) -> Int64:
    """The triangles of an eyeball that face the viewer, as far as lids can open."""
    triangles = _triangles(quads)
    depth = mean[triangles, 2].mean(1)
    front: Int64 = triangles[depth > mean[quads, 2].max() - 13]
    return front


def _skin(base: BaseMesh, mean: Array) -> tuple[Int64, Int64]:
    """Triangles (F,3) of the skin with what can be seen of the linings of lids and mouth, and their parts (F,)."""
    outside = _triangles(base.quads["head"])
    cavities = np.concatenate([base.quads[f"{side} eye cavity"] for side in ("left", "right")])
    rims = cavities[mean[cavities, 2].mean(1) > TIP[2] - 45]  # the rest lies behind the eyeballs
    lining = _triangles(np.concatenate([base.quads["mouth"], rims]))
    quads = base.quads["head"]
    x, y, z = np.tile(mean[quads].mean(1) - TIP, (2, 1)).T  # both halves of a quad belong together
    ear = np.tile(base.masks["ears"][quads].mean(1), 2) > 0.4
    below_jaw = y < -73 + 0.9 * np.clip(-50 - z, 0, None)
    face = (z > -84 + 0.25 * np.clip(y - 40, 0, None)) & (y < 102 - 0.006 * x**2) & ~ear & ~below_jaw
    neck = ~face & ~ear & ((y < -60) | (below_jaw & (z > -90)) | ((z < -90) & (y < -40)))
    part = np.select([ear & (x > 0), ear, face, neck], [LEFT_EAR, RIGHT_EAR, FACE, NECK], SCALP)
    return np.concatenate([outside, lining]), np.concatenate([part, np.full(len(lining), FACE)])


def _only(triangles: Int64, part: Int64, wanted: int, count: int) -> Array:
    """1 at vertices (N,) all of whose triangles belong to one part."""
    mask = np.zeros(count)
    mask[triangles[part == wanted]] = 1
    mask[triangles[part != wanted]] = 0
    return mask


def _kinds(base: BaseMesh) -> dict[str, Array]:
    """Masks (N,) of the base mesh by what a vertex belongs to."""
    head = np.unique(base.quads["head"])
    masks = {name: np.zeros(len(base.vertices)) for name in ("eye", "rim", "inside", "teeth")}
    masks["inside"][np.setdiff1d(base.quads["mouth"], head)] = 1
    for jaw in ("upper", "lower"):
        masks["teeth"][base.quads[f"{jaw} teeth"]] = masks["inside"][base.quads[f"{jaw} teeth"]] = 1
    for side in ("left", "right"):
        masks["eye"][base.quads[f"{side} eye"]] = 1
        masks["rim"][base.quads[f"{side} eye cavity"]] = 1
    return masks


def _gaze(base: BaseMesh, mean: Array) -> Array:
    """Place (N,2) mm of an eyeball's vertices from the middle of its pupil, the foremost eight; zero elsewhere."""
    gaze = np.zeros((len(mean), 2))
    for side in ("left", "right"):
        ball = np.unique(base.quads[f"{side} eye"])
        foremost = ball[np.argsort(-mean[ball, 2], kind="stable")[:8]]
        gaze[ball] = mean[ball, :2] - mean[foremost, :2].mean(0)
    return gaze


def _refined(triangles: Int64, level: int, used: Int64) -> tuple[csr_array, Int64]:
    """A sheet after `level` subdivisions: the map (V,B) from the vertices `used`, and its triangles (4**level F,3)."""
    own = np.unique(triangles)
    place = np.searchsorted(used, own)
    rows = np.arange(len(own))
    refine = csr_array((np.ones(len(own)), (rows, place)), shape=(len(own), len(used)))
    triangles = np.searchsorted(own, triangles)
    for _ in range(level):
        step, triangles = igl.loop_matrix(triangles, refine.shape[0])
        refine = csr_array(step) @ refine
    return refine, triangles.astype(np.int64)


def _plane(points: Array, vertices: Array) -> Array:
    """Where vertices (V,3) lie on the plane of `curves`: the frontal plane, warped so that points (68,3) fit."""
    warp = RBFInterpolator(points[:, :2], curves.landmark_points(), kernel="thin_plate_spline", smoothing=3.0)
    place: Array = warp(vertices[:, :2])
    return place
