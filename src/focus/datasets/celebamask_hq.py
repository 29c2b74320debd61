"""CelebAMask-HQ as published: 30,000 faces with hand-made part masks.

Layout below the root:
    CelebA-HQ-img/<k>.jpg                                          k = 0..29999, square
    CelebAMask-HQ-mask-anno/<k // 2000>/<k:05d>_<part>.png         512x512, non-zero = set; an absent part has no file
    CelebA-HQ-to-CelebA-mapping.txt                                header `idx orig_idx orig_file`, orig_idx from 0
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from focus.datasets.images import read_image, read_mask
from focus.datasets.sample import Sample
from focus.errors import FocusError
from focus.files import in_any_case, read_text

VISIBLE_FACE_PARTS = ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip", "l_lip")
OUTLIER_PARTS = ("eye_g", "l_ear", "r_ear", "hair", "hat", "ear_r", "neck_l", "neck", "cloth")
PARTS = VISIBLE_FACE_PARTS + OUTLIER_PARTS
MASK_SIZE = 512
IMAGE_FOLDER = "CelebA-HQ-img"
MASK_FOLDER = "CelebAMask-HQ-mask-anno"
MAPPING_FILE = "CelebA-HQ-to-CelebA-mapping.txt"
FIRST_VALIDATION, FIRST_TEST = 162771, 182638  # CelebA's own partition, by its 0-based index
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class MappingRow:
    """One line of the mapping file: index in CelebA-HQ, index in CelebA (both from 0), file name in CelebA."""

    index: int
    original_index: int
    original_file: str

    @property
    def split(self) -> str:
        """CelebA's partition: train, val or test."""
        if self.original_index >= FIRST_TEST:
            return "test"
        return "val" if self.original_index >= FIRST_VALIDATION else "train"


class CelebAMaskHQ:
    """The images of one split, in the order of the mapping file, with the visible face merged from the part masks.

    A pixel is visible face where one of `visible_parts` is set and no other part is (glasses over skin are no face).
    The folders are never scanned: the mapping file names every image.
    """

    def __init__(self, root: Path, split: str = "train", visible_parts: Collection[str] = VISIBLE_FACE_PARTS) -> None:
        """Open the layout above; `split` is "train", "val" or "test", `visible_parts` are the parts that are face.

        Raises FocusError when something of the layout is missing, or the split or a part is unknown; later, while
        reading, on an image or mask that is missing, damaged or of another size.
        """
        if split not in SPLITS:
            raise FocusError(f"CelebAMask-HQ split: {split!r}, expected one of {', '.join(SPLITS)}")
        unknown = [part for part in visible_parts if part not in PARTS]
        if unknown or not visible_parts:
            found = ", ".join(unknown) or "none"
            raise FocusError(f"CelebAMask-HQ visible parts: {found} found, expected some of {', '.join(PARTS)}")
        for folder in (IMAGE_FOLDER, MASK_FOLDER):
            if not (root / folder).is_dir():
                raise FocusError(f"{root / folder}: no such folder; expected CelebAMask-HQ's {folder}")
        self.root = root
        self.visible_parts = tuple(visible_parts)
        self._rows = [row for row in read_mapping(root / MAPPING_FILE) if row.split == split]
        self.split = split
        self.names = [f"{row.index}.jpg" for row in self._rows]

    def __len__(self) -> int:
        """Return the number of images in the split."""
        return len(self._rows)

    def __getitem__(self, position: int) -> Sample:
        """Return one image with its visible-face mask; landmarks None, subject "" (CelebA-HQ names no persons)."""
        row = self._rows[position]
        image = read_image(self.image_path(position))
        masks = self._part_masks(row, (image.shape[1], image.shape[0]))
        face = np.zeros(image.shape[:2], np.uint8)
        other = np.zeros_like(face)
        for part, mask in masks.items():
            target = face if part in self.visible_parts else other
            np.maximum(target, mask, out=target)
        return Sample(
            name=self.names[position],
            image=image,
            visible_face=face * (1 - other),
            attributes={"split": self.split, "original_file": row.original_file},
        )

    def image_path(self, position: int) -> Path:
        """Return where the image lies."""
        return in_any_case(self.root / IMAGE_FOLDER / self.names[position])

    def part_masks(self, position: int) -> dict[str, np.ndarray]:
        """Return part -> (H, W) uint8 0/1 for every part the image has, at the image's size."""
        height, width = read_image(self.image_path(position)).shape[:2]
        return self._part_masks(self._rows[position], (width, height))

    def _part_masks(self, row: MappingRow, size: tuple[int, int]) -> dict[str, np.ndarray]:
        """Read the part masks that exist and bring them to `size` (width, height) by nearest neighbour."""
        if size[0] != size[1]:
            name = self.root / IMAGE_FOLDER / f"{row.index}.jpg"
            raise FocusError(f"{name}: {size[0]}x{size[1]} pixels, expected a square image")
        folder = self.root / MASK_FOLDER / str(row.index // 2000)
        paths = {part: in_any_case(folder / f"{row.index:05d}_{part}.png") for part in PARTS}
        accepted = tuple(dict.fromkeys([(MASK_SIZE, MASK_SIZE), size]))  # smaller emulated sets have smaller masks
        masks = {
            part: np.array(Image.fromarray(read_mask(path, accepted)).resize(size, Image.Resampling.NEAREST))
            for part, path in paths.items()
            if path.exists()
        }
        if not masks:
            raise FocusError(
                f"{folder}: no mask {row.index:05d}_<part>.png; expected at least {row.index:05d}_skin.png"
            )
        return masks


def read_mapping(path: Path) -> list[MappingRow]:
    """Read CelebA-HQ-to-CelebA-mapping.txt. Raises FocusError naming the first line that is not three columns."""
    lines = read_text(path, "CelebAMask-HQ's mapping to CelebA").split("\n")
    if lines[0].split() != ["idx", "orig_idx", "orig_file"]:
        raise FocusError(f"{path}: line 1 is not the header 'idx orig_idx orig_file'")
    rows: list[MappingRow] = []
    seen: set[int] = set()
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 3 or not all(field.isdecimal() and field.isascii() for field in fields[:2]):
            raise FocusError(f"{path}: line {number} is {line[:60]!r}, expected 'idx orig_idx orig_file'")
        row = MappingRow(int(fields[0]), int(fields[1]), fields[2])
        if row.index in seen:
            raise FocusError(f"{path}: line {number} repeats idx {row.index}, expected each once")
        seen.add(row.index)
        rows.append(row)
    return rows
