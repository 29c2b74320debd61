"""Batches are a function of the seed and the step's number alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tiny
from focus.training.batches import Batches, load_batch, sample_index


@pytest.fixture
def packed(tmp_path):
    return tiny.packed_faces(tmp_path / "set", 7)


@pytest.mark.parametrize(("count", "batch"), [(7, 3), (6, 3), (5, 5), (3, 5), (1, 2)])
def test_each_epoch_shows_each_image_once(count, batch):
    """Some images would be seen more often than others."""
    steps = [sample_index(count, batch, 0, step) for step in range(3 * count)]
    assert all(len(step) == batch for step in steps)
    epochs = torch.cat(steps).split(count)
    assert all(sorted(epoch.tolist()) == list(range(count)) for epoch in epochs)
    if count > 3:
        assert len({tuple(epoch.tolist()) for epoch in epochs}) > 1


def test_sample_depends_on_seed_and_step_only():
    """A resumed training would see other images; another seed the same ones."""
    torch.manual_seed(5)
    first = sample_index(50, 4, 1, 9)
    torch.rand(3)
    assert torch.equal(first, sample_index(50, 4, 1, 9))
    assert not torch.equal(first, sample_index(50, 4, 2, 9))


def test_load_batch(packed):
    """Bytes would reach the networks in another order, range or layout."""
    batch = load_batch(packed, torch.tensor([4, 1]))
    assert batch.images.shape == (2, 3, tiny.SIZE, tiny.SIZE) and batch.images.dtype == torch.float32
    assert np.array_equal((batch.images[0] * 255).round().byte().permute(1, 2, 0).numpy(), packed.images[4])
    assert np.array_equal(batch.landmarks[1].numpy(), packed.landmarks[1])
    assert np.array_equal(batch.visible[0, 0].numpy(), packed.visible[4]) and batch.index.tolist() == [4, 1]


def test_set_without_masks(packed):
    """Photographs without ground truth could not be trained on."""
    packed.visible = None
    assert load_batch(packed, torch.tensor([0])).visible is None
    assert Batches(packed, 2, 0, tiny.augmentation())(0).visible is None


def test_augmented_batches_repeat(packed):
    """Resuming would not be bit for bit."""
    first, again = (Batches(packed, 3, 0, tiny.augmentation()) for _ in range(2))
    for step in (5, 2, 5):
        for name in ("images", "landmarks", "visible", "index"):
            assert torch.equal(getattr(first(step), name), getattr(again(step), name))
    plain = Batches(packed, 3, 0, None)(2)
    assert torch.equal(plain.index, again(2).index) and not torch.equal(plain.images, again(2).images)


def test_count_leaves_out_the_held_out_faces(packed):
    """R_syn would be trained on the faces that measure the prior."""
    batches = Batches(packed, 4, 0, None, count=5)
    assert {int(i) for step in range(10) for i in batches(step).index} == set(range(5))


def test_batch_is_at_most_the_set(packed):
    """A set smaller than the batch would show an image twice in a step."""
    assert sorted(Batches(packed, 100, 0, None)(3).index.tolist()) == list(range(7))


def test_further_draws_have_generators_of_their_own(packed):
    """Cutout would take the augmentation's random numbers."""
    batches = Batches(packed, 2, 0, None)
    draws = [torch.rand(1, generator=batches.generator(s, p)) for s, p in ((0, "cutout"), (0, "cutmix"), (1, "cutout"))]
    assert len({float(draw) for draw in draws}) == 3
    assert float(draws[0]) == float(torch.rand(1, generator=batches.generator(0, "cutout")))
