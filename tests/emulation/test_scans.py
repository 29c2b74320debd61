"""Scans: denser than they need be to be fair, and with their own mesh."""

import igl
import numpy as np

from focus.emulation.scans import picked_points, picked_points_xml, scan


def test_scan_follows_the_face_with_relief_of_its_own(generator):
    """If it fails, the ground truth is another face, or a copy of the model's own vertices."""
    template = generator.template
    vertices, triangles = scan(template, template.vertices, 2.7, np.random.default_rng(0))
    assert 2400 < len(vertices) < 3400
    np.testing.assert_array_equal(np.unique(triangles), np.arange(len(vertices)))
    near = np.linalg.norm(vertices[:, None] - template.vertices[None], axis=-1).min(1)
    assert 0.3 < near.mean() < 3  # half of a coarse template's spacing
    distance = np.sqrt(igl.point_mesh_squared_distance(vertices, template.vertices, template.face_triangles)[0])
    assert 0.05 < np.median(distance) < 0.4 and distance.max() < 1.5


def test_scan_has_holes_where_the_scanner_cannot_see(generator):
    """If it fails, scans are easier than real ones, or a wall is drawn from the nose to the cheek."""
    template = generator.template
    vertices, triangles = scan(template, template.vertices, 2.7, np.random.default_rng(1))
    corner = vertices[triangles]
    assert np.linalg.norm(corner - np.roll(corner, 1, axis=1), axis=-1).max() < 4.5 * 2.7
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert (normal[:, 2] > 0).mean() > 0.99, "outward is towards the viewer"


def test_scans_of_two_people_have_meshes_of_their_own(generator):
    """If it fails, a method could read the correspondence off the vertex order."""
    template = generator.template
    first, second = (scan(template, template.vertices, 4.0, np.random.default_rng(seed))[0] for seed in (0, 1))
    assert len(first) != len(second) or np.abs(first - second).max() > 1


def test_picked_points_are_the_seven_landmarks(generator):
    """If wrong, the first alignment of the NoW protocol starts elsewhere."""
    template = generator.template
    points = picked_points(template, template.vertices, np.random.default_rng(0))
    assert np.abs(points - template.vertices[template.landmarks_now]).max() < 1
    assert picked_points_xml(points, "a&b.obj").count("<point ") == 7
    assert "a&amp;b.obj" in picked_points_xml(points, "a&b.obj")
