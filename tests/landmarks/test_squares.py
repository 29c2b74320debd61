"""Squares cut from images: what is where in the square is where it was in the image."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from focus.landmarks.squares import Pyramid, rotation, sample_squares


def spot(width: int, height: int, x: float, y: float, spread: float) -> torch.Tensor:
    """An image (1,3,H,W) with a smooth spot at pixel (x, y)."""
    columns, rows = torch.arange(float(width))[None], torch.arange(float(height))[:, None]
    return torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2)).expand(1, 3, -1, -1)


def centroid(image: torch.Tensor) -> torch.Tensor:
    """The spot's place (x, y) in [0,1] of a square image (S,S)."""
    weight = (image - 0.05).clamp(min=0)
    cells = (torch.arange(image.shape[0]) + 0.5) / image.shape[0]
    return torch.stack([(weight.sum(0) * cells).sum(), (weight.sum(1) * cells).sum()]) / weight.sum()


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2])
@pytest.mark.parametrize("side", [40.0, 90.0])
def test_round_trip_of_a_point(angle, side):
    """A point found in a square would be put back beside its place in the image."""
    x, y = 70.3, 41.6
    centre, angles = torch.tensor([[64.0, 45.0]]), torch.tensor([angle])
    square = sample_squares(spot(120, 90, x, y, 3.0), centre, torch.tensor([side]), angles, 64)
    assert square.shape == (1, 3, 64, 64)
    back = centre[0] + rotation(angles)[0] @ (centroid(square[0, 0]) - 0.5) * side
    assert torch.allclose(back, torch.tensor([x, y]), atol=0.15)


def test_positive_angle_is_clockwise_on_screen():
    """Faces that lean to one side would be turned further, not upright."""
    assert torch.allclose(
        rotation(torch.tensor([torch.pi / 2]))[0] @ torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), atol=1e-6
    )


def test_whole_image_is_itself():
    """The first look would see a shifted image."""
    image = torch.rand(1, 3, 16, 16)
    square = sample_squares(image, torch.tensor([[7.5, 7.5]]), torch.tensor([16.0]), torch.zeros(1), 16)
    assert torch.allclose(square, image, atol=1e-5)


def test_black_outside():
    """Pixels beyond the border would repeat the border."""
    square = sample_squares(
        torch.ones(1, 3, 8, 8), torch.tensor([[3.5, 3.5]]), torch.tensor([24.0]), torch.zeros(1), 24
    )
    assert square[0, 0].sum() == pytest.approx(64) and square[0, 0, 8:16, 8:16].min() == pytest.approx(1)


def test_large_images_are_averaged_down_in_place():
    """In large photographs all landmarks would be off by a part of the averaging's cells."""
    x, y, side = 251.0, 333.0, 600.0
    image = (spot(500, 600, x, y, 30.0)[0] * 255).byte().permute(1, 2, 0).numpy()
    centre = torch.tensor([[260.0, 310.0], [255.0, 320.0]])
    squares = Pyramid(np.ascontiguousarray(image)).squares(centre, torch.tensor([side, 90.0]), 64)
    assert squares.shape == (2, 3, 64, 64)
    assert torch.allclose(centre[0] + (centroid(squares[0, 0]) - 0.5) * side, torch.tensor([x, y]), atol=0.3)
