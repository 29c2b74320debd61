"""Cropped images of one split in a few arrays, so that no later stage opens thousands of files.

A packed set is a folder: `images.npy` (N, S, S, 3) uint8, `landmarks.npy` (N, 68, 2) float32 crop pixels,
`visible.npy` (N, S, S) uint8 0/1 where there is ground truth, and `index.csv` with a row per image: name, subject,
subset, then the samples' attributes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from types import TracebackType

import numpy as np

from focus.datasets.sample import Sample
from focus.errors import FocusError
from focus.files import read_npy, whole_directory, write_text

FIXED_COLUMNS = ("name", "subject", "subset")


class PackedSet:
    """A packed folder, read memory-mapped.

    Attributes:
        size: side S of the square crops in pixels.
        images: (N, S, S, 3) uint8 RGB.
        landmarks: (N, 68, 2) float32 pixels of the crop.
        visible: (N, S, S) uint8 0/1, or None where the set has no ground truth.
        index: one dict per row of index.csv: name, subject, subset, attributes ("" where an image has none).
    """

    def __init__(self, folder: Path) -> None:
        """Open a folder. Raises FocusError when a file is missing or damaged, or when two files disagree."""
        self.folder = folder
        self.index = _read_index(folder / "index.csv")
        self.images = _mapped(folder / "images.npy", np.uint8, (len(self.index), None, None, 3))
        self.size = self.images.shape[1]
        square = (len(self.index), self.size, self.size)
        if self.images.shape[2] != self.size:
            raise FocusError(f"{folder / 'images.npy'}: shape {self.images.shape}, expected square images")
        self.landmarks = _mapped(folder / "landmarks.npy", np.float32, (len(self.index), 68, 2))
        masks = folder / "visible.npy"
        self.visible = _mapped(masks, np.uint8, square) if masks.exists() else None

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.index)

    def __getitem__(self, position: int) -> Sample:
        """Return one image as a `Sample`."""
        row = self.index[position]
        return Sample(
            name=row["name"],
            image=np.array(self.images[position]),
            visible_face=None if self.visible is None else np.array(self.visible[position]),
            landmarks=np.array(self.landmarks[position]),
            subject=row["subject"],
            subset=row["subset"],
            attributes={key: value for key, value in row.items() if key not in FIXED_COLUMNS and value},
        )

    def true_masks(self) -> np.ndarray:
        """Return the visible faces (N,S,S) uint8 0/1. Raises FocusError where the set has no ground truth."""
        if self.visible is None:
            raise FocusError(f"{self.folder / 'visible.npy'}: no such file, expected the ground truth of the masks")
        return self.visible

    @property
    def names(self) -> list[str]:
        """The images' names, in order."""
        return [row["name"] for row in self.index]


def pack(folder: Path, samples: Iterable[Sample]) -> PackedSet:
    """Write samples, one at a time, as a packed folder that appears whole or not at all; return it opened.

    Every sample needs landmarks and a square image of one size; either all or none have a visible face. Equal samples
    give equal bytes. Raises FocusError naming the first image that differs, a name given twice, or no sample at all.
    """
    rows: dict[str, dict[str, str]] = {}
    with whole_directory(folder) as temporary:
        iterator = iter(samples)
        first = next(iterator, None)
        if first is None:
            raise FocusError(f"{folder}: no image to pack, expected at least one")
        size = first.image.shape[0]
        with (
            _GrowingArray(temporary / "images.npy", (size, size, 3), np.uint8) as images,
            _GrowingArray(temporary / "landmarks.npy", (68, 2), np.float32) as landmarks,
            _GrowingArray(temporary / "visible.npy", (size, size), np.uint8) as visible,
        ):
            for sample in chain([first], iterator):
                landmarks.append(_checked_landmarks(sample, first, rows, folder))
                rows[sample.name] = _row(sample, folder)
                images.append(sample.image)
                if sample.visible_face is not None:
                    visible.append(sample.visible_face)
        if first.visible_face is None:
            (temporary / "visible.npy").unlink()
        _write_index(temporary / "index.csv", list(rows.values()))
    return PackedSet(folder)


