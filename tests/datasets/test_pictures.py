"""Photographs of one's own as a test set."""

from __future__ import annotations

import numpy as np
import pytest

from focus.datasets.images import write_png
from focus.datasets.pictures import Pictures
from focus.errors import FocusError


@pytest.fixture
def root(tmp_path):
    """Two images: one in subset `mask`, one in none; the left half is visible face."""
    for name in ("b.png", "mask/a.png"):
        write_png(tmp_path / "images" / name, np.full((4, 6, 3), 9, np.uint8))
        white = np.zeros((4, 6), np.uint8)
        white[:, :3] = 255
        write_png(tmp_path / "masks" / name, white)
    return tmp_path


def test_images_masks_and_subsets(root):
    """A face would get another image's mask, or lose its subset."""
    found = [Pictures(root)[k] for k in range(len(Pictures(root)))]
    assert [(sample.name, sample.subset) for sample in found] == [("b.png", ""), ("mask/a.png", "mask")]
    assert all(sample.visible_face.sum() == 12 and sample.visible_face[:, :3].all() for sample in found)


def test_endings_in_capitals(root):
    """Pictures of some cameras and programs, A.PNG, would be without a mask."""
    for kind in ("images", "masks"):
        (root / kind / "b.png").rename(root / kind / "b.PNG")
    assert Pictures(root)[0].visible_face.sum() == 12


def test_what_does_not_fit_is_named(root, tmp_path):
    """A missing or foreign mask would count as no face, or end in a traceback."""
    write_png(root / "masks" / "b.png", np.zeros((2, 2), np.uint8))
    with pytest.raises(FocusError, match=r"masks/b\.png"):
        Pictures(root)[0]
    (root / "masks" / "b.png").unlink()
    with pytest.raises(FocusError, match=r"masks/b\.png"):
        Pictures(root)[0]
    with pytest.raises(FocusError, match=r"none/images: found no image, expected some"):
        Pictures(tmp_path / "none")
