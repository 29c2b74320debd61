import numpy as np
import pytest

from focus.errors import FocusError
from focus.face_model.embedded import Template, build_template, curves
from focus.face_model.embedded.surface import surface_depth
from focus.face_model.landmarks import NOW_IN_IBUG


@pytest.fixture(scope="module", params=[1.5, 3.0, 3.6, 5.0, 8.0])
def mesh(request) -> Template:
    return build_template(request.param)


def test_mesh_is_sound(mesh: Template):
    """If it fails, the mesh has degenerate, doubled or inward triangles, loose vertices, or tears."""
    corner = mesh.vertices[mesh.triangles]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert (normal[:, 2] > 0).all(), "counter-clockwise seen from the front"
    assert np.linalg.norm(normal, axis=1).min() > 0.02
    np.testing.assert_array_equal(np.unique(mesh.triangles), np.arange(len(mesh.vertices)))
    assert len(np.unique(np.sort(mesh.triangles, 1), axis=0)) == len(mesh.triangles)
    edges = np.sort(mesh.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, uses = np.unique(edges, axis=0, return_counts=True)
    assert uses.max() <= 2
    assert len(mesh.vertices) - len(unique) + len(mesh.triangles) == 1, "one disc (Euler)"


def test_landmarks(mesh: Template):
    """If it fails, landmarks coincide, or iBUG's order (the subject's right first) is mirrored."""
    points = mesh.vertices[mesh.landmarks68]
    assert len(set(mesh.landmarks68.tolist())) == 68
    np.testing.assert_array_equal(mesh.landmarks_now, mesh.landmarks68[list(NOW_IN_IBUG)])
    assert points[0, 0] < -60 and points[16, 0] > 60 and points[8, 1] < -85
    assert points[36, 0] < points[39, 0] < 0 < points[42, 0] < points[45, 0]
    assert points[30, 2] > np.delete(points, 30, 0)[:, 2].max(), "the tip of the nose is nearest to the viewer"
    assert points[62, 1] > points[66, 1] and points[48, 0] < 0 < points[54, 0]
    mirror = points * (-1, 1, 1)
    np.testing.assert_allclose(mirror[[0, 17, 36, 41, 31, 48, 60]], points[[16, 26, 45, 46, 35, 54, 64]], atol=1e-9)


def test_sizes():
    """If it fails, the demo's or a scan's mesh has another size than documented."""
    assert 2000 <= len(build_template(3.6).vertices) <= 6000
    assert len(build_template(1.2).vertices) > 20000


def test_depth_is_a_function_of_position(mesh: Template):
    """If it fails, a fine and a coarse mesh show different faces."""
    np.testing.assert_array_equal(mesh.vertices[:, :2], mesh.xy)
    np.testing.assert_array_equal(mesh.vertices[:, 2], surface_depth(*mesh.xy.T))


def test_deterministic():
    """If it fails, the mesh changes from run to run."""
    first, second = build_template(5.0), build_template(5.0)
    np.testing.assert_array_equal(first.vertices, second.vertices)
    np.testing.assert_array_equal(first.triangles, second.triangles)


@pytest.mark.parametrize("spacing", [0.1, 20.0, float("nan")])
def test_spacing_out_of_range(spacing):
    """If it fails, a mistyped spacing makes a mesh of millions of vertices or none."""
    with pytest.raises(FocusError, match=r"face template: spacing .* expected 0.8 to 8 mm"):
        build_template(spacing)


def test_curves_by_hand():
    """If it fails, eyes, lips or the oval are not where their constants say."""
    np.testing.assert_allclose(curves.eye_curve(0.0), (45.5, 29.4))
    np.testing.assert_allclose(curves.eye_curve(np.pi / 2), (31, 34.2))
    np.testing.assert_allclose(curves.eye_level(np.array([31.0, 31, 90]), np.array([28.5, 34.2, 0])), [0, 1, 9])
    np.testing.assert_allclose(curves.lip_outer(0.0), (25, -42), atol=1e-9)
    np.testing.assert_allclose(curves.outline(2), [(0, 97), (0, -89)], atol=0.05)
