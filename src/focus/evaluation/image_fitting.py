"""Image fitting, Table 1: root mean square error between an image and its reconstruction inside the visible face.

The paper's text gives no formula ("the RMSE between the input image and the reconstructed image inside visible face
regions, with provided GT segmentation masks"), so the reading of the tables is `rmse`, and the other readings have
names in `READINGS`. `docs/metrics.md` compares them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from focus.errors import FocusError

Array = np.ndarray


def rmse(target: Array, rendered: Array, visible: Array, rendered_mask: Array) -> float:
    """Return the RMSE over pixels that are visible face AND rendered, and their three channels, 0..255.

    Args:
        target: (H, W, 3) RGB image, uint8 0..255 or float 0..1.
        rendered: (H, W, 3) reconstruction, the same; values outside the range are clamped to it.
        visible: (H, W) ground truth, 1 (at least one half, or True) where the face is visible.
        rendered_mask: (H, W), likewise, where the model was rendered.

    Returns:
        The error; NaN when no pixel is both.

    Raises:
        FocusError: arrays of different sizes, or values that are not finite.
    """
    error, face, drawn = _prepared(target, rendered, visible, rendered_mask)
    return _root_mean(error[face & drawn])


def rmse_visible(target: Array, rendered: Array, visible: Array, rendered_mask: Array) -> float:
    """Like `rmse` over ALL visible face pixels: one that was not rendered counts in full, as black against the image.

    A model that draws a smaller face cannot lower this value by leaving pixels out.
    """
    error, face, drawn = _prepared(target, rendered, visible, rendered_mask)
    against_black = -255.0 * _unit_range("target", target)
    return _root_mean(np.where(drawn[..., None], error, against_black)[face])


def masked_mean(target: Array, rendered: Array, visible: Array, rendered_mask: Array) -> float:
    """Root of the squared error masked to visible rendered pixels, averaged over ALL pixels and channels, 0..255.

    The reading of a code that multiplies both images by the mask and takes the mean of the whole picture; it grows
    with the share of the picture that the face fills.
    """
    error, face, drawn = _prepared(target, rendered, visible, rendered_mask)
    return _root_mean(error * (face & drawn)[..., None])


def per_pixel_norm(target: Array, rendered: Array, visible: Array, rendered_mask: Array) -> float:
    """Root of the mean squared RGB distance of visible rendered pixels, 0..255: sqrt(3) times `rmse`."""
    return float(np.sqrt(3.0)) * rmse(target, rendered, visible, rendered_mask)


def mean_pixel_norm(target: Array, rendered: Array, visible: Array, rendered_mask: Array) -> float:
    """Mean (not root mean square) RGB distance of visible rendered pixels, 0..255, the form of the pixel loss."""
    error, face, drawn = _prepared(target, rendered, visible, rendered_mask)
    distances = np.sqrt((error[face & drawn] ** 2).sum(-1))
    return float(distances.mean()) if distances.size else float("nan")


def whole_crop(target: Array, rendered: Array, visible: Array, rendered_mask: Array) -> float:
    """RMSE over the whole crop, the reconstruction pasted over the image, 0..255; `visible` is not used."""
    error, _, drawn = _prepared(target, rendered, visible, rendered_mask)
    return _root_mean(error * drawn[..., None])


READINGS: dict[str, Callable[[Array, Array, Array, Array], float]] = {
    "rmse": rmse,
    "rmse_visible": rmse_visible,
    "masked_mean": masked_mean,
    "per_pixel_norm": per_pixel_norm,
    "mean_pixel_norm": mean_pixel_norm,
    "whole_crop": whole_crop,
}


def _prepared(target: Array, rendered: Array, visible: Array, rendered_mask: Array) -> tuple[Array, Array, Array]:
    """Return the signed error (H, W, 3) float64 in 0..255 units and the two masks (H, W) bool."""
    image, drawing = _unit_range("target", target), _unit_range("rendered", rendered)
    if image.shape != drawing.shape:
        raise FocusError(f"rendered: image of shape {drawing.shape}, expected the target's {image.shape}")
    size = image.shape[:2]
    return 255.0 * (drawing - image), _binary("visible", visible, size), _binary("rendered_mask", rendered_mask, size)


def _unit_range(name: str, image: Array) -> Array:
    """Return an image (H, W, 3), uint8 or float, as float64 clamped to 0..1."""
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3:
        raise FocusError(f"{name}: array of shape {image.shape}, expected (H, W, 3)")
    if image.dtype == np.uint8:
        return image / 255.0
    if image.dtype.kind != "f":
        raise FocusError(f"{name}: {image.dtype} image, expected uint8 0..255 or float 0..1")
    if not np.isfinite(image).all():
        raise FocusError(f"{name}: NaN or infinite values, expected numbers in 0..1")
    return np.clip(image.astype(np.float64), 0.0, 1.0)


def _binary(name: str, mask: Array, size: tuple[int, ...]) -> Array:
    """Return a mask (H, W) as bool, set from one half on."""
    mask = np.asarray(mask)
    if mask.shape != size:
        raise FocusError(f"{name}: mask of shape {mask.shape}, expected the image's {size}")
    return mask >= 0.5


def _root_mean(error: Array) -> float:
    return float(np.sqrt((error**2).mean())) if error.size else float("nan")
