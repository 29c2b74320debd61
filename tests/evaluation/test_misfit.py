"""Signed errors behind the misfit prior's verdict."""

from __future__ import annotations

import numpy as np
import pytest

import tiny
from focus.datasets.scans import Scan
from focus.evaluation.misfit import agreement, along_normals, mean_signed_error, share_made_worse


@pytest.fixture
def face() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean face's vertices, triangles and NoW landmarks."""
    model = tiny.face_model()
    return model.shape_mean.double().numpy(), model.triangles.numpy(), model.landmarks_now.numpy()


def bump(vertices: np.ndarray) -> np.ndarray:
    """One mm towards the viewer on one half of the face, where the surface faces the viewer."""
    return np.where((vertices[:, :1] > 10) & (vertices[:, 2:] > np.median(vertices[:, 2])), [[0.0, 0.0, 1.0]], 0.0)


def test_error_is_positive_outside_and_in_its_place(face):
    """The prior would be compared with an error of the other sign, or of other vertices."""
    vertices, triangles, landmarks = face
    scan = Scan(vertices @ np.diag([1.0, 1, 1]) + 5.0, vertices[landmarks] + 5.0)
    error = mean_signed_error((vertices + bump(vertices))[None], triangles, landmarks, [scan])
    raised, known = bump(vertices)[:, 2] > 0, np.isfinite(error)
    assert known.any() and error[raised & known].mean() > error[~raised & known].mean() + 0.3


def test_shift_turn_and_scale_are_no_misfit(face):
    """A prior that only moves or scales the face would seem to explain an error that NoW's alignment undoes."""
    vertices, triangles, _ = face
    everywhere = np.ones(len(vertices), bool)
    moved = 0.03 * vertices + np.array([4.0, -2.0, 7.0])
    assert np.abs(along_normals(moved, vertices, triangles, everywhere)).max() < 1e-2
    assert np.abs(along_normals(moved + bump(vertices), vertices, triangles, everywhere)).max() > 0.3


def test_agreement_by_hand():
    """The reported cosine or correlation would be another value, or count vertices without a scan."""
    first, second = np.array([1.0, 2.0, np.nan, 3.0]), np.array([2.0, 4.0, 9.0, 6.0])
    assert agreement(first, second) == {"cosine": 1.0, "correlation": 1.0}
    assert agreement(first, np.array([3.0, 2.0, 0.0, 1.0])) == {"cosine": 0.7143, "correlation": -1.0}


def test_share_made_worse_by_hand():
    """Sec. 4.5's share would count images that got better."""
    assert share_made_worse({"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}, {"a": 2.0, "b": 0.5, "c": 1.0, "d": 0.9}) == 0.25
