"""What fuzzing.py mutates: pictures, masks and packed images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from focus.datasets.ar import RAW_BYTES, read_raw
from focus.datasets.images import read_image, write_png
from focus.datasets.packed import PackedSet, pack
from focus.datasets.sample import Sample
from focus.evaluation.external import read_face_mask, read_rendering
from focus.reconstruct.photos import read_photo
from fuzzed import RNG, Reader


def _picture(folder: Path, name: str) -> Reader:
    pixels = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / name, exif=Image.Exif())
    return folder / name, lambda: read_image(folder / name)


def png(folder: Path) -> Reader:
    """A picture as PNG."""
    return _picture(folder, "x.png")


def jpeg(folder: Path) -> Reader:
    """A picture as JPEG."""
    return _picture(folder, "x.jpg")


def photograph(folder: Path) -> Reader:
    """A person's photograph, turned by EXIF, with a colour profile of its own."""
    profile, turned = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes(), Image.Exif()
    turned[0x0112] = 6
    pixels = RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "x.jpg", exif=turned, icc_profile=profile)
    return folder / "x.jpg", lambda: read_photo(folder / "x.jpg")


def ar_raw(folder: Path) -> Reader:
    """An AR raw image."""
    (folder / "m-001-01.raw").write_bytes(bytes(RAW_BYTES))
    return folder / "m-001-01.raw", lambda: read_raw(folder / "m-001-01.raw")


def rendering(folder: Path) -> Reader:
    """Another method's rendering with its mask as alpha."""
    write_png(folder / "x.png", RNG.integers(0, 2, (20, 20, 4), dtype=np.uint8) * np.uint8(255))
    return folder / "x.png", lambda: read_rendering(folder / "x.png", 20)


def face_mask(folder: Path) -> Reader:
    """Another method's mask."""
    write_png(folder / "x.png", RNG.integers(0, 2, (20, 20), dtype=np.uint8) * np.uint8(255))
    return folder / "x.png", lambda: read_face_mask(folder / "x.png", 20)


def packed_index(folder: Path) -> Reader:
    """The index of a packed set."""
    image = np.zeros((4, 4, 3), np.uint8)
    pack(folder / "set", [Sample(f"{k}.png", image, image[..., 0], np.zeros((68, 2)), "s") for k in range(3)])
    return folder / "set/index.csv", lambda: PackedSet(folder / "set")[0]


READERS = (png, jpeg, photograph, ar_raw, rendering, face_mask, packed_index)
