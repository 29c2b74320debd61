"""The AR face database as published, with the masks of Egger et al.

Layout below the root:
    raw/m-001-01.raw (or the .raw files in the root itself)   768x576, planar uint8 R, G, B, row-major; m men, w women
    labels/<name>.png                                         occluder classes by colour, on black
    faceEllipse/<name>.png                                    white = face region

Session codes: 1 neutral, 2 smile, 3 anger, 4 scream, 5-7 light from left, right, both, 8-10 sunglasses, 11-13 scarf;
14-26 repeat them in the second session. Egger et al. have masks for 120 images: neutral 1 and 5, glasses 21 and 22,
scarf 24 and 25, 40 each. So code 5 counts as unoccluded, although it has a light from the left, as 22 and 25 have. The
other naming form (Cm-001-1.raw, W_002_14.raw) is read as the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from focus.datasets.images import read_image_of_size
from focus.datasets.sample import Sample
from focus.errors import FocusError
from focus.files import files_of_kind, read_bytes

WIDTH, HEIGHT = 768, 576
RAW_BYTES = 3 * WIDTH * HEIGHT
SUBSETS = ("unoccluded", "sidelight", "glasses", "scarf")
LABEL_COLOURS = {
    "hair": (0, 255, 0),
    "glasses": (255, 0, 0),
    "scarf": (0, 0, 255),
    "teeth": (255, 255, 255),
    "earring": (255, 255, 0),
}
UNLABELLED = "unlabelled"
LABEL_FOLDER, ELLIPSE_FOLDER = "labels", "faceEllipse"
_NAME = re.compile(r"c?([mw])[-_](\d{1,4})[-_](\d{1,2})", re.IGNORECASE)
_THRESHOLD = 128  # a channel is on from here; the published PNGs are pure colours


@dataclass(frozen=True, order=True)
class ARName:
    """What an AR file name says: sex (m or w), person number, session code 1..26."""

    sex: str
    person: int
    code: int

    @property
    def subject(self) -> str:
        """The person, e.g. m-001."""
        return f"{self.sex}-{self.person:03d}"

    @property
    def subset(self) -> str:
        """unoccluded, sidelight, glasses or scarf, by the session code."""
        code = (self.code - 1) % 13 + 1
        return SUBSETS[0 if code <= 5 else 1 if code <= 7 else 2 if code <= 10 else 3]

    @property
    def occluder(self) -> str:
        """glasses, scarf or none."""
        return self.subset if self.subset in ("glasses", "scarf") else "none"


def parse_name(path: Path) -> ARName:
    """Read sex, person and code from a file name. Raises FocusError on another form or a code beyond 1..26."""
    match = _NAME.fullmatch(path.stem)
    if not match:
        raise FocusError(f"{path}: not an AR name; expected m-001-01 or w-001-01 (also Cm-001-1, M_001_1)")
    name = ARName(match[1].lower(), int(match[2]), int(match[3]))
    if not 1 <= name.code <= 26:
        raise FocusError(f"{path}: session code {name.code}, expected 1 to 26")
    return name


class AR:
    """All raw images, sorted by sex, person and code; those with Egger's masks have a visible face.

    Visible face = inside the ellipse, and unlabelled or labelled with one of `face_labels`.
    """

    def __init__(self, root: Path, face_labels: Collection[str] = (), masked_only: bool = False) -> None:
        """Open the layout above; without a labels folder no image has a mask.

        `face_labels` (of `LABEL_COLOURS`) count as face; `masked_only` keeps only the images that have masks. Raises
        FocusError when there is no raw file, a name of another form, one person and code twice, or one of the two
        masks without the other; later, while reading, on a raw file of another length, or a mask that is damaged, of
        another size or of an unknown colour.
        """
        unknown = [label for label in face_labels if label not in LABEL_COLOURS]
        if unknown:
            raise FocusError(f"AR face labels: {', '.join(unknown)} found, expected some of {', '.join(LABEL_COLOURS)}")
        raws = _index(root / "raw" if (root / "raw").is_dir() else root, ".raw")
        if not raws:
            raise FocusError(f"{root}: no .raw file in it or in its raw folder; expected files such as m-001-01.raw")
        self.root = root
        self.face_labels = tuple(face_labels)
        self._labels, self._ellipses = _mask_files(root)
        keys = sorted(key for key in raws if key in self._labels or not masked_only)
        self._files = [(key, raws[key]) for key in keys]
        self.names = [path.name for _, path in self._files]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._files)

    def __getitem__(self, position: int) -> Sample:
        """Return one image (576, 768, 3), its visible face where there are masks, subject, subset, code, occluder."""
        key, path = self._files[position]
        return Sample(
            name=path.name,
            image=read_raw(path),
            visible_face=self._visible_face(key),
            subject=key.subject,
            subset=key.subset,
            attributes={"code": f"{key.code:02d}", "occluder": key.occluder},
        )

    def _visible_face(self, key: ARName) -> np.ndarray | None:
        if key not in self._labels:
            return None
        labels = read_labels(self._labels[key])
        face = labels[UNLABELLED].copy()
        for label in self.face_labels:
            face |= labels[label]
        size = ((WIDTH, HEIGHT),)
        ellipse = read_image_of_size(self._ellipses[key], size).min(axis=2) >= _THRESHOLD
        visible: np.ndarray | None = (face & ellipse).astype(np.uint8)
        return visible


def read_raw(path: Path) -> np.ndarray:
    """Read a planar raw file as (576, 768, 3) uint8 RGB. Raises FocusError unless it has exactly 1,327,104 bytes."""
    content = read_bytes(path, "an AR raw image")
    if len(content) != RAW_BYTES:
        raise FocusError(f"{path}: {len(content):,} bytes, expected {RAW_BYTES:,} (three planes of {WIDTH}x{HEIGHT})")
    planes = np.frombuffer(content, np.uint8).reshape(3, HEIGHT, WIDTH)
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


def read_labels(path: Path) -> dict[str, np.ndarray]:
    """Read Egger's label image as label -> (576, 768) bool, `unlabelled` included; every pixel has one label.

    Raises FocusError on a damaged file, another size, or a colour that stands for nothing.
    """
    channels = read_image_of_size(path, ((WIDTH, HEIGHT),)) >= _THRESHOLD
    classes = {UNLABELLED: (0, 0, 0), **LABEL_COLOURS}
    code = channels @ np.array([4, 2, 1])
    labels = {label: code == int(np.dot(np.array(c) >= _THRESHOLD, [4, 2, 1])) for label, c in classes.items()}
    strange = ~np.logical_or.reduce(list(labels.values()))
    if strange.any():
        y, x = np.argwhere(strange)[0]
        raise FocusError(f"{path}: unknown label colour at x={x}, y={y}, expected black or {', '.join(LABEL_COLOURS)}")
    return labels


def _index(folder: Path, suffix: str) -> dict[ARName, Path]:
    """Map what the names say to the files of a folder; FocusError when two files say the same."""
    found: dict[ARName, Path] = {}
    for path in files_of_kind(folder, suffix):
        name = parse_name(path)
        if name in found:
            raise FocusError(f"{path}: the same person and code as {found[name].name}, expected one file for each")
        found[name] = path
    return found


def _mask_files(root: Path) -> tuple[dict[ARName, Path], dict[ARName, Path]]:
    """Return label and ellipse files by name; FocusError when an image has only one of the two."""
    labels, ellipses = _index(root / LABEL_FOLDER, ".png"), _index(root / ELLIPSE_FOLDER, ".png")
    for name in sorted(labels.keys() ^ ellipses.keys()):
        present, absent = (labels, ELLIPSE_FOLDER) if name in labels else (ellipses, LABEL_FOLDER)
        raise FocusError(f"{present[name]}: no counterpart in {root / absent}; expected a mask in both folders")
    return labels, ellipses
