"""Scans: denser than they need be to be fair, and with their own mesh."""

import numpy as np

from focus.emulation.photograph import rim_of
from focus.emulation.scans import picked_points, picked_points_xml, scan


def test_scan_follows_the_face_with_relief_of_its_own(generator):
    """If wrong, the ground truth is another face, or a copy of the model's own vertices."""
    rng = np.random.default_rng(0)
    template = generator.template
    vertices, triangles = scan(template, rim_of(template.triangles), template.vertices, 2.7, rng)
    assert 2600 < len(vertices) < 3600
    assert len(np.unique(triangles)) == len(vertices)
    inner = np.hypot(vertices[:, 0] / 60, (vertices[:, 1] - 4) / 80) < 1
    distance = np.linalg.norm(vertices[inner, None] - template.vertices[None], axis=-1).min(1)
    assert 0.3 < distance.mean() < 3  # half of a coarse template's spacing


def test_picked_points_are_the_seven_landmarks(generator):
    """If wrong, the first alignment of the NoW protocol starts elsewhere."""
    template = generator.template
    points = picked_points(template, template.vertices, np.random.default_rng(0))
    assert np.abs(points - template.vertices[template.landmarks_now]).max() < 1
    assert picked_points_xml(points, "a&b.obj").count("<point ") == 7
    assert "a&amp;b.obj" in picked_points_xml(points, "a&b.obj")
