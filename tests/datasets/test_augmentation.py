"""Augmentation of image, mask and landmarks together; cutout and cutmix."""

import math

import pytest
import torch

import tiny
from focus.datasets.augmentation import (
    LANDMARK_SWAP,
    cutmix,
    cutout,
    rectangles,
    transform_together,
    untouched,
)
from focus.errors import FocusError
from focus.seeds import torch_generator

S = 64


def _batch(count=6):
    """A bright soft blob around landmark 30 of each image, and a mask of ones."""
    generator = torch_generator(0, "batch")
    landmarks = 20 + 24 * torch.rand(count, 68, 2, generator=generator)
    y, x = torch.meshgrid(torch.arange(S), torch.arange(S), indexing="ij")
    spot = landmarks[:, 30, :, None, None]
    blob = torch.exp(-((x - spot[:, 0]) ** 2 + (y - spot[:, 1]) ** 2) / (2 * 3.0**2))
    return blob[:, None].repeat(1, 3, 1, 1), torch.ones(count, 1, S, S), landmarks


def _centroid(images):
    y, x = torch.meshgrid(torch.arange(S), torch.arange(S), indexing="ij")
    weight = images[:, 0]
    return torch.stack([(weight * x).sum((1, 2)), (weight * y).sum((1, 2))], 1) / weight.sum((1, 2))[:, None]


def test_swap_table():
    """A mirrored face would keep its left eye's numbers on the right: checked on a symmetric row of points."""
    assert sorted(LANDMARK_SWAP) == list(range(68))
    assert all(LANDMARK_SWAP[LANDMARK_SWAP[i]] == i for i in range(68))
    fixed = {i for i in range(68) if LANDMARK_SWAP[i] == i}
    assert fixed == {8, 27, 28, 29, 30, 33, 51, 57, 62, 66}
    assert {0: 16, 17: 26, 21: 22, 31: 35, 36: 45, 39: 42, 41: 46, 48: 54, 59: 55, 60: 64, 67: 65}.items() <= dict(
        enumerate(LANDMARK_SWAP)
    ).items()


