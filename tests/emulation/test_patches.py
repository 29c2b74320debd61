"""Sheets of which scenes are made."""

import numpy as np
import pytest

from focus.emulation import patches
from focus.emulation.patches import (
    GRID_TRIANGLES,
    LONG,
    SHORT,
    Patch,
    disc,
    ellipsoid,
    facing_out,
    plain,
    superellipse,
    tube,
)


def test_patch_smoke():
    """Without it no scene can be built: a patch has its normals, its texture place and unit length normals."""
    patch = Patch(ellipsoid((0, 0, 0), (10, 20, 30)), plain((0.5, 0.5, 0.5)), "hair")
    assert patch.vertices.shape == patch.normals.shape == (LONG, SHORT, 3)
    assert patch.uv.shape == (LONG, SHORT, 2)
    np.testing.assert_allclose(np.linalg.norm(patch.normals, axis=-1), 1, atol=1e-9)


@pytest.mark.parametrize(
    "grid",
    [
        ellipsoid((5, -3, 2), (10, 20, 30)),
        tube([(0, 0, 0), (0, 50, 0)], 8.0),
        tube([(0, 0, 0), (30, 5, 4), (60, 0, 0)], [8.0, 6.0, 3.0], flat=0.6),
    ],
    ids=["ellipsoid", "upright tube", "bent tube"],
)
def test_closed_sheets_face_outwards(grid):
    """If normals point inwards, the rasterizer culls the near side and shows the far one."""
    outward = (patches.grid_normals(grid) * (grid - grid.mean((0, 1)))).sum(-1)
    assert (outward > 0).mean() > 0.9


def test_ellipsoid_lies_on_its_surface():
    """If wrong, heads and hats have another size than stated."""
    grid = ellipsoid((1, 2, 3), (10, 20, 30)) - (1, 2, 3)
    np.testing.assert_allclose(((grid / (10, 20, 30)) ** 2).sum(-1), 1, atol=1e-12)


def test_disc_faces_right_cross_up_and_keeps_its_outline():
    """If wrong, lenses and plates are seen from behind, that is not at all."""
    grid = disc((0, 0, 7), (1, 0, 0), (0, 1, 0), superellipse(4, 3))
    assert (patches.grid_normals(grid)[..., 2] > 0.99).all()
    np.testing.assert_allclose(np.abs(grid[..., 0]).max(), 4, atol=1e-9)
    np.testing.assert_allclose(grid[..., 2], 7)


def test_facing_out_flips_only_where_needed():
    """If wrong, half of the sheets are invisible."""
    grid = ellipsoid((0, 0, 0), (1, 1, 1))
    assert facing_out(grid, (0, 0, 0)) is grid
    np.testing.assert_array_equal(facing_out(grid[:, ::-1], (0, 0, 0)), grid)


def test_grid_triangles_turn_like_the_normals():
    """If wrong, back-face culling and shading disagree."""
    flat = np.stack(
        [*np.meshgrid(np.arange(LONG), np.arange(SHORT), indexing="ij"), np.zeros((LONG, SHORT))], -1
    ).astype(float)
    a, b, c = (flat.reshape(-1, 3)[GRID_TRIANGLES[:, k]] for k in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()
    assert (patches.grid_normals(flat)[..., 2] == 1).all()
