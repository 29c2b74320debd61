"""ICT-FaceKit's light model (github.com/ICT-VGL/ICT-FaceKit, MIT) as a face model in BFM 2017's layout.

Its folder FaceXModel holds one mesh per file: the neutral face, identities `identity000.obj`, … (modes of scans, at one
standard deviation) and expressions named as ARKit's. It has no albedo: that of the embedded heads is carried over.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree

from focus.errors import FocusError, reason_of
from focus.face_model.bfm_file import ORIGIN, BfmArrays, LinearModel
from focus.face_model.heads import FaceGenerator
from focus.face_model.heads.fit import principal_components
from focus.face_model.heads.mesh import TIP
from focus.face_model.landmarks import NOW_IN_IBUG
from focus.files import read_text
from focus.seeds import numpy_generator

Array = NDArray[np.float64]
Int64 = NDArray[np.int64]

VERTICES = 26_719
NEUTRAL = "generic_neutral_mesh.obj"
# From its README: face to eyeballs; behind them come tear fluid, blends, occlusion shells and lashes.
USED, INSIDE, TEETH_END = 24_591, slice(11_248, 13_294), 21_451
MM = 10.0  # of its unit, the centimetre
ACTION_SPREAD = 0.25  # standard deviation of an expression's weight, whose full size is 1
SAMPLES, ALBEDO = 300, 50

# Its README's 68 Multi-PIE points, with the jaw line's substitutes of both sides.
LANDMARKS = np.array([
    1278, 1272, 12, 1834, 243, 781, 2199, 1447, 966, 3661, 4390, 3022, 2484, 4036, 2253, 3490, 3496,
    268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147, 4269, 3360,
    1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
])  # fmt: skip


def read_ict(folder: Path) -> BfmArrays:
    """Read the model: all identities as shape components, all expressions, and 50 albedo components.

    Millimetres, the tip of the nose where the embedded heads have theirs. Raises FocusError, one line naming the file,
    for a missing folder or mesh, or one with another number of vertices.
    """
    meshes = folder / "FaceXModel" if (folder / "FaceXModel").is_dir() else folder
    neutral, triangles = _mesh(meshes / NEUTRAL)
    others = sorted(path for path in meshes.glob("*.obj") if path.name != NEUTRAL)
    identities = [path for path in others if path.name.startswith("identity")]
    expressions = [path for path in others if not path.name.startswith("identity")]
    if not identities or not expressions:
        found = f"{len(identities)} identity and {len(expressions)} expression meshes"
        raise FocusError(f"{meshes}: {found}; expected ICT-FaceKit's 100 and 53 beside {NEUTRAL}")
    vertices = neutral + TIP - neutral[LANDMARKS[30]]
    nothing = np.zeros_like(neutral)
    return BfmArrays(
        shape=_components(vertices + ORIGIN, [_mesh(path)[0] - neutral for path in identities], 1.0),
        expression=_components(nothing, [_mesh(path)[0] - neutral for path in expressions], ACTION_SPREAD),
        colour=principal_components(_colours(vertices), ALBEDO),
        triangles=triangles,
        landmarks68=LANDMARKS,
        landmarks_now=LANDMARKS[list(NOW_IN_IBUG)],
        name="ICT-FaceKit light, albedo of the embedded heads",
        licence="ICT-FaceKit: MIT, USC Institute for Creative Technologies; albedo made by code",
    )


def _mesh(path: Path) -> tuple[Array, Int64]:
    """Vertices (USED,3) in mm and triangles (F,3) of the used part of one .obj."""
    lines = read_text(path, "one of ICT-FaceKit's .obj meshes").split("\n")
    try:
        vertices = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], dtype=float)
        faces = [[int(c.split("/")[0]) - 1 for c in line.split()[1:]] for line in lines if line.startswith("f ")]
    except ValueError as error:
        raise FocusError(f"{path}: not a readable .obj mesh ({reason_of(error)})") from None
    if vertices.shape != (VERTICES, 3) or not np.isfinite(vertices).all():
        raise FocusError(f"{path}: {len(vertices)} vertices; expected ICT-FaceKit's {VERTICES}, finite")
    fans = [(face[0], *face[k : k + 2]) for face in faces for k in range(1, len(face) - 1)]
    triangles = np.array(fans, dtype=np.int64).reshape(-1, 3)
    if len(triangles) and not 0 <= triangles.min() <= triangles.max() < VERTICES:
        raise FocusError(f"{path}: a face names a vertex outside 1..{VERTICES}")
    return MM * vertices[:USED], triangles[(triangles < USED).all(1)]


def _components(mean: Array, offsets: list[Array], spread: float) -> LinearModel:
    """The PCA of mean + sum of independent weights, of standard deviation `spread`, times offsets (V,3)."""
    columns = spread * np.stack([offset.ravel() for offset in offsets], 1)
    basis, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    signs = np.sign(basis[np.abs(basis).argmax(0), np.arange(basis.shape[1])])
    return LinearModel(mean, basis * signs, sizes**2)


def _colours(vertices: Array) -> NDArray[np.float32]:
    """Albedo (n,V,3) of random heads on these vertices: each takes the nearest one of its kind, warped by landmarks."""
    generator = FaceGenerator(1, 0)
    head = generator.template
    warp = RBFInterpolator(vertices[LANDMARKS], head.vertices[head.anatomy68], smoothing=1.0)
    places = warp(vertices)
    kind, theirs = np.zeros(USED, dtype=int), np.where(head.masks["eye"] > 0.5, 2, head.masks["inside"] > 0.5)
    kind[INSIDE], kind[TEETH_END:] = 1, 2
    nearest = np.zeros(USED, dtype=np.int64)
    for each in range(3):
        ids = np.flatnonzero(theirs == each)
        nearest[kind == each] = ids[cKDTree(head.vertices[ids]).query(places[kind == each])[1]]
    return generator.sample_albedo(SAMPLES, numpy_generator(0, "ict", "albedo"))[0][:, nearest]
