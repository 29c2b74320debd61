"""The released reading of Tables 4 and 5: true masks cut softly, predicted ones not rounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, replace

import numpy as np
import pytest
import torch
from PIL import Image

import tiny
from focus.datasets.crop import deep3d_crop
from focus.datasets.packed import PackedSet, pack
from focus.datasets.pictures import Pictures
from focus.datasets.sample import Sample
from focus.errors import FocusError
from focus.evaluation.segmentation import Scores, scores, soft_scores
from focus.evaluation.soft_masks import soft_masks, with_soft_scores
from focus.model.inference import Prediction
from golden_set import smooth, uniform

# Figures of the authors' own mask_accuracy (util/evaluation.py:21-36 at 33a5add) on the masks that `masks` makes.
RELEASED = {
    "a": Scores(0.4851721227, 0.2769130170, 0.6113403440, 0.3811707497),
    "b": Scores(0.4358991683, 0.5, 0.0063997577, 0.0126377577),  # nothing is called face
}


def masks(name: str, size: int = 24) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return predicted and true soft masks and a rendered ellipse, (size,size) float32, drawn by a name."""
    predicted = np.clip(2.2 * smooth(uniform(f"scores/{name}/predicted", 6, 6), size, size) - 0.6, 0, 1)
    visible = np.clip(3 * smooth(uniform(f"scores/{name}/visible", 5, 5), size, size) - 1, 0, 1)
    y, x = np.mgrid[0:size, 0:size]
    rendered = ((x - 11) / 9) ** 2 + ((y - 12) / 10) ** 2 < 1
    return (predicted * (name != "b")).astype(np.float32), visible.astype(np.float32), rendered.astype(np.float32)


@pytest.mark.parametrize("name", RELEASED)
def test_agrees_with_the_released_code(name):
    """Rows of the released reading would be measured by another formula than the authors'."""
    np.testing.assert_allclose(astuple(soft_scores(*masks(name))), astuple(RELEASED[name]), rtol=2e-7)


def test_binary_masks_have_the_rounded_scores():
    """The two readings would differ where nothing is soft and no sum is empty."""
    predicted, visible, rendered = (mask >= 0.5 for mask in masks("a"))
    found = astuple(soft_scores(predicted, visible, rendered))
    np.testing.assert_allclose(found, astuple(scores(predicted, visible, rendered)))


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(
    ("change", "reason"), [(lambda m: m[1:], "mask of shape"), (lambda m: 2 * m, "to 2, expected")]
)
def test_bad_masks(place, change, reason):
    """A mask of another size or range would get a score."""
    given = list(masks("a"))
    given[place] = change(np.ones_like(given[place]))
    with pytest.raises(FocusError, match=f"{('predicted', 'visible')[place]}: .*{reason}"):
        soft_scores(*given)


def sample(name: str) -> Sample:
    """Return a grey picture with a disc for its face."""
    y, x = np.mgrid[0:90, 0:120]
    face = ((x - 60) ** 2 + (y - 45) ** 2 < 30**2).astype(np.uint8)
    return Sample(name, np.full((90, 120, 3), 100, np.uint8), face)


def landmarks() -> np.ndarray:
    """Return 68 points whose five of the crop are a face's."""
    points = np.full((68, 2), 60.0)
    points[[36, 39]], points[[42, 45]], points[30] = (48, 38), (72, 38), (60, 48)
    points[48], points[54] = (50, 60), (70, 60)
    return points


def cut(given: Sample) -> Sample:
    image, points, transform = deep3d_crop(given.image, landmarks(), tiny.SIZE)
    mask = transform.crop_mask(given.visible_face)
    return replace(given, image=image, landmarks=points, visible_face=mask, attributes={"crop": transform.to_json()})


class Given(list[Sample]):
    """A data set that is held in memory."""

    root = "set"


@pytest.fixture
def packed(tmp_path) -> PackedSet:
    """Two of three images; no face was found in the middle one."""
    return pack(tmp_path / "packed", [cut(sample(name)) for name in ("0.png", "2.png")])


def test_masks_are_cut_as_the_images_were(packed):
    """The true masks would lie elsewhere than the faces, be those of other images, or be rounded."""
    first = sample("0.png")
    moved = sample("2.png")
    moved.visible_face[:, 60:] = 0
    found = list(soft_masks(packed, Given([first, sample("1.png"), moved])))
    transform = deep3d_crop(first.image, landmarks(), tiny.SIZE)[2]
    for mask, given in zip(found, (first, moved), strict=True):
        resized = Image.fromarray(given.visible_face * np.uint8(255)).resize(
            transform.resized, Image.Resampling.BICUBIC
        )
        box = (transform.left, transform.up, transform.left + tiny.SIZE, transform.up + tiny.SIZE)
        assert mask.dtype == np.float32 and np.array_equal(mask, np.array(resized.crop(box)) / np.float32(255))
        assert ((mask > 0) & (mask < 1)).any()
        assert np.array_equal(mask * 255 >= 128, transform.crop_mask(given.visible_face))


@pytest.mark.parametrize("given", [[], [sample("0.png")], [replace(sample("0.png"), visible_face=None)]])
def test_a_mask_that_is_gone(packed, given):
    """An image would be compared with another one's mask, or the stage end in a traceback."""
    with pytest.raises(FocusError, match=r"set: found no mask of [02].png"):
        list(soft_masks(packed, Given(given)))


def prediction(mask: torch.Tensor | None, rendered: torch.Tensor) -> Prediction:
    return Prediction(
        rendered.expand(-1, 3, -1, -1), rendered, mask, torch.zeros(len(rendered), 68, 2), tiny.latents(2)
    )


def test_rows_get_the_scores_of_their_own_masks():
    """A row would have another image's scores from the second batch on, or lose what else it holds."""
    drawn = [masks(name) for name in "acde"]
    visible = iter([each[1] for each in drawn])
    for batch in (drawn[:2], drawn[2:]):
        predicted, rendered = (torch.from_numpy(np.stack([m[k] for m in batch]))[:, None] for k in (0, 2))
        rows = [{"image": str(k), "acc": 0.0, "rmse": 5.0} for k in range(2)]
        found = list(with_soft_scores(rows, prediction(predicted, rendered), visible))
        for row, mask in zip(found, batch, strict=True):
            assert row["rmse"] == 5.0 and astuple(Scores(*(row[k] for k in ("acc", "ppv", "tpr", "f1")))) == astuple(
                soft_scores(*mask)
            )


def test_without_predicted_masks_no_mask_is_read():
    """A variant without masks would read every image of the test sets again, or get scores."""

    def never() -> Iterator[np.ndarray]:
        raise AssertionError("a mask was asked for")
        yield

    rows = [{"image": "0"}, {"image": "1"}]
    assert list(with_soft_scores(rows, prediction(None, torch.ones(2, 1, 4, 4)), never())) == rows


def test_pictures_of_ones_own(tmp_path):
    """A reader's own test set could not be measured so."""
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    given = sample("0.png")
    Image.fromarray(given.image).save(tmp_path / "images/0.png")
    Image.fromarray(given.visible_face * 255).save(tmp_path / "masks/0.png")
    [mask] = soft_masks(pack(tmp_path / "packed", [cut(given)]), Pictures(tmp_path))
    assert 0 < mask.mean() < 1
