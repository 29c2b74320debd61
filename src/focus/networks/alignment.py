"""The recogniser's crop: five points from 68 landmarks, a similarity onto ArcFace's template, a bilinear warp."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

# ArcFace's five points in a 112 px crop (x, y down): eyes, nose tip, mouth corners, from image left to right.
# Source: the template published with ArcFace (insightface, arcface_torch).
TEMPLATE_112 = (
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
)


def five_points(landmarks: Tensor) -> Tensor:
    """Return the five alignment points (B,5,2) of iBUG landmarks (B,68,2): eye centres, nose tip, mouth corners.

    An eye's centre is the mean of its two corners (36,39 and 42,45), as in Deep3D's crop.
    """
    eyes = torch.stack([landmarks[:, (36, 39)].mean(1), landmarks[:, (42, 45)].mean(1)], 1)
    return torch.cat([eyes, landmarks[:, (30, 48, 54)]], 1)


def similarity_to_template(landmarks: Tensor, size: int) -> Tensor:
    """Return the least-squares similarity from image pixels to a `size` px ArcFace crop, (B,2,3), without gradient.

    In the plane Umeyama's solution is a division of complex numbers: with p and q the centred points,
    scale * e^(i angle) = sum(conj(p) q) / sum |p|^2. Landmarks (B,68,2) in pixels, integers at pixel centres.
    """
    source = five_points(landmarks.detach())
    template = source.new_tensor(TEMPLATE_112)
    template = (template + 0.5) * (size / 112) - 0.5  # scale about the image corner, not the first pixel's centre
    source_mean, template_mean = source.mean(1), template.mean(0)
    p, q = source - source_mean[:, None], template - template_mean
    spread = p.square().sum((1, 2)).clamp(min=1e-8)  # five coincident points give a constant crop, not NaN
    real = (p * q).sum((1, 2)) / spread
    imaginary = (p[..., 0] * q[:, 1] - p[..., 1] * q[:, 0]).sum(1) / spread
    linear = torch.stack([torch.stack([real, -imaginary], 1), torch.stack([imaginary, real], 1)], 1)
    offset = template_mean - (linear @ source_mean[..., None])[..., 0]
    return torch.cat([linear, offset[..., None]], 2)


def align_faces(images: Tensor, landmarks: Tensor, size: int) -> Tensor:
    """Crop images (B,3,S,S) to aligned faces (B,3,size,size): bilinear, black outside.

    Gradients flow to the images and, as in the released code, not through the landmarks (B,68,2, pixels).
    """
    matrix = similarity_to_template(landmarks, size)
    linear, offset = matrix[..., :2], matrix[..., 2:]
    inverse = linear.transpose(1, 2) / torch.linalg.det(linear).clamp(min=1e-12)[:, None, None]
    axis = torch.arange(size, dtype=images.dtype, device=images.device)
    crop = torch.stack(torch.meshgrid(axis, axis, indexing="xy")).reshape(1, 2, -1)  # x, y of the crop's pixels
    pixels = (inverse.to(images.dtype) @ (crop - offset.to(images.dtype))).transpose(1, 2)
    extent = images.new_tensor([images.shape[3], images.shape[2]])
    grid = (2 * pixels + 1) / extent - 1
    return functional.grid_sample(images, grid.reshape(-1, size, size, 2), padding_mode="zeros", align_corners=False)
