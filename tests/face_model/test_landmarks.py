import numpy as np
import pytest

from focus.errors import FocusError
from focus.face_model.landmarks import (
    BFM_LANDMARKS_68,
    BFM_LANDMARKS_NOW,
    BFM_VERTICES,
    IBUG_IDS,
    NOW_IDS,
    landmark_vertices,
)


def test_nearest_vertex_to_named_points():
    """If it fails, the embedded model's landmarks are not those that were written."""
    vertices = np.random.default_rng(0).uniform(-50, 50, (200, 3))
    ids = np.arange(75) * 2
    points = {name: tuple(vertices[i] + 1e-3) for name, i in zip(IBUG_IDS + NOW_IDS, ids, strict=True)}
    ibug, now = landmark_vertices(vertices, points, "file")
    np.testing.assert_array_equal(np.concatenate([ibug, now]), ids)
    points["ibug68.30"] = (500.0, 0.0, 0.0)
    with pytest.raises(FocusError, match=r"file: ibug68.30 is \d+\.\d mm from any vertex; expected at most 5.0 mm"):
        landmark_vertices(vertices, points, "file")


def test_full_mesh_needs_no_named_points():
    """If it fails, the published file, whose own points have other names, has no landmarks."""
    ibug, now = landmark_vertices(np.zeros((BFM_VERTICES, 3)), {"center.nose.tip": (0.0, 0.0, 0.0)}, "file")
    assert tuple(ibug) == BFM_LANDMARKS_68 and tuple(now) == BFM_LANDMARKS_NOW


def test_meshes_without_landmarks_are_explained():
    """If it fails, a face12 file or another mesh silently gets the full mesh's vertex ids."""
    with pytest.raises(FocusError, match=r"face12 mesh \(28588 vertices\).*model2017-1_bfm_nomouth.h5"):
        landmark_vertices(np.zeros((28588, 3)), {}, "file")
    with pytest.raises(FocusError, match=r"file: 10 vertices and no landmark ibug68.00 .* expected 53149 vertices or"):
        landmark_vertices(np.zeros((10, 3)), {}, "file")
