"""Deep3D's face crop: a resize and a window placed by five landmarks and a standard face.

The arithmetic, rounding included, is that of Deep3D's public preprocessing, so that 224-pixel crops are the same bits.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal, TypeGuard, get_args

import numpy as np
from PIL import Image

from focus.errors import FocusError

Flip = Literal["H", "H-1"]


def is_flip(text: str) -> TypeGuard[Flip]:
    """Tell whether a text names a way to flip y."""
    return text in get_args(Flip)


# Deep3D's standard face: eye, eye, nose tip, mouth corner, mouth corner (image left first); x right, y up.
STANDARD_POINTS = np.array(
    [
        [-0.3114865720272064, 0.29036077857017517, 0.13377952575683594],
        [0.30979886651039124, 0.289720356464386, 0.1317952573299408],
        [0.003253498813137412, -0.04617932438850403, 0.5524424314498901],
        [-0.25216928124427795, -0.3813391625881195, 0.22405731678009033],
        [0.24846619367599487, -0.38128235936164856, 0.22235769033432007],
    ]
)
STANDARD_SCALE = 102.0 / 224.0  # size of the standard unit in the crop, per pixel of the crop's side
MAX_RESIZED_PIXELS = 100_000_000  # the whole image is resized before it is cut; beyond this the landmarks are wrong


@dataclass(frozen=True)
class CropTransform:
    """How a crop was cut: the image resized to `resized`, then a `size`-pixel window from (left, up).

    Sizes are (width, height). Integer coordinates are pixel centres on both sides, and the maps are exact: they say
    where a pixel's content went. (Deep3D's own landmarks, which `deep3d_crop` returns, differ from them by its
    rounding: less than a pixel of the crop and half the change of scale.)
    """

    original: tuple[int, int]
    resized: tuple[int, int]
    left: int
    up: int
    size: int

    def to_crop(self, points: np.ndarray) -> np.ndarray:
        """Map (..., 2) pixels of the original image to pixels of the crop, float64."""
        moved: np.ndarray = (np.asarray(points, np.float64) + 0.5) * self._scale - 0.5 - (self.left, self.up)
        return moved

    def to_original(self, points: np.ndarray) -> np.ndarray:
        """Map (..., 2) pixels of the crop to pixels of the original image, float64."""
        moved: np.ndarray = (np.asarray(points, np.float64) + 0.5 + (self.left, self.up)) / self._scale - 0.5
        return moved

    def crop(self, image: np.ndarray) -> np.ndarray:
        """Cut an image (H, W, 3) or a grey picture (H, W), uint8, by Pillow's bicubic; black outside."""
        width, height = self.original
        if image.shape[:2] != (height, width) or image.dtype != np.uint8:
            found = f"{image.dtype} {image.shape[1]}x{image.shape[0]}"
            raise FocusError(f"crop: {found} given, expected uint8 of the image's size {width}x{height}")
        resized = Image.fromarray(image).resize(self.resized, resample=Image.Resampling.BICUBIC)
        window = (self.left, self.up, self.left + self.size, self.up + self.size)
        return np.array(resized.crop(window))

    def crop_mask(self, mask: np.ndarray) -> np.ndarray:
        """Cut a mask (H, W) uint8 0/1 by the same path, rounded back to 0/1; 0 outside."""
        return (self.crop(mask * np.uint8(255)) >= 128).astype(np.uint8)

    def to_json(self) -> str:
        """Return the transform as one line of JSON."""
        return json.dumps(asdict(self))

    @property
    def _scale(self) -> np.ndarray:
        return np.array(self.resized, np.float64) / np.array(self.original, np.float64)


def deep3d_crop(
    image: np.ndarray, landmarks: np.ndarray, size: int = 224, flip: Flip = "H"
) -> tuple[np.ndarray, np.ndarray, CropTransform]:
    """Crop a face as Deep3D does. Masks take the same path through the returned transform.

    Args:
        image: (H, W, 3) uint8 RGB.
        landmarks: (68, 2) pixels (x, y), y down.
        size: side of the crop in pixels; the face's scale is in proportion (102 per 224).
        flip: how y is turned upward: H - y (the FOCUS authors) or H - 1 - y (Deep3D).

    Returns:
        crop (size, size, 3) uint8; landmarks (68, 2) float64 in the crop by Deep3D's formula (for pixel-exact places
        use the transform); the transform.

    Raises:
        FocusError: landmarks that are not 68 finite points, or from which no face of a sensible size follows.
    """
    height, width = image.shape[:2]
    points = np.asarray(landmarks, dtype=np.float64)
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise FocusError(f"crop: landmarks {points.shape} or not finite, expected 68 finite points (x, y)")
    if not is_flip(flip):
        raise FocusError(f"crop flip: {flip!r}, expected H or H-1")
    offset = 0 if flip == "H" else 1
    upward = np.stack([points[:, 0], height - offset - points[:, 1]], axis=1)
    unit, centre = fit_standard_face(five_points(upward))
    scale = STANDARD_SCALE * size / unit if unit > 0 else np.inf
    if not 1 <= width * scale * height * scale <= MAX_RESIZED_PIXELS or min(width, height) * scale < 1:
        raise FocusError(f"crop: a face of {unit:.3g} pixels in a {width}x{height} image, expected landmarks of a face")
    resized_width, resized_height = int(width * scale), int(height * scale)
    transform = CropTransform(
        original=(width, height),
        resized=(resized_width, resized_height),
        left=int(resized_width / 2 - size / 2 + (centre[0] - width / 2) * scale),
        up=int(resized_height / 2 - size / 2 + (height / 2 - centre[1]) * scale),
        size=size,
    )
    if not (-size < transform.left < resized_width and -size < transform.up < resized_height):
        raise FocusError(f"crop: landmarks around {points.mean(axis=0).round()} lie outside the {width}x{height} image")
    middle = np.array([width, height]) / 2
    moved = (upward - centre + middle) * scale - (np.array(transform.resized) / 2 - size / 2)
    moved[:, 1] = size - offset - moved[:, 1]
    return transform.crop(image), moved, transform


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """Reduce (68, 2) iBUG landmarks to (5, 2): outer and inner corner of each eye averaged, nose tip, mouth corners."""
    eyes = [landmarks[[36, 39]].mean(axis=0), landmarks[[42, 45]].mean(axis=0)]
    return np.stack([*eyes, landmarks[30], landmarks[48], landmarks[54]])


def fit_standard_face(points: np.ndarray) -> tuple[float, np.ndarray]:
    """Fit the 8-parameter affine camera from the standard face to (5, 2) pixels (y up) by least squares.

    Returns the length in pixels of the standard unit (mean norm of the camera's two rows) and where the origin of the
    standard face lands, (2,) pixels.
    """
    design = np.concatenate([STANDARD_POINTS, np.ones((5, 1))], axis=1)
    camera, *_ = np.linalg.lstsq(design, points, rcond=None)
    unit = float(np.linalg.norm(camera[:3], axis=0).mean())
    return unit, camera[3]
