"""Photographs of one's own with masks of the visible face: a test set that needs no reader of its own.

Layout below the root, a folder per subset where there are subsets:
    images/[<subset>/]<name>.png or .jpg
    masks/[<subset>/]<name>.png             of the image's size, white where the face is seen
"""

from __future__ import annotations

from pathlib import Path

from focus.datasets.images import read_image, read_mask
from focus.datasets.sample import Sample
from focus.errors import FocusError
from focus.files import files_of_kind, in_any_case

KINDS = (".png", ".jpg", ".jpeg")


class Pictures:
    """The images in the order of their names, those in no subset first; a name is the path below images/."""

    def __init__(self, root: Path) -> None:
        """Open the layout above. Raises FocusError when there is no image; later, while reading, on a missing mask."""
        self.root = root
        folder = root / "images"
        folders = [folder, *sorted(folder.glob("*/"))]
        self._names = [path.relative_to(folder) for each in folders for path in files_of_kind(each, *KINDS)]
        if not self._names:
            raise FocusError(f"{folder}: found no image, expected some ({', '.join(KINDS)})")

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._names)

    def __getitem__(self, position: int) -> Sample:
        """Return one image with its mask."""
        name = self._names[position]
        image = read_image(self.root / "images" / name)
        there = in_any_case(self.root / "masks" / name.with_suffix(".png"))
        mask = read_mask(there, ((image.shape[1], image.shape[0]),))
        return Sample(name.as_posix(), image, mask, subset="" if len(name.parts) == 1 else name.parts[0])
