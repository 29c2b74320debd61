"""What stays of predictions: latents and masks, no renderings."""

from __future__ import annotations

import torch

import tiny
from focus.files import read_npy
from focus.model.inference import Prediction
from focus.stages.predictions import Kept, keep_predictions


def prediction(count: int, mask: torch.Tensor | None) -> Prediction:
    image = torch.zeros(count, 3, tiny.SIZE, tiny.SIZE)
    return Prediction(image, image[:, :1], mask, torch.zeros(count, 68, 2), tiny.latents(count))


def test_batches_are_kept_in_order_with_rounded_masks(tmp_path) -> None:
    """Figures would show another image's mask, or Table 4 another rounding than the paper's."""
    low, high = torch.full((2, 1, 4, 4), 0.49), torch.full((1, 1, 4, 4), 0.5)
    keep_predictions(tmp_path, "ar", [Kept.of(prediction(2, low)), Kept.of(prediction(1, high))])
    masks = read_npy(tmp_path / "ar_masks.npy")
    assert masks.dtype == "uint8" and masks.mean((1, 2)).tolist() == [0, 0, 1]
    assert read_npy(tmp_path / "ar_theta.npy").shape == (3, tiny.latents(1).theta().shape[1])


def test_a_variant_without_masks_keeps_none(tmp_path) -> None:
    """Figures would show masks that nobody predicted."""
    keep_predictions(tmp_path, "ar", [Kept.of(prediction(2, None))])
    assert [path.name for path in tmp_path.iterdir()] == ["ar_theta.npy"]


def test_renderings_are_let_go() -> None:
    """Those of CelebA's test images are 3 GB at 224 px."""
    kept = Kept.of(prediction(2, torch.ones(2, 1, tiny.SIZE, tiny.SIZE)))
    sizes = [part.numel() for part in vars(kept.parameters).values()] + [kept.masks.size]
    assert max(sizes) <= 2 * tiny.SIZE**2
