"""Packed images cut anew, finer, for the figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from focus.datasets.crop import deep3d_crop
from focus.datasets.packed import PackedSet, pack
from focus.datasets.recut import finer, recut
from focus.datasets.sample import Sample
from focus.errors import FocusError

SIZE = 32


def sample(name: str) -> Sample:
    """Return a smooth picture with a disc for its face."""
    y, x = np.mgrid[0:180, 0:240]
    image = np.stack([x, y, (x + y) // 2], axis=2).astype(np.uint8)
    return Sample(name, image, ((x - 120) ** 2 + (y - 90) ** 2 < 60**2).astype(np.uint8))


def landmarks() -> np.ndarray:
    """Return 68 points whose five of the crop are a face's."""
    points = np.full((68, 2), 120.0)
    points[[36, 39]], points[[42, 45]], points[30] = (96, 76), (144, 76), (120, 96)
    points[48], points[54] = (100, 120), (140, 120)
    return points


def cut(given: Sample) -> Sample:
    image, points, transform = deep3d_crop(given.image, landmarks(), SIZE)
    face = None if given.visible_face is None else transform.crop_mask(given.visible_face)
    return replace(given, image=image, landmarks=points, visible_face=face, attributes={"crop": transform.to_json()})


class Given(list[Sample]):
    """A data set that is held in memory."""

    root = "set"


GIVEN = Given([sample("0.png"), sample("1.png"), sample("2.png")])


@pytest.fixture
def packed(tmp_path) -> PackedSet:
    """Two of three images; no face was found in the middle one."""
    return pack(tmp_path / "packed", [cut(sample(name)) for name in ("0.png", "2.png")])


def test_once_as_fine_is_what_was_packed(packed):
    """A picture would show another part of the image than the networks saw."""
    images, faces = recut(packed, GIVEN, [0, 1], 1)
    assert np.array_equal(images, packed.images) and np.array_equal(faces, packed.visible)


def test_finer_pixels_lie_inside_those_of_the_packed_image(packed):
    """A finer picture would be shifted against the masks and renderings of its column."""
    images, faces = recut(packed, GIVEN, [1], 4)
    assert images.shape == (1, 4 * SIZE, 4 * SIZE, 3) and faces.shape == images.shape[:3]
    coarse = np.asarray(Image.fromarray(images[0]).resize((SIZE, SIZE), Image.Resampling.BOX), int)
    inside = np.s_[2:-2, 2:-2]  # beyond the image all is black, with an edge that depends on the size
    assert np.abs(coarse - packed.images[1])[inside].max() <= 2
    assert (faces[0].reshape(SIZE, 4, SIZE, 4).mean((1, 3)).round() != packed.visible[1]).mean() < 0.01


def test_where_a_finer_crop_lies():
    """The crop's window would leave the face where the factor is not one."""
    coarse = deep3d_crop(sample("0.png").image, landmarks(), SIZE)[2]
    fine = finer(coarse.to_json(), 4)
    points = landmarks() + 0.25
    np.testing.assert_allclose((fine.to_crop(points) + 0.5) / 4 - 0.5, coarse.to_crop(points), atol=1e-9)


def test_without_ground_truth(tmp_path):
    """A set without masks would stop the figures."""
    bare = replace(sample("0.png"), visible_face=None)
    images, faces = recut(pack(tmp_path / "packed", [cut(bare)]), Given([bare]), [0], 2)
    assert images.shape == (1, 2 * SIZE, 2 * SIZE, 3) and faces is None


def test_an_image_that_is_gone(packed):
    """Another image would stand in its place, or the stage end in a traceback."""
    with pytest.raises(FocusError, match=r"set: found no 2\.png, expected the image that was packed from there"):
        recut(packed, Given(GIVEN[:2]), [1], 2)
