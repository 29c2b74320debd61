"""Mask sources: each by its name, and Deep3D's skin colours against values of the public code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from focus.errors import FocusError
from focus.masks.sources import MASKS, mask_source, skin_posterior

# Crops and posteriors of the public Deep3D preprocessing (reference/deep3d: ar_768x576 and small_upscale, `_out.png`
# and `_skin_out.png`), every fourth pixel; the first of the second face is its pixel (53, 4), the hardest to round.
FIXTURE = Path(__file__).parents[1] / "fixtures" / "deep3d_skin.npz"


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(0)
    target, rendering = torch.rand(2, 2, 3, 8, 8, generator=generator)
    rendered_mask = torch.zeros(2, 1, 8, 8)
    rendered_mask[..., 2:] = 1
    visible = (torch.rand(2, 1, 8, 8, generator=generator) > 0.5).float()
    return target, rendering * rendered_mask, rendered_mask, visible, lambda rendered, image: image[:, :1]


@pytest.mark.parametrize("name", ["ones", "ground_truth", "robust", "skin", "segmentation"])
def test_every_source_keeps_to_the_rendered_face(name, inputs):
    """A mask would be of a wrong shape, or claim pixels where no face is rendered."""
    mask = mask_source(name)(*inputs)
    assert mask.shape == (2, 1, 8, 8)
    assert mask.dtype == torch.float32
    assert mask[..., :2].abs().sum() == 0
    assert mask.min() >= 0
    assert mask.max() <= 1
    assert set(MASKS) == {"ones", "ground_truth", "robust", "skin", "segmentation"}


def test_values(inputs):
    """A source would return another mask than its name says."""
    target, rendering, rendered_mask, visible, _ = inputs
    assert torch.equal(mask_source("ones")(*inputs), rendered_mask)
    assert torch.equal(mask_source("ground_truth")(*inputs), visible * rendered_mask)
    assert torch.equal(mask_source("segmentation")(*inputs), target[:, :1] * rendered_mask)
    for xi in (0.0166, 0.17, 0.5):
        expected = ((target - rendering).square().sum(1, keepdim=True) < xi) * rendered_mask
        assert torch.equal(mask_source("robust", xi=xi)(*inputs), expected)


def test_segmentation_is_not_detached(inputs):
    """R steps could not follow the released code, where M carries a gradient."""
    target, rendering, rendered_mask, _, _ = inputs
    rendering = rendering.requires_grad_()
    mask = mask_source("segmentation")(target, rendering, rendered_mask, None, lambda rendered, image: rendered[:, :1])
    mask.sum().backward()
    assert rendering.grad.abs().sum() > 0


def test_skin_is_deep3ds_to_the_bit():
    """Table 4's skin detector would not be Deep3D's."""
    with np.load(FIXTURE, allow_pickle=False) as golden:
        rgb, expected = golden["rgb"], golden["posterior"]
    images = torch.from_numpy(rgb).permute(0, 3, 1, 2).float() / 255
    posterior = skin_posterior(images)
    assert posterior.dtype == torch.float32
    np.testing.assert_array_equal((posterior[:, 0] * 255).round().byte().numpy(), expected)


def test_skin_by_eye():
    """A skin tone would be taken for something else than blue or green cloth."""
    colours = torch.tensor([[224, 172, 140], [30, 60, 200], [20, 160, 40]]) / 255
    posterior = skin_posterior(colours.T.reshape(1, 3, 1, 3)).flatten()
    assert posterior[0] > 0.9
    assert posterior[1:].max() < 0.1


def test_one_line_errors(inputs):
    """A missing input would end in a traceback."""
    target, rendering, rendered_mask, _, _ = inputs
    with pytest.raises(FocusError, match="found 'none', expected one of ones, ground_truth"):
        mask_source("none")
    with pytest.raises(FocusError, match="ground_truth: found no visible-face masks"):
        mask_source("ground_truth")(target, rendering, rendered_mask, None, None)
    with pytest.raises(FocusError, match="segmentation: found no segmentation network"):
        mask_source("segmentation")(target, rendering, rendered_mask, None, None)
