"""Which vertices are the landmarks: fixed ids on the full Basel mesh, the file's own list on any other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from focus.errors import FocusError

BFM_VERTICES = 53149  # the full mesh of BFM 2017 and 2019 without mouth
FACE12_VERTICES = 28588  # the `face12` crop of the same models

# iBUG 0..67 on the full mesh: jaw, brows, nose, eyes, outer lips, inner lips: the first release (66cbf62).
BFM_LANDMARKS_68 = (
    22212, 23003, 23412, 23817, 44075, 45617, 46739, 47456, 47847, 48237, 48953, 50064, 51700, 30656, 31279, 31775,
    32532, 38719, 39462, 39835, 40033, 40252, 40668, 40882, 41081, 41459, 42172, 8124, 8140, 8149, 8155, 6750, 7459,
    8171, 8993, 9699, 2735, 4275, 5050, 6088, 4804, 4030, 10263, 11159, 11932, 13746, 12203, 11429, 5394, 6283, 7474,
    8183, 9007, 10203, 11116, 9380, 8673, 8201, 7847, 7020, 6539, 7600, 8190, 8780, 10339, 8545, 8191, 7837,
)  # fmt: skip
BFM_LANDMARKS_NOW = (2735, 6088, 10263, 13746, 8165, 5394, 11116)

# NoW's points among iBUG's: outer and inner corner of the right eye, inner and outer of the left, under the nose,
# right and left corner of the mouth (right and left are the subject's).
NOW_IN_IBUG = (36, 39, 42, 45, 33, 48, 54)

IBUG_IDS = tuple(f"ibug68.{index:02d}" for index in range(68))
NOW_IDS = tuple(f"now7.{index}" for index in range(7))
NEAREST_MM = 5.0  # a named point further than this from every vertex belongs to another mesh or unit

Int64 = NDArray[np.int64]


def landmark_vertices(
    vertices: NDArray[np.floating], named_points: dict[str, tuple[float, float, float]], source: str
) -> tuple[Int64, Int64]:
    """Return the 68 iBUG and NoW's seven landmark vertex ids, (68,) and (7,) int64.

    Args:
        vertices: (V,3) mean shape in mm, raw (in the frame of `named_points`).
        named_points: the file's own landmarks, id -> (x, y, z) in mm.
        source: the file, for messages.

    The full Basel mesh (V = 53149) has fixed ids; any other mesh needs points `ibug68.00` … `ibug68.67` and `now7.0`
    … `now7.6`, each of which takes its nearest vertex. Raises FocusError when points are missing or far from the mesh.
    """
    missing = [name for name in IBUG_IDS + NOW_IDS if name not in named_points]
    if not missing:
        wanted = np.array([named_points[name] for name in IBUG_IDS + NOW_IDS], dtype=float)
        from scipy.spatial import cKDTree  # here, as `focus reconstruct` has no use for its 0.2 s

        distance, ids = cKDTree(vertices).query(wanted)
        if distance.max() > NEAREST_MM:
            name, far = (IBUG_IDS + NOW_IDS)[int(distance.argmax())], distance.max()
            raise FocusError(f"{source}: {name} is {far:.1f} mm from any vertex; expected at most {NEAREST_MM} mm")
        return ids[:68].astype(np.int64), ids[68:].astype(np.int64)
    if len(vertices) == BFM_VERTICES:
        return np.array(BFM_LANDMARKS_68), np.array(BFM_LANDMARKS_NOW)
    if len(vertices) == FACE12_VERTICES:
        raise FocusError(
            f"{source}: the face12 mesh ({FACE12_VERTICES} vertices) has no landmark ids; "
            f"expected the full mesh ({BFM_VERTICES} vertices: model2017-1_bfm_nomouth.h5 or model2019_bfm.h5)"
        )
    raise FocusError(
        f"{source}: {len(vertices)} vertices and no landmark {missing[0]} in metadata/landmarks/json; expected "
        f"{BFM_VERTICES} vertices or points {IBUG_IDS[0]}..{IBUG_IDS[-1]} and {NOW_IDS[0]}..{NOW_IDS[-1]}"
    )
