import numpy as np
import pytest

from focus.errors import FocusError
from focus.face_model.heads import Template
from focus.face_model.heads.curves import landmark_points
from focus.face_model.heads.heads import load_heads
from focus.face_model.heads.mesh import FACE, LEFT_EAR, NECK, PARTS, RIGHT_EAR, SCALP
from focus.face_model.landmarks import NOW_IN_IBUG


@pytest.fixture(scope="module", params=[0, 1])
def head(request) -> Template:
    return load_heads().template(request.param)


@pytest.fixture(scope="module", params=[0, 1])
def face(request) -> Template:
    return load_heads().template(request.param).face()


def _sound(mesh: Template) -> None:
    corner = mesh.vertices[mesh.triangles]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert np.linalg.norm(normal, axis=1).min() > 1e-4
    np.testing.assert_array_equal(np.unique(mesh.triangles), np.arange(len(mesh.vertices)))
    edges = np.sort(mesh.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    assert np.unique(edges, axis=0, return_counts=True)[1].max() == 2


def test_mesh_is_sound(head: Template, face: Template):
    """If it fails, a mesh has degenerate triangles, loose vertices or an edge with three sides."""
    _sound(head)
    _sound(face)


def test_sizes(head: Template, face: Template):
    """If it fails, the model's or the people's mesh has another size than documented."""
    level = int(len(head.vertices) > 10_000)
    assert 4000 < len(head.vertices) / 4**level < 4800
    assert 2500 < len(load_heads().template(level).face().vertices) / 4**level < 3500


def test_triangles_face_outwards(head: Template):
    """If it fails, the renderer shows the inside of the head."""
    corner = head.vertices[head.triangles[head.part == SCALP]]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    outward = corner.mean(1) - (0, 30, -30)
    assert ((normal * outward).sum(1) > 0).mean() > 0.99


def test_parts_are_where_their_names_say(head: Template):
    """If it fails, masks of ears, neck and face are exchanged."""
    assert PARTS[FACE] == "skin"
    middle = {part: head.vertices[head.triangles[head.part == part]].mean((0, 1)) for part in range(len(PARTS))}
    assert middle[LEFT_EAR][0] > 55 > -55 > middle[RIGHT_EAR][0]
    assert middle[SCALP][1] > middle[FACE][1] > middle[NECK][1]
    assert middle[FACE][2] > middle[SCALP][2]
    assert (np.diff(head.part) >= 0).all(), "the face's triangles come first"


def test_landmarks(face: Template):
    """If it fails, landmarks coincide, or iBUG's order (the subject's right first) is mirrored."""
    np.testing.assert_array_equal(face.landmarks_now, face.landmarks68[list(NOW_IN_IBUG)])
    for ids in (face.landmarks68, face.anatomy68):
        assert len(set(ids.tolist())) == 68
        _in_ibugs_order(face.vertices[ids])
    apart = face.vertices[face.landmarks68] - face.vertices[face.anatomy68]
    assert np.linalg.norm(apart, axis=1).max() < 20, "a detector sees them near the features"
    tip = face.vertices[face.anatomy68[30], 2]
    assert tip > np.delete(face.vertices, face.anatomy68[30], 0)[:, 2].max() - 0.5, "the tip is nearest to the viewer"


def _in_ibugs_order(points: np.ndarray) -> None:
    assert points[0, 0] < -55 and points[16, 0] > 55 and points[8, 1] < -70
    assert points[36, 0] < points[39, 0] < 0 < points[42, 0] < points[45, 0]
    assert points[62, 1] > points[66, 1] and points[48, 0] < 0 < points[54, 0]
    mirror = points * (-1, 1, 1)
    right, left = (
        [0, 5, 17, 21, 31, 36, 37, 41, 48, 49, 59, 60, 67],
        [16, 11, 26, 22, 35, 45, 44, 46, 54, 53, 55, 64, 65],
    )
    np.testing.assert_allclose(mirror[right], points[left], atol=0.6)


def test_eyes_fill_their_openings(face: Template):
    """If it fails, one sees through the eyes, or the iris is not in the middle of the opening."""
    ball = face.masks["eye"] > 0.5
    pupil = ball & (np.hypot(*face.gaze.T) < 1.5)
    points = face.vertices[face.anatomy68]
    for eye, side in ((points[36:42], -1), (points[42:48], 1)):
        own = pupil & (np.sign(face.vertices[:, 0]) == side)
        assert own.any()
        assert np.abs(face.vertices[own, :2].mean(0) - eye[:, :2].mean(0)).max() < 2.5
    assert not (ball & (face.masks["lips"] > 0)).any()


def test_a_finer_mesh_is_the_same_head():
    """If it fails, a NoW scan is not the person in its photographs."""
    coarse, fine = (load_heads().template(level) for level in (0, 1))
    np.testing.assert_array_equal(coarse.used, fine.used)
    moved = coarse.vertices[coarse.landmarks68] - fine.vertices[fine.landmarks68]
    assert np.linalg.norm(moved, axis=1).max() < 2, "Loop's subdivision smooths a little"


def test_the_mouth_is_closed_behind_the_lips(face: Template):
    """If it fails, one sees the background through an open mouth."""
    inside = face.masks["inside"] > 0
    mouth = face.triangles[inside[face.triangles].all(1)]
    edges, sides = np.unique(
        np.sort(mouth[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1), axis=0, return_counts=True
    )
    assert face.vertices[edges[sides == 1], 2].min() > 0, "what is open are lips and backs of teeth"
    assert (face.masks["teeth"] > 0.5).sum() > 100


def test_plane_fits_the_paint(face: Template):
    """If it fails, brows and shadows are painted beside their places."""
    off = face.xy[face.anatomy68] - landmark_points()
    assert np.linalg.norm(off, axis=1).max() < 4


@pytest.mark.parametrize("level", [-1, 3])
def test_level_out_of_range(level):
    """If it fails, a mistyped level makes a mesh of millions of vertices."""
    with pytest.raises(FocusError, match=r"head mesh: level .*; expected 0 to 2"):
        load_heads().template(level)
