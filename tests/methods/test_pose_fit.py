"""The pose that 68 points alone give."""

from __future__ import annotations

import math

import pytest
import torch

import tiny
from focus.methods.pose_fit import fit_pose, tilted


def setting(pose):
    """Return the camera, the mean face's 68 points for each pose, and where these poses show them."""
    network = tiny.autoencoder()
    model, camera = network.model, network.renderer.camera
    points = (model.shape_mean + model.expression_mean)[model.landmarks68].expand(len(pose), -1, -1)
    return camera, points, camera.project(points, pose)[..., :2]


def test_the_pose_is_found_again():
    """A head would be turned less, or lie elsewhere, than its points say."""
    pose = torch.tensor([[0.2, -0.6, 0.1, 5, -8, 40], [-0.1, 0.5, -0.2, -10, 4, -60]])
    camera, points, landmarks = setting(pose)
    found = fit_pose(camera, points, landmarks)
    assert torch.allclose(found[:, :3], pose[:, :3], atol=1e-3) and torch.allclose(
        found[:, 3:5], pose[:, 3:5], atol=0.1
    )


@pytest.mark.parametrize("degrees", [90, -90, 180, 35])
def test_faces_that_lie_in_the_picture(degrees):
    """A face on its side or upside down would be fitted upright, far from its points."""
    pose = torch.tensor([[0.1, 0.3, math.radians(degrees), 3, 4, 20.0]])
    camera, points, landmarks = setting(pose)
    found = fit_pose(camera, points, landmarks, tilted(points, landmarks))
    assert torch.allclose(camera.project(points, found)[..., :2], landmarks, atol=1e-2)
    turn = (found[:, 2] - pose[:, 2] + math.pi) % (2 * math.pi) - math.pi
    assert turn.abs().max() < 1e-2


def test_a_batch_changes_nothing():
    """A face's pose would depend on the faces beside it."""
    pose = torch.tensor([[0.2, -0.4, 0.1, 5, -8, 40], [-0.1, 0.3, -0.2, -10, 4, -60]])
    camera, points, landmarks = setting(pose)
    together = fit_pose(camera, points, landmarks)
    assert torch.allclose(fit_pose(camera, points[1:], landmarks[1:]), together[1:], atol=1e-5)


def test_exceptions():
    """Points of another scheme would be fitted to the wrong places."""
    camera, points, landmarks = setting(torch.zeros(1, 6))
    with pytest.raises(ValueError, match="expected"):
        fit_pose(camera, points[:, :5], landmarks)
    with pytest.raises(ValueError, match="expected"):
        fit_pose(camera, points, landmarks[:, :5])
