"""Pictures and arrays as text inside a page; equal arrays give equal text."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

LOSSLESS_SIDE = 128
"""Up to this many pixels a side photographs are kept without loss: they will be enlarged."""


def data_uri(content: bytes, kind: str) -> str:
    """Return `content` as a data URI of MIME type `kind`."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def png_uri(content: bytes) -> str:
    """Return a PNG file's bytes as a data URI."""
    return data_uri(content, "image/png")


def photo_uri(pixels: np.ndarray) -> str:
    """Return a photograph (H,W,3) uint8 RGB as a data URI: PNG when it is small, else JPEG of quality 88."""
    image = Image.fromarray(pixels)
    stream = io.BytesIO()
    if max(image.size) <= LOSSLESS_SIDE:
        image.save(stream, "PNG", optimize=True)
        return png_uri(stream.getvalue())
    image.save(stream, "JPEG", quality=88, subsampling=0)
    return data_uri(stream.getvalue(), "image/jpeg")


def mask_uri(mask: np.ndarray) -> str:
    """Return a mask (H,W), white from one half on, as a data URI: a PNG of one bit per pixel."""
    stream = io.BytesIO()
    Image.fromarray(np.where(mask >= 0.5, 255, 0).astype(np.uint8)).convert("1").save(stream, "PNG", optimize=True)
    return png_uri(stream.getvalue())


def packed_array(array: np.ndarray) -> str:
    """Return the array's bytes, little-endian in C order, in base64."""
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<"), order="C").tobytes()).decode()
