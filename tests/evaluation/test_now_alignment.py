"""Alignment: closest points, Procrustes, the linearisation and the descent."""

from __future__ import annotations

import numpy as np
import pytest

from focus.evaluation.now_alignment import (
    Alignment,
    Surface,
    descend,
    linearise,
    moved,
    procrustes,
    refine,
    rotation_from_vector,
)

SQUARE = Surface(np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0.0]]), np.array([[0, 1, 2], [0, 2, 3]]))
IDENTITY = Alignment(1.0, np.eye(3), np.zeros(3))


def bumpy(n: int = 15) -> tuple[np.ndarray, np.ndarray]:
    """A wavy sheet of (n*n, 3) vertices, 100 mm wide, and its triangles."""
    x, y = np.meshgrid(np.linspace(-50, 50, n), np.linspace(-50, 50, n))
    z = 12 * np.cos(x / 18) * np.sin(y / 25) + 0.1 * x - x**2 / 150
    corner = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    triangles = np.concatenate(
        [np.stack([corner, corner + 1, corner + n], 1), np.stack([corner + 1, corner + n + 1, corner + n], 1)]
    )
    return np.stack([x, y, z], -1).reshape(-1, 3), triangles


def test_closest_points_by_hand() -> None:
    """If this fails distances to faces, edges or corners are wrong."""
    points = np.array([[0.3, 0.2, 2.0], [2.0, 0.5, 0.0], [-3.0, -4.0, 0.0]])
    found = SQUARE.closest(points)
    np.testing.assert_allclose(np.sqrt(found.squared), [2, 1, 5])
    np.testing.assert_allclose(found.points, [[0.3, 0.2, 0], [1, 0.5, 0], [0, 0, 0]], atol=1e-15)


def test_inverse_queries_equal_a_moved_mesh() -> None:
    """If this fails the one tree per mesh does not measure what a rebuilt, transformed mesh would."""
    vertices, triangles = bumpy()
    alignment = Alignment(1.2, rotation_from_vector(np.array([0.3, -0.2, 0.5])), np.array([5.0, -3.0, 700.0]))
    points = alignment.apply(vertices) + np.random.default_rng(0).normal(0, 4, vertices.shape)
    direct = np.sqrt(Surface(alignment.apply(vertices), triangles).closest(points).squared)
    np.testing.assert_allclose(Surface(vertices, triangles).distances(points, alignment), direct, atol=1e-10)
    np.testing.assert_allclose(alignment.invert(alignment.apply(vertices)), vertices, atol=1e-10)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_procrustes_recovers_a_similarity(sign) -> None:
    """If this fails the landmark stage starts from a wrong place, or forbids the reflection the protocol allows."""
    source = np.random.default_rng(1).normal(0, 40, (7, 3))
    truth = Alignment(0.8, rotation_from_vector(np.array([0.4, 1.0, -0.2])) * sign, np.array([3.0, 2.0, 1.0]))
    found = procrustes(truth.apply(source), source)
    np.testing.assert_allclose(found.apply(source), truth.apply(source), atol=1e-4)  # single precision, as published
    np.testing.assert_allclose(found.rotation @ found.rotation.T, np.eye(3), atol=1e-14)
    assert found.scale == pytest.approx(0.8, rel=1e-6) and found.mirrored == (sign < 0)


def test_gradient_agrees_with_finite_differences() -> None:
    """If this fails the descent follows a wrong direction and converges slowly or not at all."""
    vertices, triangles = bumpy()
    surface, centre = Surface(vertices, triangles), np.array([3.0, -2.0, 5.0])
    points = vertices + np.random.default_rng(2).normal(0, 2, vertices.shape)
    start = moved(IDENTITY, np.array([0.01, 0.02, -0.01, 0.015, 0.3, -0.2, 0.4]), centre)
    gradient = linearise(surface, points, start, centre).gradient
    for k, size in enumerate([1e-7] * 4 + [1e-5] * 3):
        step = np.zeros(7)
        step[k] = size
        ends = [linearise(surface, points, moved(start, s, centre), centre).objective for s in (step, -step)]
        assert gradient[k] == pytest.approx((ends[0] - ends[1]) / (4 * size), rel=1e-4)


@pytest.mark.parametrize("metrical", [False, True])
def test_refine_recovers_a_known_alignment(metrical) -> None:
    """If this fails the refinement does not reach the minimum, or the metrical one lets the scale go."""
    vertices, triangles = bumpy(180)
    scale = 1.0 if metrical else 1.05
    truth = Alignment(scale, rotation_from_vector(np.array([0.05, -0.04, 0.03])), np.array([1.0, -2.0, 3.0]))
    inner = vertices[np.abs(vertices[:, :2]).max(1) < 40]
    alignment, errors = refine(Surface(vertices, triangles), truth.apply(inner), IDENTITY, metrical=metrical)
    assert errors.max() < 1e-2
    np.testing.assert_allclose(alignment.apply(inner), truth.apply(inner), atol=2e-2)
    assert not metrical or alignment.scale == 1.0


def test_descent_never_goes_up_and_reports_its_own_distances() -> None:
    """If this fails a bad start ends worse than it began, or errors belong to another alignment than returned."""
    vertices, triangles = bumpy()
    surface = Surface(vertices, triangles)
    points = vertices + np.random.default_rng(3).normal(0, 3, vertices.shape)
    start = moved(IDENTITY, np.array([0.3, 0.5, -0.6, 0.4, 20, -10, 30.0]), np.zeros(3))
    before = (surface.distances(points, start) ** 2).sum()
    alignment, errors = descend(surface, points, start, metrical=False, tolerance=1e-6)
    assert (errors**2).sum() < before
    np.testing.assert_allclose(surface.distances(points, alignment), errors, atol=1e-9)
