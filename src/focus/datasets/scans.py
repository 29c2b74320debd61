"""NoW's scans in one file beside the packed images: the protocol needs their vertices and seven points only."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from focus.datasets.now import NoW
from focus.errors import FocusError, reason_of
from focus.files import write_bytes

FILE = "scans.npz"


@dataclass(frozen=True)
class Scan:
    """vertices (S,3) float64 mm; landmarks (7,3) float64 mm, NoW's picked points in order."""

    vertices: np.ndarray
    landmarks: np.ndarray


def pack_scans(folder: Path, now: NoW) -> None:
    """Write the scans of all subjects of a split to `folder`/scans.npz. Raises FocusError for a missing scan."""
    arrays: dict[str, np.ndarray] = {}
    for subject in now.subjects:
        arrays[f"{subject}/vertices"], _ = now.scan(subject)
        arrays[f"{subject}/landmarks"] = now.scan_landmarks(subject)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    write_bytes(folder / FILE, stream.getvalue())


def read_scans(folder: Path) -> dict[str, Scan]:
    """Return subject -> scan. Raises FocusError when the file is missing or damaged."""
    path = folder / FILE
    try:
        with np.load(path, allow_pickle=False) as arrays:
            subjects = [name.removesuffix("/vertices") for name in arrays.files if name.endswith("/vertices")]
            return {name: Scan(arrays[f"{name}/vertices"], arrays[f"{name}/landmarks"]) for name in subjects}
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected the packed scans of NoW") from None
    except Exception as error:  # zipfile and NumPy's header parser raise many types on damaged files
        raise FocusError(f"{path}: not the packed scans of NoW ({reason_of(error)})") from None
