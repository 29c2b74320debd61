"""The heat-map detector's geometry: what is where in the square is where it was in the image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from focus.landmarks import HeatmapDetector, HeatmapNetwork
from focus.landmarks.heatmap import _shrunk_square, confidence, expected_positions
from focus.landmarks.squares import rotation, sample_squares


def peak(column: int, row: int, size: int = 32) -> torch.Tensor:
    logits = torch.zeros(1, 68, size, size)
    logits[:, :, row, column] = 60.0
    return logits


def spot(width: int, height: int, x: float, y: float, spread: float = 4.0) -> torch.Tensor:
    """An image (1,3,H,W) with a smooth spot at pixel (x, y)."""
    columns, rows = torch.arange(float(width))[None], torch.arange(float(height))[:, None]
    return torch.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * spread**2)).expand(1, 3, -1, -1)


def centroid(image: torch.Tensor) -> torch.Tensor:
    """The spot's place (x, y) in [0,1] of a square image (S,S)."""
    weight = (image - 0.05).clamp(min=0)
    cells = (torch.arange(image.shape[0]) + 0.5) / image.shape[0]
    return torch.stack([(weight.sum(0) * cells).sum(), (weight.sum(1) * cells).sum()]) / weight.sum()


def test_expected_position_of_a_peak():
    """Landmarks would be off by half a cell, or x and y exchanged."""
    found = expected_positions(peak(10, 3))
    assert found.shape == (1, 68, 2)
    assert torch.allclose(found[0, 0], torch.tensor([10.5 / 32, 3.5 / 32]), atol=1e-5)


def test_expected_position_between_two_cells():
    """Landmarks could lie on cell centres only."""
    logits = torch.full((1, 68, 8, 8), -60.0)
    logits[:, :, 2, 3], logits[:, :, 2, 4] = 0.0, float(np.log(3))
    assert torch.allclose(expected_positions(logits)[0, 5], torch.tensor([(3.5 + 3 * 4.5) / 4 / 8, 2.5 / 8]), atol=1e-6)


def test_uniform_map_is_the_middle():
    """An undecided network would point into a corner."""
    assert torch.allclose(expected_positions(torch.zeros(2, 68, 8, 8)), torch.full((2, 68, 2), 0.5))


def test_confidence():
    """A sure and an undecided network could not be told apart by one threshold."""
    assert confidence(peak(5, 5)).item() == pytest.approx(1, abs=1e-4)
    assert confidence(torch.zeros(1, 68, 32, 32)).item() == pytest.approx(9 / 1024, abs=1e-5)
    assert 0.4 < confidence(torch.cat([peak(5, 5)[:, :34], torch.zeros(1, 34, 32, 32)], 1)).item() < 0.6


def test_gradcheck():
    """The landmark loss would have a wrong gradient."""
    logits = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(expected_positions, logits)


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
    """Detector training would name its rotations by the other sign than the docstring."""
    assert torch.allclose(
        rotation(torch.tensor([torch.pi / 2]))[0] @ torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), atol=1e-6
    )


def test_whole_image_is_itself():
    """The first pass would see a shifted image."""
    image = torch.rand(1, 3, 16, 16)
    square = sample_squares(image, torch.tensor([[7.5, 7.5]]), torch.tensor([16.0]), torch.zeros(1), 16)
    assert torch.allclose(square, image, atol=1e-5)


def test_black_outside():
    """Pixels beyond the border would repeat the border."""
    square = sample_squares(
        torch.ones(1, 3, 8, 8), torch.tensor([[3.5, 3.5]]), torch.tensor([24.0]), torch.zeros(1), 24
    )
    assert square[0, 0].sum() == pytest.approx(64) and square[0, 0, 8:16, 8:16].min() == pytest.approx(1)


def test_network_shapes():
    """Heat maps would have another grid than half the input's, or less than 68 maps."""
    assert HeatmapNetwork(4)(torch.rand(2, 3, 32, 32)).shape == (2, 68, 16, 16)


class SeesTheSpot(nn.Module):
    """Stands for a trained network: every heat map follows the red channel; confidence as the spot is bright."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 40 * functional.avg_pool2d(images[:, :1], 2).expand(-1, 68, -1, -1)


@pytest.mark.parametrize(("width", "height", "x", "y"), [(64, 64, 20, 40), (150, 100, 120, 30), (400, 500, 123, 432)])
def test_two_passes_find_the_spot(width, height, x, y):
    """A face in an image of another size than the network's would be put beside its place."""
    image = (spot(width, height, x, y, max(width, height) / 32)[0] * 255).byte().permute(1, 2, 0).numpy()
    (found,) = HeatmapDetector(SeesTheSpot(), 64, 0.0).detect([image])
    assert found.landmarks.shape == (68, 2) and found.landmarks.dtype == np.float32
    assert np.abs(found.landmarks - (x, y)).max() < max(0.5, max(width, height) / 250)


def test_large_images_are_averaged_down_in_place():
    """In large photographs all landmarks would be off by a part of the averaging's cells."""
    x, y, side = 251.0, 333.0, 600.0
    image = (spot(500, 600, x, y, 30.0)[0] * 255).byte().permute(1, 2, 0).numpy()
    centre = torch.tensor([260.0, 310.0])
    square = _shrunk_square(image, centre, torch.tensor(side), 64)
    assert square.shape == (1, 3, 64, 64)
    assert torch.allclose(centre + (centroid(square[0, 0]) - 0.5) * side, torch.tensor([x, y]), atol=0.3)


def test_images_of_several_sizes_in_several_batches():
    """Detections would be given to other images than their own."""
    places = [(64, 64, 20, 40), (90, 70, 60, 20), (64, 100, 30, 70)]
    images = [(spot(*place)[0] * 255).byte().permute(1, 2, 0).numpy() for place in places]
    found = HeatmapDetector(SeesTheSpot(), 64, 0.0, batch=2).detect(images)
    assert len(found) == 3
    for place, detection in zip(places, found, strict=True):
        assert np.abs(detection.landmarks[0] - place[2:]).max() < 0.6


def test_no_face_has_a_reason():
    """An image without a face would get points anyway, or be left out without a word."""
    (found,) = HeatmapDetector(SeesTheSpot(), 64, 0.15).detect([np.zeros((80, 60, 3), np.uint8)])
    assert found.landmarks is None
    assert found.reason == "no face found: confidence 0.01, expected at least 0.15"


def test_detector_is_in_eval_mode_and_repeats():
    """Batch statistics of the images would change the landmarks."""
    torch.manual_seed(0)
    network = HeatmapNetwork(4).train()
    detector = HeatmapDetector(network, 32, 0.0)
    images = list(np.random.default_rng(0).integers(0, 255, (3, 50, 40, 3), dtype=np.uint8))
    together, alone = detector.detect(images), [detector.detect([image])[0] for image in images]
    assert not network.training
    for first, second in zip(together, alone, strict=True):
        assert np.allclose(first.landmarks, second.landmarks, atol=1e-2)


def test_no_images():
    """An empty list would be an error."""
    assert HeatmapDetector(SeesTheSpot(), 64, 0.0).detect([]) == []
