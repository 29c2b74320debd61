"""Photographs as people have them: any format, any colour profile, turned by EXIF; and the photographs of a folder."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from focus.datasets.images import FORMATS, eight_bit, open_image
from focus.errors import FocusError
from focus.files import check_regular

LEAST_SIDE = 32  # pixels; below this there is no face to see
_ENDINGS = "jpg jpeg jpe jfif png bmp gif tif tiff webp avif jp2 ppm pgm tga pcx heic heif"
SUFFIXES = frozenset(f".{ending}" for ending in _ENDINGS.split(" "))


def read_photo(path: Path) -> np.ndarray:
    """Read a photograph as (H, W, 3) uint8 sRGB, upright.

    Any raster format of Pillow's and HEIC; an embedded colour profile (Display-P3, Adobe RGB, CMYK) is converted to
    sRGB; 16 bits become 8; of an animation the first frame is read. Raises FocusError, naming the file, when it is
    missing, damaged, no image, smaller than 32 px or larger than 100 megapixels.
    """
    image = open_image(path, (*FORMATS, *_heif(path)))
    if min(image.size) < LEAST_SIDE:
        raise FocusError(f"{path}: {image.width}x{image.height} pixels, expected at least {LEAST_SIDE} on each side")
    profile = image.info.get("icc_profile")
    image = eight_bit(image, path)
    if image.mode in ("P", "PA", "LA", "RGBA", "1"):
        image = image.convert("RGB")
    image = _to_srgb(image, profile)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))  # no copy more: they are large


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert by the embedded profile; a profile that does not fit the pixels is ignored, as viewers do."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _heif(path: Path) -> tuple[str, ...]:
    """Register the HEIC reader with Pillow, where it is installed and the file is in an ISO base media container."""
    check_regular(path, "an image")
    try:
        with path.open("rb") as stream:
            if stream.read(8)[4:] != b"ftyp":
                return ()
        from pillow_heif import register_heif_opener  # here, as it takes 0.1 s to load
    except (ImportError, OSError):
        return ()  # what cannot be opened is told by the reader that opens it next
    register_heif_opener()
    return ("HEIF",)


def photo_files(place: Path) -> list[Path]:
    """Return a file that is named, or the images in a folder (by suffix, sorted, not deeper, no hidden ones).

    Raises FocusError for a folder without images; a file that is not there is found out when it is read.
    """
    if not os.path.isdir(place):  # Path.is_dir raises where a folder on the way is closed or a name too long
        return [place]
    shown = (file for file in listed(place) if not file.name.startswith("."))  # ._IMG_1.jpg is no photograph
    inside = sorted(file for file in shown if file.suffix.lower() in SUFFIXES and perhaps_file(file))
    if not inside:
        raise FocusError(f"{place}: found no images, expected some ({', '.join(sorted(SUFFIXES))})")
    return inside


def perhaps_file(path: Path) -> bool:
    """Return whether a path is a file; what cannot be looked at counts, as it is told when it is read."""
    try:
        return path.is_file()
    except OSError:
        return True


def listed(folder: Path) -> list[Path]:
    """Return what a folder holds. Raises FocusError where it cannot be opened."""
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise FocusError(f"{folder}: cannot be opened ({error.strerror}), expected a folder of images") from None


def gathered(places: Iterable[Path]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Return the files of all places as `photo_files` does, and (place, reason) of folders that give none.
    A file that is named twice comes once.

    Raises FocusError when no place gives any.
    """
    files: list[Path] = []
    empty: list[tuple[Path, str]] = []
    for place in places:
        try:
            files += photo_files(place)
        except FocusError as error:
            empty.append((place, str(error)))
    if not files:
        raise FocusError(empty[0][1])
    return list(dict.fromkeys(files)), empty
