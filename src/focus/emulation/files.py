"""The small writers that every emulated set shares. Callers write into a folder that appears whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from focus.emulation.photograph import Photograph

FACTS_FILE = "emulation.csv"
_JPEG_QUALITY, _PNG_LEVEL = 92, 1  # masks are so plain that a higher level saves little and takes longer


@dataclass(frozen=True)
class Fact:
    """What only an emulator knows about a picture; one row of emulation.csv, which no published layout has.

    Attributes:
        image: name as the data set's reader gives it.
        subject: the person.
        occluder: kinds joined by "+", or "none".
        occluder_fraction: share of the face that they hide.
    """

    image: str
    subject: str
    occluder: str
    occluder_fraction: float


def fact(image: str, subject: str, photograph: Photograph) -> Fact:
    """The facts of one photograph."""
    return Fact(image, subject, "+".join(photograph.occluders) or "none", photograph.occluder_fraction)


def write_facts(folder: Path, facts: Iterable[Fact]) -> None:
    """Write emulation.csv: image, subject, occluder, occluder_fraction (four decimals)."""
    with (folder / FACTS_FILE).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["image", "subject", "occluder", "occluder_fraction"])
        writer.writerows([f.image, f.subject, f.occluder, f"{f.occluder_fraction:.4f}"] for f in facts)


def save_jpeg(path: Path, image: NDArray[np.uint8]) -> None:
    """Save (H,W,3) uint8 RGB as JPEG without chroma subsampling."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, format="JPEG", quality=_JPEG_QUALITY, subsampling=0)


def save_png(path: Path, image: NDArray[np.uint8]) -> None:
    """Save (H,W) or (H,W,3) uint8 as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, format="PNG", compress_level=_PNG_LEVEL)


def enlarged(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Enlarge (h,w) or (h,w,3) uint8 to (height,width[,3]) by the nearest pixel, so that no value is made up."""
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST))
