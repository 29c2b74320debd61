"""Table 1's error and its other readings, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from focus.errors import FocusError
from focus.evaluation.image_fitting import READINGS, rmse, rmse_visible

TARGET = np.zeros((2, 2, 3))
TARGET[0, 0] = [0.6, 0.0, 0.0]
TARGET[0, 1] = [0.0, 0.8, 0.0]
TARGET[1, 0] = 0.5
VISIBLE = np.array([[1, 1], [1, 0]])
DRAWN = np.array([[1, 1], [0, 0]])
RENDERED = np.zeros((2, 2, 3))  # black where drawn: the errors are 0.6 and 0.8 in one channel each

BY_HAND = {
    "rmse": 255 * (1.0 / 6) ** 0.5,
    "rmse_visible": 255 * (1.75 / 9) ** 0.5,
    "masked_mean": 255 * (1.0 / 12) ** 0.5,
    "per_pixel_norm": 255 * (1.0 / 2) ** 0.5,
    "mean_pixel_norm": 255 * 0.7,
    "whole_crop": 255 * (1.0 / 12) ** 0.5,
}


@pytest.mark.parametrize("name", READINGS)
def test_by_hand(name) -> None:
    """If this fails a reading of Table 1's error is not what docs/metrics.md says."""
    assert READINGS[name](TARGET, RENDERED, VISIBLE, DRAWN) == pytest.approx(BY_HAND[name], rel=1e-12)


def test_every_reading_has_a_figure_by_hand() -> None:
    """If this fails a new reading came without its worked value."""
    assert set(BY_HAND) == set(READINGS)


def test_uint8_and_float_agree() -> None:
    """If this fails the same picture scores differently as bytes and as numbers."""
    rng = np.random.default_rng(0)
    target, drawn = rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    ones = np.ones((8, 8))
    expected = np.sqrt(((target.astype(float) - drawn) ** 2).mean())
    assert rmse(target, drawn, ones, ones) == pytest.approx(expected)
    assert rmse(target, (drawn / 255).astype(np.float32), ones, ones) == pytest.approx(expected, rel=1e-6)


def test_rendering_is_clamped() -> None:
    """If this fails a highlight above white counts as an error no picture can show."""
    ones = np.ones((1, 1))
    assert rmse(np.ones((1, 1, 3)), np.full((1, 1, 3), 1.7), ones, ones) == 0


def test_what_lies_outside_does_not_count() -> None:
    """If this fails hidden or undrawn pixels enter the error."""
    other = RENDERED.copy()
    other[1, 1] = 1.0
    other[1, 0] = 0.9  # visible, not drawn: rmse_visible takes black there, whatever the array holds
    assert rmse(TARGET, other, VISIBLE, DRAWN) == rmse(TARGET, RENDERED, VISIBLE, DRAWN)
    assert rmse_visible(TARGET, other, VISIBLE, DRAWN) == rmse_visible(TARGET, RENDERED, VISIBLE, DRAWN)


def test_nothing_visible_is_nan() -> None:
    """If this fails an image without a visible face gets a perfect score."""
    assert np.isnan(rmse(TARGET, RENDERED, np.zeros((2, 2)), DRAWN))
    assert np.isnan(rmse_visible(TARGET, RENDERED, np.zeros((2, 2)), DRAWN))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((TARGET, RENDERED[:1], VISIBLE, DRAWN), r"rendered: image of shape \(1, 2, 3\), expected the target's"),
        ((TARGET, RENDERED, np.ones((4, 4)), DRAWN), r"visible: mask of shape \(4, 4\), expected the image's \(2, 2\)"),
        ((TARGET, RENDERED, VISIBLE, np.ones(3)), "rendered_mask: mask of shape"),
        ((TARGET, RENDERED * np.nan, VISIBLE, DRAWN), "rendered: NaN"),
        ((TARGET.astype(int), RENDERED, VISIBLE, DRAWN), "target: int64 image, expected uint8"),
        ((TARGET[..., 0], RENDERED, VISIBLE, DRAWN), r"target: array of shape \(2, 2\), expected \(H, W, 3\)"),
    ],
)
@pytest.mark.parametrize("measure", [rmse, rmse_visible])
def test_bad_input(measure, arguments, reason) -> None:
    """If this fails a mask of another size broadcasts to a value."""
    with pytest.raises(FocusError, match=reason):
        measure(*arguments)
