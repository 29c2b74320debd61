"""A finished misfit prior from elsewhere, such as the authors': one offset in mm for each vertex of the full mesh."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from focus.errors import FocusError, reason_of
from focus.files import read_npy

LARGEST = 2**26  # bytes of an array; BFM's 53,149 vertices take 1.3 MB in float64
LARGEST_MM = 100.0  # beyond it the numbers are no offsets in mm


def read_prior(path: Path, vertices: int | None = None) -> Tensor:
    """Read E_MP (V,3) float32 mm from .npy, or .npz with one array: V x 3, or 3V as x, y, z of vertex 0, 1, …

    `vertices`: V of the face model, where it is known. Raises FocusError for another kind, shape or unit.
    """
    array = _only_array(path) if path.suffix == ".npz" else read_npy(path, memory_map=True)
    wanted = "V x 3 or 3V" if vertices is None else f"({vertices}, 3) or ({3 * vertices},)"
    fits = (array.ndim == 2 and array.shape[1] == 3) or (array.ndim == 1 and len(array) % 3 == 0)
    if array.dtype.kind != "f" or not fits or not array.size or vertices not in (None, array.size // 3):
        raise FocusError(f"{path}: found {array.dtype} {array.shape}, expected numbers of the face model's {wanted}")
    with np.errstate(over="ignore"):  # what is no float32 becomes infinite, and is refused as such
        prior = np.array(array, np.float32).reshape(-1, 3)
    if not np.isfinite(prior).all() or np.abs(prior).max() > LARGEST_MM:
        raise FocusError(f"{path}: found values up to {np.abs(prior).max():.4g}, expected offsets in mm")
    return torch.from_numpy(prior)


def _only_array(path: Path) -> np.ndarray:
    """Return the one array of an .npz, whose size its header must not overstate."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) != 1 or entries[0].file_size > LARGEST:
                raise FocusError(f"{path}: found {len(entries)} arrays, expected one of at most {LARGEST:,} bytes")
            content = archive.read(entries[0])
        stream = io.BytesIO(content)
        np.lib.format.read_magic(stream)
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        if dtype.hasobject or int(np.prod(shape, dtype=object)) * dtype.itemsize != len(content) - stream.tell():
            raise FocusError(f"{path}: found {dtype} {shape} in {len(content):,} bytes, expected a plain array")
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected an array, .npy or .npz") from None
    except FocusError:
        raise
    except Exception as error:  # zipfile and NumPy's header parser raise many types on damaged files
        raise FocusError(f"{path}: not an .npz with a plain array ({reason_of(error)})") from None
