"""`--fit`: the pose first, then all parameters."""

from __future__ import annotations

import numpy as np

import bundles


def test_pose_first():
    """One step of refinement would leave the face where the encoder saw it: turned too little, beside its points."""
    image, points = bundles.photo()
    one = bundles.reconstructor()(image, landmarks=points, fit=1)
    forward = bundles.reconstructor()(image, landmarks=points, fit=0)
    apart = [np.linalg.norm(face.model_landmarks - points, axis=1).mean() for face in (one, forward)]
    assert apart[0] < 0.5 * apart[1]


def test_a_photograph_upside_down():
    """The pose of a face upside down would be one of a face that stands upright."""
    image, points = bundles.photo()
    turned = np.ascontiguousarray(image[::-1, ::-1])
    flipped = np.array([image.shape[1] - 1, image.shape[0] - 1]) - points
    one = bundles.reconstructor()(image, landmarks=points, fit=1)
    other = bundles.reconstructor()(turned, landmarks=flipped, fit=1)
    height = np.ptp(points[:, 1])
    assert np.linalg.norm(other.model_landmarks - flipped, axis=1).mean() < 0.06 * height
    assert np.linalg.norm(one.model_landmarks - points, axis=1).mean() < 0.06 * height