def test_pure_flip_is_exact():
    """Mirroring would shift the face by a pixel, or blur it."""
    images, masks, landmarks = _batch()
    masks[:, :, :, :10] = 0
    mirror = torch.tensor([[[-1.0, 0, S - 1], [0, 1, 0]]], dtype=torch.float64).repeat(6, 1, 1)
    moved, moved_masks, points = transform_together(images, masks, landmarks, mirror, torch.ones(6, dtype=torch.bool))
    torch.testing.assert_close(moved, images.flip(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(moved_masks, masks.flip(3), atol=0, rtol=0)
    torch.testing.assert_close(points[:, 36, 0], S - 1 - landmarks[:, 45, 0])
    torch.testing.assert_close(points[:, 36, 1], landmarks[:, 45, 1])


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_image_and_landmarks_move_together(flip):
    """Landmarks would no longer lie on the face: the blob drawn at 30 must be where 30 went."""
    images, masks, landmarks = _batch(16)
    landmarks[:, 36], landmarks[:, 45] = torch.tensor([20.0, 30.0]), torch.tensor([44.0, 30.0])
    moved, _, points = tiny.augmentation(S, flip=flip)(images, masks, landmarks, torch_generator(1))
    inside = ((points[:, 30] > 14) & (points[:, 30] < S - 15)).all(1)
    assert inside.sum() >= 8 and (points[:, 30] - landmarks[:, 30]).abs().max() > 1
    torch.testing.assert_close(_centroid(moved)[inside], points[inside, 30], atol=0.06, rtol=0)
    assert (points[:, 36, 0] < points[:, 45, 0]).all()  # 36 stays the eye corner on the left of the image


def test_drawn_sizes_stay_within_the_limits():
    """Faces would be shifted, turned or scaled more than the paper's 10 px of 224, 10 degrees, 10 %."""
    matrices, flipped = tiny.augmentation(S).draw(500, torch_generator(2))
    centre = torch.full((2,), (S - 1) / 2, dtype=torch.float64)
    shift = matrices[:, :, :2] @ centre + matrices[:, :, 2] - centre
    factor = matrices[:, :, :2].det().abs().sqrt()
    angle = torch.atan2(matrices[:, 0, 1], matrices[:, 1, 1]).abs()
    assert 0.9 < shift.abs().max() / (10 * S / 224) <= 1
    assert 0.9 <= factor.min() < 0.92 and 1.08 < factor.max() <= 1.1
    assert math.radians(9) < angle.max() <= math.radians(10)
    assert 200 < flipped.sum() < 300 and ((matrices[:, :, :2].det() < 0) == flipped).all()


def test_same_generator_same_result_and_mask_stays_binary():
    """Runs would not repeat; masks would get grey borders; the strip from outside would count as face."""
    images, masks, landmarks = _batch()
    first = tiny.augmentation(S)(images, masks, landmarks, torch_generator(3))
    again = tiny.augmentation(S)(images, masks, landmarks, torch_generator(3))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert set(first[1].unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(first[0], tiny.augmentation(S)(images, masks, landmarks, torch_generator(4))[0])
    without, none, _ = tiny.augmentation(S)(images, None, landmarks, torch_generator(3))
    assert none is None and torch.equal(without, first[0])


def test_images_of_another_size():
    """The shift would be scaled to another size than the images'."""
    images, masks, landmarks = _batch()
    with pytest.raises(FocusError, match="64x64 pixels, expected 224x224"):
        tiny.augmentation(224)(images, masks, landmarks, torch_generator(0))


def test_rectangles_follow_section_nine():
    """The occluders of the cutout and cutmix baselines would have other places or sizes than stated."""
    size = 224
    boxes = rectangles(4000, size, torch_generator(5)).double()
    corner, side = boxes[:, :2], boxes[:, 2:] - boxes[:, :2]
    assert corner.min() >= round(0.15 * size) and corner.max() <= round(0.75 * (size - 1))
    assert corner.min() < 0.15 * size + 3 and corner.max() > 0.75 * (size - 1) - 3
    assert boxes.max() <= size and side.min() >= 0.1 * size - 1 and side.max() <= 0.4 * size + 1
    middle = (0.15 * size + 0.75 * (size - 1)) / 2
    torch.testing.assert_close(corner.mean(0), torch.full((2,), middle).double(), atol=2.5, rtol=0)
    assert (side[:, 0] != side[:, 1]).float().mean() > 0.9  # each axis by itself


def test_untouched_by_hand():
    """The mask of pasted pixels would lie elsewhere than the paste."""
    keep = untouched(torch.tensor([[1, 0, 3, 2]]), 4)
    expected = torch.tensor([[1.0, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1], [1, 1, 1, 1]])
    torch.testing.assert_close(keep, expected[None, None])


def test_cutout_blacks_out_and_says_where():
    """The rectangle would stay in the loss of the cutout baseline."""
    images = torch.rand(5, 3, S, S, generator=torch_generator(6)) * 0.9 + 0.1
    cut, keep = cutout(images, torch_generator(7))
    assert keep.shape == (5, 1, S, S) and set(keep.unique().tolist()) == {0.0, 1.0}
    assert torch.equal((cut == 0).all(1, keepdim=True), keep == 0)
    assert torch.equal(cut * keep, images * keep)


def test_cutmix_pastes_another_image():
    """A face would be patched with itself."""
    images = torch.arange(1, 6).float()[:, None, None, None].expand(5, 3, S, S) / 10
    mixed, keep = cutmix(images, torch_generator(8))
    for k in range(5):
        patch = mixed[k][:, keep[k, 0] == 0].unique()
        assert len(patch) == 1 and patch != images[k, 0, 0, 0]
    assert torch.equal(mixed * keep, images * keep)
    with pytest.raises(FocusError, match="a batch of one"):
        cutmix(images[:1], torch_generator(8))


def test_gradients_pass_in_double():
    """Landmarks and images could not be differentiated through the warp."""
    matrices, flipped = tiny.augmentation(5).draw(1, torch_generator(9))
    image = torch.rand(1, 3, 5, 5, dtype=torch.float64, generator=torch_generator(9), requires_grad=True)
    points = torch.rand(1, 68, 2, dtype=torch.float64, generator=torch_generator(9), requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda i, p: transform_together(i, None, p, matrices, flipped)[::2], (image, points), fast_mode=True
    )


def test_bicubic_as_the_release_interpolates():
    """With `interpolation: bicubic` images would be blurred as the release's are not, or leave 0..1."""
    images = (torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    landmarks = torch.rand(2, 68, 2) * 31
    found = {
        kind: tiny.augmentation(32, interpolation=kind)(images, None, landmarks, torch.Generator().manual_seed(1))
        for kind in ("bilinear", "bicubic")
    }
    (soft, _, moved), (sharp, _, same) = found["bilinear"], found["bicubic"]
    assert torch.equal(moved, same) and sharp.min() >= 0 and sharp.max() <= 1
    assert sharp.std() > 1.05 * soft.std()
