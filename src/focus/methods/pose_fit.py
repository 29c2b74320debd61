"""The six pose numbers from 68 points, by Gauss-Newton: no network, no pixels."""

from __future__ import annotations

import torch
from torch import Tensor

from focus.model.autoencoder import POSE
from focus.rendering import Camera

STEPS = 8  # Gauss-Newton has settled after about four
DIFFERENCE = 1e-4  # rad or mm


def fit_pose(camera: Camera, points: Tensor, landmarks: Tensor, start: Tensor | None = None) -> Tensor:
    """Return the poses (B,6) that bring points (B,68,3) mm, model frame, closest to landmarks (B,68,2) px.

    `start`: poses (B,6) to begin with; None begins from the front, which does for crops, as these have brought size
    and place close. Each face is fitted by itself. Raises ValueError for other shapes.
    """
    if points.shape[1:] != (68, 3) or landmarks.shape != (len(points), 68, 2):
        raise ValueError(
            f"points {tuple(points.shape)}, landmarks {tuple(landmarks.shape)}; expected (B,68,3), (B,68,2)"
        )

    exact, target = points.double(), landmarks.double().flatten(1)
    pose = exact.new_zeros(len(landmarks), POSE) if start is None else start.double()
    for _ in range(STEPS):
        error = target - _places(camera, exact, pose)
        # QR: six columns of full rank, and torch's default for a CPU starts from pivots that it has not written.
        step = torch.linalg.lstsq(_jacobian(camera, exact, pose), error[..., None], driver="gels").solution
        pose = pose + step[..., 0]
    return pose.to(landmarks.dtype)


def _places(camera: Camera, points: Tensor, pose: Tensor) -> Tensor:
    """Return where a pose shows points, x and y of each in turn (B,136) px."""
    return camera.project(points, pose)[..., :2].flatten(1)


def _jacobian(camera: Camera, points: Tensor, pose: Tensor) -> Tensor:
    """Return the derivative (B,136,6) of places by pose: central differences, exact to 1e-8 px in float64.

    (torch.func would first load its rules of differentiation, which takes longer than the fit.)
    """
    columns = []
    for number in range(POSE):
        moved = torch.zeros_like(pose)
        moved[:, number] = DIFFERENCE
        ahead, behind = (_places(camera, points, pose + sign * moved) for sign in (1, -1))
        columns.append((ahead - behind) / (2 * DIFFERENCE))
    return torch.stack(columns, dim=2)


def tilted(points: Tensor, landmarks: Tensor) -> Tensor:
    """Return frontal poses (B,6) tilted in the image as landmarks (B,68,2) px are against points (B,68,3) mm, y up.

    The start for faces that may lie on the side or upside down. In the plane the best rotation is the direction of
    sum(conj(model) image), as complex numbers.
    """
    model, image = (
        part - part.mean(1, keepdim=True) for part in (points[..., :2], landmarks * landmarks.new_tensor([1, -1]))
    )
    along = (model * image).sum((1, 2))
    across = (model[..., 0] * image[..., 1] - model[..., 1] * image[..., 0]).sum(1)
    pose = landmarks.new_zeros(len(landmarks), POSE)
    pose[:, 2] = torch.atan2(across, along)
    return pose
