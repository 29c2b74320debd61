"""Training of the landmark detector: the targets are where the points are in the drawn squares."""

from __future__ import annotations

import pytest
import torch

from focus.datasets.augmentation import LANDMARK_SWAP
from focus.landmarks.heatmap import HeatmapNetwork, expected_positions
from focus.training.detector import SPREAD, AnnotatedImages, DetectorObjective, heat_target

SIDE, SQUARE = 96, 64


def points() -> torch.Tensor:
    """68 points of a face of 40 px in the middle of the image, mirror images of each other by the 68-point swap."""
    generator = torch.Generator().manual_seed(0)
    left = torch.rand(68, 2, generator=generator) * torch.tensor([18.0, 40.0])
    result = left.clone()
    for i, j in enumerate(LANDMARK_SWAP):
        if i < j:
            result[j] = left[i] * torch.tensor([-1.0, 1.0]) + torch.tensor([40.0, 0.0])
        elif i == j:
            result[i, 0] = 20.0
    return result + 28.0


def image_of(spot: torch.Tensor) -> torch.Tensor:
    """An image (3,H,W), black but for a smooth spot at one point."""
    axis = torch.arange(float(SIDE))
    distance = (axis[None] - spot[0]) ** 2 + (axis[:, None] - spot[1]) ** 2
    return torch.exp(-distance / 8).expand(3, -1, -1)


@pytest.mark.parametrize("landmark", [0, 30, 45])
def test_targets_agree_with_the_squares(landmark):
    """The detector would learn points beside the face: wrong under shift, zoom, rotation or flip."""
    data = AnnotatedImages(image_of(points()[landmark])[None].expand(24, -1, -1, -1), points().expand(24, -1, -1))
    objective = DetectorObjective(HeatmapNetwork(4), data, SQUARE, 24, 0)
    squares, targets = objective._draw(torch.arange(24), torch.Generator().manual_seed(1))
    weight = (squares.mean(1) - 0.12).clamp(min=0)  # above the noise
    centres = (torch.arange(SQUARE) + 0.5) / SQUARE
    total = weight.sum((1, 2))
    found = torch.stack([(weight.sum(1) * centres).sum(1) / total, (weight.sum(2) * centres).sum(1) / total], 1)
    own, mirrored = targets[:, landmark], targets[:, LANDMARK_SWAP[landmark]]
    distances = torch.stack([(found - own).norm(dim=1), (found - mirrored).norm(dim=1)])
    assert distances.amin(0).max() < 0.5 / SQUARE  # half a pixel of the square
    flipped = distances[1] < distances[0]
    assert LANDMARK_SWAP[landmark] == landmark or 4 < int(flipped.sum()) < 20


def test_targets_of_a_mirrored_face_keep_their_sides():
    """After a flip, landmark 36 would be the eye corner on the other side."""
    data = AnnotatedImages(torch.zeros(32, 3, SIDE, SIDE), points().expand(32, -1, -1))
    targets = DetectorObjective(HeatmapNetwork(4), data, SQUARE, 32, 0)._draw(
        torch.arange(32), torch.Generator().manual_seed(0)
    )[1]
    sides = targets[:, 0, 0] < targets[:, LANDMARK_SWAP[0], 0]
    assert sides.all() if points()[0, 0] < points()[LANDMARK_SWAP[0], 0] else not sides.any()


def test_squares_differ_in_size_and_hold_most_points():
    """Only one zoom would be trained, though the two passes of the detector need two."""
    data = AnnotatedImages(torch.zeros(200, 3, SIDE, SIDE), points().expand(200, -1, -1))
    targets = DetectorObjective(HeatmapNetwork(4), data, SQUARE, 200, 0)._draw(
        torch.arange(200), torch.Generator().manual_seed(0)
    )[1]
    extent = (targets.amax(1) - targets.amin(1)).amax(1)
    assert extent.min() < 0.4 and extent.max() > 0.65
    assert ((targets > 0) & (targets < 1)).all(2).float().mean() > 0.95


def test_heat_target():
    """Target heat maps would have another centre, width or mass."""
    positions = torch.tensor([[[0.25, 0.75], [1.2, 0.5]]])
    heat = heat_target(positions, 32)
    assert heat.shape == (1, 2, 32, 32)
    assert heat[0, 0].sum() == pytest.approx(1, abs=1e-5) and heat[0, 1].sum() == 0
    centres = (torch.arange(32) + 0.5) / 32
    x, y = heat[0, 0].sum(0), heat[0, 0].sum(1)
    assert float((x * centres).sum()) == pytest.approx(0.25, abs=1e-3)
    assert float((y * centres).sum()) == pytest.approx(0.75, abs=1e-3)
    assert float((x * (centres - 0.25) ** 2).sum().sqrt()) == pytest.approx(SPREAD, rel=0.05)


def test_step_repeats_and_gradients_are_finite():
    """A resumed training would see other squares; a point outside a square would give NaN."""
    torch.manual_seed(0)
    network = HeatmapNetwork(4)
    data = AnnotatedImages(torch.rand(5, 3, SIDE, SIDE), points().expand(5, -1, -1))
    objective = DetectorObjective(network.eval(), data, 32, 4, 3)
    loss, terms = objective(7)
    assert loss.item() == objective(7)[0].item() != objective(8)[0].item()
    assert loss.item() == pytest.approx(0.1 * float(terms["heatmap"]) + 10 * float(terms["distance"]), rel=1e-5)
    loss.backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


def test_perfect_heat_maps_have_no_distance():
    """The distance term would measure in other units than the targets."""
    targets = torch.rand(2, 68, 2) * 0.6 + 0.2
    logits = (heat_target(targets, 64) + 1e-30).log()
    assert (expected_positions(logits) - targets).abs().max() < 1e-3
