"""Pictures and masks from image files, and PNGs with stable bytes."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from focus.errors import FocusError, reason_of
from focus.files import check_regular, write_bytes

# Raster formats only: Pillow's EPS plug-in would run Ghostscript on the file. Some builds of Pillow lack some of them.
Image.init()
_RASTER = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "TGA", "PCX", "ICO")
FORMATS = tuple(name for name in _RASTER if name in Image.OPEN)
# Pillow's own turn also writes the EXIF data anew, and fails on what it cannot write.
ORIENTATION = 0x0112
_TURNS = ("FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90")
TURNS = {value: Image.Transpose[name] for value, name in enumerate(_TURNS, start=2)}
MAX_PIXELS = 100_000_000  # phones write 50 million; decoding, turning and converting takes up to 14 bytes each


def read_image(path: Path) -> np.ndarray:
    """Read an image as (H, W, 3) uint8 RGB, turned upright by its EXIF orientation.

    Grey, palette, CMYK and 16-bit files are converted; transparency is dropped; of several frames the first is read.
    Raises FocusError when the file is missing, truncated, not an image, or larger than `MAX_PIXELS`.
    """
    image = eight_bit(open_image(path), path)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def read_mask(path: Path, sizes: tuple[tuple[int, int], ...] = ()) -> np.ndarray:
    """Read a mask as (H, W) uint8, 1 where any channel of the file is non-zero.

    `sizes` are the (width, height) accepted; empty accepts any. Raises FocusError as `read_image` does, and on a mask
    of another size.
    """
    mask: np.ndarray = read_image_of_size(path, sizes).max(axis=2) > 0
    return mask.astype(np.uint8)


def read_image_of_size(path: Path, sizes: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Read as `read_image` and raise FocusError unless (width, height) is one of `sizes` (empty accepts any)."""
    image = read_image(path)
    height, width = image.shape[:2]
    if sizes and (width, height) not in sizes:
        accepted = " or ".join(f"{w}x{h}" for w, h in sizes)
        raise FocusError(f"{path}: {width}x{height} pixels, expected {accepted}")
    return image


def read_rgba(path: Path, side: int) -> np.ndarray:
    """Read a square image with transparency as (side, side, 4) uint8. FocusError as `read_image`, and without alpha."""
    image = open_image(path)
    if image.mode not in ("RGBA", "LA") and "transparency" not in image.info:
        raise FocusError(f"{path}: {image.mode} without an alpha channel, expected RGBA, alpha = rendered region")
    if image.size != (side, side):
        raise FocusError(f"{path}: {image.size[0]}x{image.size[1]} pixels, expected {side}x{side}")
    return np.array(image.convert("RGBA"))


def write_png(path: Path, image: np.ndarray) -> None:
    """Write (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA uint8 as PNG, atomically; equal arrays give equal bytes."""
    if image.dtype != np.uint8:
        raise ValueError(f"write_png takes uint8, got {image.dtype}")
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, format="PNG", compress_level=6)
    write_bytes(path, stream.getvalue())


def open_image(path: Path, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Decode a file of these formats whole, upright, in its own mode. Raises FocusError as `read_image` does."""
    check_regular(path, "an image")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow also warns of harmless metadata; size is checked below
            with Image.open(path, formats=formats) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise FocusError(f"{path}: {width}x{height} pixels, expected at most {MAX_PIXELS:,} in all")
                image.load()
                turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
                return image if turn is None else image.transpose(turn)
    except FocusError:
        raise
    except Exception as error:  # Pillow's decoders raise a dozen types (struct, zlib, Syntax, Index…) on damaged files
        raise FocusError(
            f"{path}: cannot be read as an image ({reason_of(error)}); expected a whole JPEG, PNG, TIFF, …"
        ) from None


def eight_bit(image: Image.Image, path: Path) -> Image.Image:
    """Bring 16-bit greys to 8 bits by their high byte; Pillow's own conversion would clip them to white.

    Values that all fit into 8 bits stay: masks and some scanners' pictures are 8 bits in a 16-bit file.
    """
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise FocusError(f"{path}: grey values {values.min()}..{values.max()}, expected 8 or 16 bits")
        return Image.fromarray((values >> 8 if values.max() > 255 else values).astype(np.uint8))
    if image.mode == "F":
        raise FocusError(f"{path}: floating-point pixels, expected 8 or 16 bits a channel")
    return image
