"""The NoW benchmark's data as published: phone pictures of 100 people, and 3D scans of the 20 in the validation set.

Layout below the root:
    imagepathsvalidation.txt, imagepathstest.txt                            lines <subject>/<challenge>/IMG_xxxx.jpg
    NoW_Dataset/final_release_version/iphone_pictures/<line>                the pictures
    scans/<subject>/*.obj                                                   mm; x right, y up, z forward
    scans_lmks_onlypp/<subject>/*.pp                                        seven points picked in MeshLab

The published face boxes (`detected_face/*.npy`) are pickles and are never opened.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from focus.datasets.images import read_image
from focus.datasets.meshes import read_mesh, read_picked_points
from focus.datasets.sample import Sample
from focus.errors import FocusError
from focus.files import files_of_kind, read_text

LISTS = {"validation": "imagepathsvalidation.txt", "test": "imagepathstest.txt"}
CHALLENGES = ("multiview_neutral", "multiview_expressions", "multiview_occlusions", "selfie")
IMAGE_FOLDER = Path("NoW_Dataset", "final_release_version", "iphone_pictures")
SCAN_FOLDER, LANDMARK_FOLDER = "scans", "scans_lmks_onlypp"


class NoW:
    """The pictures of one split in the order of its list; subject, and the challenge in `attributes`."""

    def __init__(self, root: Path, split: str = "validation") -> None:
        """Open the layout above; `split` is "validation" or "test" (the test scans are not public).

        Raises FocusError when the list is missing, has a line of another form, a line twice, or a line without an
        image; later, while reading, on an image or scan that is missing or damaged.
        """
        if split not in LISTS:
            raise FocusError(f"NoW split: {split!r}, expected one of {', '.join(LISTS)}")
        self.root = root
        self.split = split
        lines = read_image_list(root / LISTS[split])
        self.names = list(lines)
        for name, number in lines.items():
            if not self.image_path(name).is_file():
                raise FocusError(f"{root / LISTS[split]}: line {number}: no image {root / IMAGE_FOLDER / name}")

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.names)

    def __getitem__(self, position: int) -> Sample:
        """Return one picture; no mask (NoW has none) and no landmarks."""
        name = self.names[position]
        subject, challenge, _ = name.split("/")
        image = read_image(self.image_path(name))
        return Sample(name=name, image=image, subject=subject, attributes={"challenge": challenge})

    def image_path(self, name: str) -> Path:
        """Return where a picture of the list lies."""
        return self.root / IMAGE_FOLDER / name

    @property
    def subjects(self) -> list[str]:
        """The people of the split, in order of appearance."""
        return list(dict.fromkeys(name.split("/")[0] for name in self.names))

    def scan(self, subject: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a person's scan: vertices (V, 3) float64 mm, triangles (F, 3) int64. FocusError without one."""
        vertices, triangles, _ = read_mesh(self._only_file(SCAN_FOLDER, subject, ".obj"))
        return vertices, triangles

    def scan_landmarks(self, subject: str) -> np.ndarray:
        """Return the seven picked points of a person's scan, (7, 3) float64 mm. FocusError if there are none."""
        return read_picked_points(self._only_file(LANDMARK_FOLDER, subject, ".pp"))

    def _only_file(self, folder: str, subject: str, suffix: str) -> Path:
        place = self.root / folder / subject
        files = files_of_kind(place, suffix)
        if len(files) != 1:
            raise FocusError(f"{place}: {len(files)} {suffix} files, expected exactly one")
        return files[0]


def read_image_list(path: Path) -> dict[str, int]:
    """Read a NoW image list, `<subject>/<challenge>/<file>` a line, as image -> line number; blank lines are skipped.

    Raises FocusError naming the line on any other form (an unknown challenge, a path that climbs out), on a line given
    twice, and on an empty list.
    """
    lines = read_text(path, "NoW's list of images").split("\n")
    names: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        name = line.strip()
        if not name:
            continue
        parts = name.split("/")
        well_formed = len(parts) == 3 and parts[1] in CHALLENGES and PurePosixPath(name).as_posix() == name
        if not well_formed or ".." in parts or "\0" in name:
            raise FocusError(f"{path}: line {number} is {name[:80]!r}, expected <subject>/<challenge>/<image file>")
        if name in names:
            raise FocusError(f"{path}: line {number} repeats {name}, expected each image once")
        names[name] = number
    if not names:
        raise FocusError(f"{path}: no image in the list, expected lines <subject>/<challenge>/<image file>")
    return names
