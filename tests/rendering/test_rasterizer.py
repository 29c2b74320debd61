from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from focus.errors import FocusError
from focus.rendering import Topology, rasterize, rasterizer

# Counter-clockwise with y up; in pixels (y down) the lower left half of the square 0..3, edges included.
CORNER = [[0.0, 3.0, 5.0], [3.0, 3.0, 5.0], [0.0, 0.0, 5.0]]


def draw(points: Tensor | list, triangles: list[list[int]], height: int = 4, width: int = 4) -> Tensor:
    points = torch.as_tensor(points)
    return rasterize(points[None], Topology(torch.tensor(triangles)), height, width)[0]


def brute_force(points: Tensor, triangles: Tensor, size: int) -> Tensor:
    """One pixel and one triangle at a time, in float64."""
    nearest, result = torch.full((size, size), torch.inf), torch.full((size, size), -1)
    y, x = torch.meshgrid(torch.arange(size).double(), torch.arange(size).double(), indexing="ij")
    for index, triangle in enumerate(triangles.tolist()):
        (x0, y0, z0), (x1, y1, z1), (x2, y2, z2) = points[triangle].double().tolist()
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area >= 0:
            continue
        w0 = ((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) / area
        w1 = ((x2 - x) * (y0 - y) - (x0 - x) * (y2 - y)) / area
        w2 = 1 - w0 - w1
        depth = 1 / (w0 / z0 + w1 / z1 + w2 / z2)
        closer = (w0 >= 0) & (w1 >= 0) & (w2 >= 0) & (depth < nearest)
        nearest[closer], result[closer] = depth[closer].float(), index
    return result


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("turn", [[0, 1, 2], [1, 2, 0], [2, 0, 1]])
def test_one_triangle_by_hand(dtype: torch.dtype, turn: list[int]) -> None:
    """Pixel centres are not at integers, edges not inclusive, or the order of the corners matters."""
    drawn = draw(torch.tensor(CORNER, dtype=dtype), [turn])
    assert drawn.tolist() == [[0, -1, -1, -1], [0, 0, -1, -1], [0, 0, 0, -1], [0, 0, 0, 0]]


def test_back_faces_are_culled() -> None:
    """The inside of the head would be drawn."""
    assert (draw(CORNER, [[0, 2, 1]]) == -1).all()


def test_nearest_wins_and_ties_go_to_the_lower_index() -> None:
    """Ears would show through the cheek, or the same input give different pixels."""
    far = [[x, y, 7.0] for x, y, _ in CORNER]
    assert draw(far + CORNER, [[0, 1, 2], [3, 4, 5]]).amax() == 1
    assert set(draw(far + CORNER, [[0, 1, 2], [3, 4, 5]]).unique().tolist()) == {-1, 1}
    assert set(draw(CORNER, [[0, 1, 2], [1, 2, 0]]).unique().tolist()) == {-1, 0}


def test_depth_is_perspective_correct() -> None:
    """Two crossing triangles would meet at the wrong pixel."""
    slope = [[0.0, 8.0, 2.0], [8.0, 8.0, 6.0], [0.0, 0.0, 2.0]]
    level = [[0.0, 8.0, 3.01], [8.0, 8.0, 3.01], [0.0, 0.0, 3.01]]
    # 1/z is linear in the screen: 1/2 at x = 0, 1/6 at x = 8; z = 3.01 at x = 4.03. Linear in z it would be at 2.02.
    assert draw(slope + level, [[0, 1, 2], [3, 4, 5]], 9, 9)[8].tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize("depth", [0.0, -1.0, float("nan")])
def test_triangles_behind_the_camera_are_not_drawn(depth: float) -> None:
    """A diverged pose would draw mirrored faces, or crash."""
    assert (draw([[0.0, 3.0, depth], *CORNER[1:]], [[0, 1, 2]]) == -1).all()


def test_not_a_number_and_out_of_sight() -> None:
    """A diverged pose would crash the rasterizer instead of giving an empty image."""
    for x in (float("nan"), float("inf")):
        assert (draw([[x, 3.0, 5.0], *CORNER[1:]], [[0, 1, 2]])[0, 3]) == -1
    away = torch.tensor(CORNER) + torch.tensor([100.0, 0, 0])
    assert (draw(away, [[0, 1, 2]]) == -1).all()


def test_image_need_not_be_square() -> None:
    """Height and width would be swapped."""
    wide = [[0.0, 2.0, 5.0], [20.0, 2.0, 5.0], [0.0, -20.0, 5.0]]
    assert (draw(wide, [[0, 1, 2]], 3, 7) == 0).all()
    assert (draw(wide, [[0, 1, 2]], 5, 7)[3:] == -1).all()


@pytest.mark.parametrize("size", [5, 16])
def test_random_triangles_equal_a_plain_loop(generator: torch.Generator, size: int) -> None:
    """Large, small, overlapping or clipped triangles are drawn wrongly."""
    for _ in range(5):
        points = torch.rand(2, 120, 3, generator=generator) * torch.tensor([2.0 * size, 2.0 * size, 1.0])
        points += torch.tensor([-size / 2, -size / 2, 1.0])
        triangles = torch.randperm(120, generator=generator).view(40, 3)
        drawn = rasterize(points, Topology(triangles), size, size)
        for image in range(2):
            assert torch.equal(drawn[image], brute_force(points[image], triangles, size))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("spacing", [0.37, 1.0, 3.3])
@pytest.mark.parametrize("jitter", [0.0, 0.3])
def test_shared_edges_without_cracks(
    make_lattice: Callable, generator: torch.Generator, dtype: torch.dtype, spacing: float, jitter: float
) -> None:
    """Holes would appear where a pixel centre lies on, or within rounding of, the edge between two triangles."""
    size = 24
    side = int((size + 3) / spacing) + 3
    grid = (torch.arange(side, dtype=dtype) - 1) * spacing - 1
    y, x = torch.meshgrid(grid.flip(0), grid, indexing="ij")
    plane = torch.stack([x, y, torch.full_like(x, 3.0)], dim=-1).reshape(1, -1, 3)
    moves = jitter * spacing * (2 * torch.rand(4, side * side, 3, dtype=dtype, generator=generator) - 1)
    # Random numbering: the sorted order of the corners then has either parity.
    numbering = torch.randperm(side * side, generator=generator)
    triangles = numbering.argsort()[make_lattice(side, side)]
    drawn = rasterize((plane + moves)[:, numbering], Topology(triangles), size, size)
    assert (drawn >= 0).all()


def test_fans_on_pixel_centres_without_cracks(generator: torch.Generator) -> None:
    """A pixel centre that is itself a vertex, with thin triangles around it, would be missed."""
    turn = torch.rand(60, generator=generator).sort().values * 2 * torch.pi
    rim = torch.stack([4 + 20 * turn.cos(), 4 - 20 * turn.sin(), torch.full_like(turn, 2.0)], dim=1)
    points = torch.cat([rim, torch.tensor([[4.0, 4.0, 2.0]])])
    triangles = [[60, k, (k + 1) % 60] for k in range(60)]
    assert (draw(points, triangles, 9, 9) >= 0).all()


def test_chunks_do_not_change_the_result(
    make_face: Callable, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bounds on memory would lose or misplace pixels."""
    vertices, triangles = make_face(9)
    points = 0.2 * vertices * torch.tensor([1.0, -1.0, -1.0]) + torch.tensor([15.5, 15.5, 100.0])
    points = points + torch.randn(5, 81, 3, generator=generator)
    whole = rasterize(points, Topology(triangles), 32, 32)
    for images, pairs in ((1, 2**20), (2**17, 7), (2 * len(triangles), 100)):
        monkeypatch.setattr(rasterizer, "_TRIANGLES_AT_ONCE", images)
        monkeypatch.setattr(rasterizer, "_PAIRS_AT_ONCE", pairs)
        assert torch.equal(rasterize(points, Topology(triangles), 32, 32), whole)
    assert (whole >= 0).float().mean() > 0.5


def test_exceptions() -> None:
    """A mesh of another model would be read out of bounds."""
    topology = Topology(torch.tensor([[0, 1, 2]]))
    with pytest.raises(FocusError, match="points"):
        rasterize(torch.zeros(1, 2, 3), topology, 4, 4)
    with pytest.raises(FocusError, match="points"):
        rasterize(torch.zeros(3, 3), topology, 4, 4)
