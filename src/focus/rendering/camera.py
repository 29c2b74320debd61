"""The pinhole camera of the released code (33a5add): Euler-angle pose, focal length that scales with the image.

Model frame: millimetres, x to the right of the image, y up, z towards the viewer. Camera frame: millimetres, x right,
y down, z forward (depth). Pixels: x right, y down, pixel centres at integer coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from focus.errors import FocusError

# Focal length over half the image size: 9.06 * 224 / 2 = 1014.72 px at 224 px, as released.
FOCAL_OVER_HALF_SIZE = 9.06
# Distance from the camera to the model's origin at zero translation, mm.
DISTANCE_MM = 1000.0


def rotation_matrix(angles: Tensor) -> Tensor:
    """Return R = diag(1, -1, -1) Rx(a) Ry(b) Rz(c), which turns the model frame into the camera frame.

    Args:
        angles: (B, 3) Euler angles about x, y and z, radians.

    Returns:
        (B, 3, 3) rotation matrices (determinant +1), dtype of `angles`.

    Raises:
        FocusError: when `angles` is not (B, 3).
    """
    if angles.ndim != 2 or angles.shape[1] != 3:
        raise FocusError(f"angles: shape {tuple(angles.shape)}, expected (B, 3)")
    (ca, cb, cc), (sa, sb, sc) = angles.cos().unbind(1), angles.sin().unbind(1)
    # Rx Ry Rz written out; the rows y and z are negated by diag(1, -1, -1).
    rows = (
        cb * cc,
        -cb * sc,
        sb,
        -(ca * sc + sa * sb * cc),
        -(ca * cc - sa * sb * sc),
        sa * cb,
        -(sa * sc - ca * sb * cc),
        -(sa * cc + ca * sb * sc),
        -ca * cb,
    )
    return torch.stack(rows, dim=1).view(-1, 3, 3)


def to_camera_frame(vertices: Tensor, pose: Tensor) -> Tensor:
    """Return X_cam = R X + T with T = (tx, ty, tz) + (0, 0, 1000).

    Args:
        vertices: (B, V, 3) model frame, mm.
        pose: (B, 6) rx, ry, rz in radians, tx, ty, tz in mm (camera frame).

    Returns:
        (B, V, 3) camera frame, mm.

    Raises:
        FocusError: when the shapes are not these.
    """
    if vertices.ndim != 3 or vertices.shape[2] != 3:
        raise FocusError(f"vertices: shape {tuple(vertices.shape)}, expected (B, V, 3)")
    if pose.shape != (vertices.shape[0], 6):
        raise FocusError(f"pose: shape {tuple(pose.shape)}, expected ({vertices.shape[0]}, 6)")
    distance = pose.new_tensor([0.0, 0.0, DISTANCE_MM])
    translation = (pose[:, 3:] + distance).unsqueeze(2)
    # Coordinates in planes (B, 3, V): several times faster than rows of three on a CPU.
    rotated = rotation_matrix(pose[:, :3]) @ vertices.transpose(1, 2).contiguous()
    return (rotated + translation).transpose(1, 2)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera for square images of `size` pixels; raises FocusError when `size` is not positive."""

    size: int

    def __post_init__(self) -> None:
        """Check the size."""
        if self.size < 1:
            raise FocusError(f"image size: {self.size}, expected a positive number of pixels")

    @property
    def focal(self) -> float:
        """Focal length in pixels: 9.06 * size / 2."""
        return FOCAL_OVER_HALF_SIZE * self.size / 2

    @property
    def centre(self) -> float:
        """Principal point on both axes in pixels: (size - 1) / 2, the middle of the pixel centres."""
        return (self.size - 1) / 2

    def project_camera_frame(self, vertices: Tensor) -> Tensor:
        """Project (B, V, 3) camera-frame vertices in mm to (B, V, 3) = (u px, v px, depth mm)."""
        x, y, depth = vertices.unbind(-1)
        scale = self.focal / depth
        return torch.stack([x * scale + self.centre, y * scale + self.centre, depth], dim=1).transpose(1, 2)

    def project(self, vertices: Tensor, pose: Tensor) -> Tensor:
        """Project the model into the image: u = f x / z + c, v = f y / z + c.

        Args:
            vertices: (B, V, 3) model frame, mm.
            pose: (B, 6) rx, ry, rz in radians, tx, ty, tz in mm.

        Returns:
            (B, V, 3): u and v in pixels (y down, pixel centres at integers) and depth in mm.

        Raises:
            FocusError: when the shapes are not these.
        """
        return self.project_camera_frame(to_camera_frame(vertices, pose))
