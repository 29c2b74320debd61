"""Training-time augmentation of image, mask and 68 landmarks together.

All random numbers come from the generator passed in and are drawn on the CPU, so a run is the same on any device.
Coordinates are pixels with integer centres; kornia's warps use the same convention with `align_corners=True`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from kornia.geometry.transform import warp_affine

from focus.errors import FocusError
from focus.settings import AugmentationSettings

Interpolation = Literal["bilinear", "bicubic"]

# Where each iBUG landmark goes when the image is mirrored: LANDMARK_SWAP[i] is the number of i's mirror image.
_MIRRORED_PAIRS = (
    *((i, 16 - i) for i in range(8)),  # jaw; 8 is the chin
    *((17 + i, 26 - i) for i in range(5)),  # brows; the nose ridge 27-30 is central
    *((31, 35), (32, 34)),  # nostrils
    *((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),  # eyes
    *((48, 54), (49, 53), (50, 52), (55, 59), (56, 58)),  # outer lips
    *((60, 64), (61, 63), (65, 67)),  # inner lips
)


_MIRROR_IMAGES = dict(_MIRRORED_PAIRS) | {right: left for left, right in _MIRRORED_PAIRS}
LANDMARK_SWAP = tuple(_MIRROR_IMAGES.get(number, number) for number in range(68))


@dataclass(frozen=True)
class Augmentation:
    """One random similarity and mirroring for each image of a batch, of square images of side `size` in pixels.

    The largest shift of `changes` is in pixels of a 224-pixel image, and scaled with `size`; turns are about the
    image's centre. Bicubic images are cut off at 0 and 1.
    """

    size: int
    changes: AugmentationSettings

    def __call__(
        self,
        images: torch.Tensor,
        masks: torch.Tensor | None,
        landmarks: torch.Tensor,
        generator: torch.Generator,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
        """Augment images (B, 3, S, S), masks (B, 1, S, S) by nearest pixel, landmarks (B, 68, 2) pixels.

        What comes from outside the image is black and masked out. Landmarks may leave the image. Raises FocusError
        for images of another size.
        """
        if images.shape[2:] != (self.size, self.size):
            found = f"{images.shape[3]}x{images.shape[2]}"
            raise FocusError(f"augmentation: images of {found} pixels, expected {self.size}x{self.size}")
        matrices, flipped = self.draw(images.shape[0], generator)
        return transform_together(images, masks, landmarks, matrices, flipped, self.changes.interpolation)

    def draw(self, batch: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw (B, 2, 3) matrices, old pixel to new pixel, float64, and (B,) bool, which of them mirror."""
        uniform = torch.rand(batch, 5, generator=generator, dtype=torch.float64)
        spread = 2 * uniform - 1
        angle = spread[:, 0] * math.radians(self.changes.rotation)
        factor = 1 + spread[:, 1] * self.changes.scale
        shift = spread[:, 2:4] * self.changes.shift * self.size / 224
        flipped = uniform[:, 4] < self.changes.flip
        cosine, sine = factor * angle.cos(), factor * angle.sin()
        turn = torch.stack([cosine, -sine, sine, cosine], dim=1).reshape(batch, 2, 2)
        mirror = torch.stack([1 - 2 * flipped.double(), torch.ones(batch, dtype=torch.float64)], dim=1)
        linear = turn * mirror[:, None, :]
        centre = torch.full((2,), (self.size - 1) / 2, dtype=torch.float64)
        offset = centre + shift - linear @ centre
        return torch.cat([linear, offset[:, :, None]], dim=2), flipped


def transform_together(
    images: torch.Tensor,
    masks: torch.Tensor | None,
    landmarks: torch.Tensor,
    matrices: torch.Tensor,
    flipped: torch.Tensor,
    interpolation: Interpolation = "bilinear",
) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
    """Apply `matrices` (B, 2, 3), old pixel to new pixel, to images, masks and landmarks; see `Augmentation`.

    Where `flipped` (B,) bool is set the landmarks change numbers by `LANDMARK_SWAP`, so that 36 stays the eye corner
    on the left of the image.
    """
    size = (images.shape[2], images.shape[3])
    warp = matrices.to(images)
    warped = warp_affine(images, warp, size, mode=interpolation, padding_mode="zeros", align_corners=True)
    if interpolation == "bicubic":
        warped = warped.clamp(0, 1)
    warped_masks = None
    if masks is not None:
        warped_masks = warp_affine(masks, warp.to(masks), size, "nearest", padding_mode="zeros", align_corners=True)
    exact = matrices.to(landmarks.device)
    moved = landmarks.to(exact) @ exact[:, :, :2].transpose(1, 2) + exact[:, None, :, 2]
    swapped = moved.index_select(1, torch.tensor(LANDMARK_SWAP, device=moved.device))
    moved = torch.where(flipped.to(moved.device)[:, None, None], swapped, moved)
    return warped, warped_masks, moved.to(landmarks)


def rectangles(batch: int, size: int, generator: torch.Generator) -> torch.Tensor:
    """Draw the pasted rectangles, one per image: (B, 4) int64 = left, top, right, bottom (exclusive).

    Upper left corner uniform in [0.15 W, 0.75 (W - 1)], sides uniform in [0.1 W, 0.4 W], each axis by itself;
    rounded to pixels and cut at the image's border.
    """
    uniform = torch.rand(batch, 4, generator=generator, dtype=torch.float64)
    lowest, highest = 0.15 * size, 0.75 * (size - 1)
    corner = lowest + (highest - lowest) * uniform[:, :2]
    side = (0.1 + 0.3 * uniform[:, 2:]) * size
    return torch.cat([corner, corner + side], dim=1).round().clamp(max=size).long()


def untouched(boxes: torch.Tensor, size: int) -> torch.Tensor:
    """Return (B, 1, S, S) float32: 0 inside each rectangle of `boxes` (B, 4), 1 outside."""
    grid = torch.arange(size, device=boxes.device)
    across = (grid >= boxes[:, 0, None]) & (grid < boxes[:, 2, None])
    down = (grid >= boxes[:, 1, None]) & (grid < boxes[:, 3, None])
    return (~(down[:, :, None] & across[:, None, :]))[:, None].float()


def cutout(images: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Black out one random rectangle in each of the images (B, 3, S, S).

    Returns the images and (B, 1, S, S) float32, 1 where a pixel is untouched: multiply the face mask by it.
    """
    keep = untouched(rectangles(images.shape[0], _side(images), generator).to(images.device), _side(images))
    return images * keep.to(images), keep


def cutmix(images: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Paste over one random rectangle of each image the same rectangle of another image of the batch.

    The other image is a random number of places further in the batch. Returns as `cutout`. Raises FocusError for a
    batch of one, which has no other image.
    """
    batch = images.shape[0]
    if batch < 2:
        raise FocusError("cutmix: a batch of one image, expected two or more")
    keep = untouched(rectangles(batch, _side(images), generator).to(images.device), _side(images))
    places = int(torch.randint(1, batch, (1,), generator=generator))
    return torch.where(keep.bool(), images, images.roll(places, dims=0)), keep


def _side(images: torch.Tensor) -> int:
    if images.shape[2] != images.shape[3]:
        raise FocusError(f"rectangles: images {images.shape[3]}x{images.shape[2]}, expected square ones")
    return images.shape[2]
