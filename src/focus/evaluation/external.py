"""Anybody's predictions measured as the run's own are: crops with alpha, masks, meshes in NoW form.

A prediction that is missing or cannot be used is left out of the values and named with its reason (`left_out`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from focus.datasets.images import open_image, read_image_of_size, read_rgba
from focus.datasets.packed import PackedSet
from focus.datasets.scans import Scan
from focus.errors import FocusError
from focus.evaluation.now import now_errors
from focus.evaluation.now_submission import in_folder
from focus.evaluation.per_image import image_row, no_errors, now_row
from focus.files import in_any_case

FEW = 3  # values of a mask that holds class numbers; a soft one has more


@dataclass
class Measured:
    """rows: as in `per_image`; errors: NoW's, mm, by subset; left_out: image -> why it has no row."""

    rows: list[dict[str, object]] = field(default_factory=list)
    errors: dict[str, list[np.ndarray]] = field(default_factory=no_errors)
    left_out: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def measuring(self, image: str) -> Iterator[None]:
        """Note the reason where the block cannot measure the image."""
        try:
            yield
        except FocusError as error:
            self.left_out[image] = str(error)


def measure_images(
    packed: PackedSet, testset: str, subsets: Mapping[str, str], images: Path, masks: Path | None
) -> Measured:
    """Measure `images`/<stem>.png (and `masks`/<stem>.png) for each image that is in a subset (name -> subset).

    Raises FocusError when none can be measured.
    """
    measured = Measured()
    for position, row in enumerate(packed.index):
        if subsets.get(row["name"]):
            place = {"testset": testset, "subset": subsets[row["name"]]}
            with measured.measuring(row["name"]):
                name = Path(row["name"]).with_suffix(".png").name
                image = read_rendering(in_any_case(images / name), packed.size)
                mask = None if masks is None else read_face_mask(in_any_case(masks / name), packed.size)
                found = image_row(packed, position, image[..., :3], image[..., 3] >= 128, mask)
                measured.rows.append(found | place)
    return _checked(measured, images)


def measure_now(packed: PackedSet, scans: Mapping[str, Scan], folder: Path, subsets: Mapping[str, str]) -> Measured:
    """Measure meshes in NoW form against the scans. Raises FocusError when none can be measured."""
    measured, read = Measured(), in_folder(folder)
    for position, name in enumerate(packed.names):
        with measured.measuring(name):
            scan = scans[str(packed.index[position]["subject"])]
            found = now_errors(scan.vertices, scan.landmarks, *read(name)).errors
            measured.rows.append(now_row(packed, position, found, subsets, measured.errors))
    return _checked(measured, folder)


def read_rendering(path: Path, side: int) -> np.ndarray:
    """Read a reconstruction (side, side, 4) uint8. FocusError when nothing in it is rendered."""
    image = read_rgba(path, side)
    if image[..., 3].max() < 128:
        raise FocusError(f"{path}: alpha up to {image[..., 3].max()}, expected 255 in the rendered region")
    return image


def read_face_mask(path: Path, side: int) -> np.ndarray:
    """Read a mask, white = face, as (side, side) float 0..1. FocusError on one saved as class numbers or as alpha."""
    image = open_image(path)
    if "A" in image.getbands() and image.getchannel("A").getextrema() != (255, 255):
        raise FocusError(f"{path}: found transparency, expected grey without it (white = face)")
    mask = read_image_of_size(path, ((side, side),)).mean(axis=2)
    values = np.unique(mask)
    if len(values) <= FEW and 0 < values[-1] < 128:
        found = " and ".join(f"{value:.0f}" for value in values)
        raise FocusError(f"{path}: values {found}, expected 0 to 255 (white = face)")
    share: np.ndarray = mask / 255.0
    return share


def _checked(measured: Measured, folder: Path) -> Measured:
    if not measured.rows:
        reason = next(iter(measured.left_out.values()), "no image to measure")
        raise FocusError(
            f"{folder}: found none of {len(measured.left_out)} predictions usable, expected some; the first: {reason}"
        )
    return measured