class _GrowingArray:
    """A .npy file that grows by items; the header, padded by NumPy for this, gets the final length at the end."""

    def __init__(self, path: Path, item_shape: tuple[int, ...], dtype: type) -> None:
        self._stream = path.open("wb")
        self._item_shape, self._dtype, self._count = item_shape, np.dtype(dtype), 0
        self._write_header()
        self._data_start = self._stream.tell()

    def __enter__(self) -> _GrowingArray:
        return self

    def __exit__(self, kind: type | None, value: BaseException | None, trace: TracebackType | None) -> None:
        with self._stream:
            self._stream.seek(0)
            self._write_header()
            if self._stream.tell() != self._data_start:
                raise RuntimeError("the .npy header changed its length")

    def append(self, item: np.ndarray) -> None:
        """Add one item of the fixed shape."""
        self._stream.write(np.ascontiguousarray(item, self._dtype).reshape(self._item_shape).tobytes())
        self._count += 1

    def _write_header(self) -> None:
        descr = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": descr, "fortran_order": False, "shape": (self._count, *self._item_shape)}
        np.lib.format.write_array_header_1_0(self._stream, header)


def _checked_landmarks(sample: Sample, first: Sample, rows: dict[str, dict[str, str]], folder: Path) -> np.ndarray:
    """Return the landmarks of a sample. Raises FocusError unless it has some, and fits beside the first one."""
    size = first.image.shape[0]
    where = f"{folder}: {sample.name}"
    if sample.image.shape != (size, size, 3):
        raise FocusError(f"{where} is {sample.image.shape[1]}x{sample.image.shape[0]}, expected {size}x{size} pixels")
    if sample.landmarks is None or not np.isfinite(sample.landmarks).all():
        raise FocusError(f"{where} has no landmarks or some that are not finite, expected 68 points")
    if (sample.visible_face is None) != (first.visible_face is None):
        raise FocusError(f"{where} and {first.name}: one has a visible-face mask, expected both or none")
    if sample.visible_face is not None and sample.visible_face.max(initial=0) > 1:
        raise FocusError(f"{where} has mask values up to {sample.visible_face.max()}, expected 0 and 1")
    if sample.name in rows:
        raise FocusError(f"{where} is given twice, expected each image once")
    return sample.landmarks


def _row(sample: Sample, folder: Path) -> dict[str, str]:
    clash = set(sample.attributes) & set(FIXED_COLUMNS)
    if clash:
        raise FocusError(f"{folder}: {sample.name} has an attribute called {sorted(clash)[0]}, expected another name")
    return {"name": sample.name, "subject": sample.subject, "subset": sample.subset, **sample.attributes}


def _write_index(path: Path, rows: list[dict[str, str]]) -> None:
    attributes = sorted({key for row in rows for key in row} - set(FIXED_COLUMNS))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [*FIXED_COLUMNS, *attributes], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, stream.getvalue())


def _read_index(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns, rows = tuple(reader.fieldnames or ()), list(reader)
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected the index of a packed set") from None
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise FocusError(f"{path}: cannot be read as CSV ({error})") from None
    if columns[:3] != FIXED_COLUMNS:
        raise FocusError(f"{path}: columns {', '.join(columns)[:80]!r}, expected name, subject, subset first")
    for row in rows:
        if None in row or None in row.values():
            raise FocusError(f"{path}: the row of {row['name']!r} has another number of cells than the header")
    return rows


def _mapped(path: Path, dtype: type, shape: tuple[int | None, ...]) -> np.ndarray:
    """Memory-map one array; FocusError unless its type and shape (None = any) are as expected."""
    array = read_npy(path, memory_map=True)
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits or array.dtype != dtype:
        expected = "x".join("S" if want is None else str(want) for want in shape)
        raise FocusError(f"{path}: {array.dtype} {array.shape}, expected {np.dtype(dtype)} {expected}")
    return array
