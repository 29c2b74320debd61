"""The six pose numbers from 68 points, by Gauss-Newton: no network, no pixels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import jacfwd, vmap

from focus.autoencoder import POSE
from focus.rendering import Camera

STEPS = 8  # Gauss-Newton has settled after about four


def fit_pose(camera: Camera, points: Tensor, landmarks: Tensor, start: Tensor | None = None) -> Tensor:
    """Return the poses (B,6) that bring points (B,68,3) mm, model frame, closest to landmarks (B,68,2) px.

    `start`: poses (B,6) to begin with; None begins from the front, which does for crops, as these have brought size
    and place close. Each face is fitted by itself. Raises ValueError for other shapes.
    """
    if points.shape[1:] != (68, 3) or landmarks.shape != (len(points), 68, 2):
        raise ValueError(
            f"points {tuple(points.shape)}, landmarks {tuple(landmarks.shape)}; expected (B,68,3), (B,68,2)"
        )

    def project(pose: Tensor, one: Tensor) -> Tensor:
        return camera.project(one[None], pose[None])[0, :, :2].flatten()

    pose = landmarks.new_zeros(len(landmarks), POSE) if start is None else start
    for _ in range(STEPS):
        error = landmarks.flatten(1) - vmap(project)(pose, points)
        # QR: six columns of full rank, and torch's default for a CPU starts from pivots that it has not written.
        step = torch.linalg.lstsq(vmap(jacfwd(project))(pose, points), error[..., None], driver="gels").solution
        pose = pose + step[..., 0]
    return pose


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
