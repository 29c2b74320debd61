"""Deep3D's crop against its golden pictures, and the maps between image and crop."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from focus.datasets.crop import STANDARD_POINTS, CropTransform, deep3d_crop, fit_standard_face, five_points
from focus.datasets.images import read_image
from focus.errors import FocusError

GOLDEN = Path(__file__).parents[1] / "fixtures" / "deep3d"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
CASES = sorted(EXPECTED)


def _case(name):
    return read_image(GOLDEN / f"{name}_in.png"), np.array(EXPECTED[name]["landmarks"], float)


def _digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("flip", ["H", "H-1"])
def test_crop_is_deep3ds_to_the_bit(name, flip):
    """Crops would differ from those the released weights were trained on."""
    crop, _, _ = deep3d_crop(*_case(name), flip=flip)
    assert crop.shape == (224, 224, 3) and _digest(crop) == EXPECTED[name]["sha256"][flip]


@pytest.mark.parametrize("name", CASES)
def test_landmarks_and_parameters(name):
    """Landmarks would move differently from the crop of the reference."""
    image, points = _case(name)
    _, moved, _ = deep3d_crop(image, points)
    np.testing.assert_allclose(moved, EXPECTED[name]["cropped_landmarks"], atol=1e-9)
    for key, offset in (("trans_params", 0), ("trans_params_H-1", 1)):
        upward = np.stack([points[:, 0], image.shape[0] - offset - points[:, 1]], axis=1)
        unit, centre = fit_standard_face(five_points(upward))
        np.testing.assert_allclose([102 / unit, *centre], EXPECTED[name][key][2:], rtol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_masks_take_the_same_path(name):
    """Masks would be off against their images."""
    image, points = _case(name)
    cx, cy, r = EXPECTED[name]["mask_ellipse"]
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    mask = (((x - cx) / r) ** 2 + ((y - cy) / (1.25 * r)) ** 2 < 1).astype(np.uint8)
    _, _, transform = deep3d_crop(image, points)
    assert _digest(transform.crop(mask * np.uint8(255))) == EXPECTED[name]["sha256"]["mask"]
    cropped = transform.crop_mask(mask)
    assert cropped.dtype == np.uint8 and set(np.unique(cropped)) == {0, 1}


def test_golden_picture_and_digest_agree():
    """The stored picture, there for looking at a failure, would be another one than the digest's."""
    picture = read_image(GOLDEN / "small_upscale_out.png")
    assert _digest(picture) == EXPECTED["small_upscale"]["sha256"]["H"]


@pytest.mark.parametrize("size", [64, 112, 256])
def test_other_sizes_show_the_same_face(size):
    """A crop of another size would frame the face differently."""
    image, points = _case("ar_768x576")
    crop, moved, _ = deep3d_crop(image, points, size=size)
    _, reference, _ = deep3d_crop(image, points)
    assert crop.shape == (size, size, 3)
    np.testing.assert_allclose(moved * 224 / size, reference, atol=224 / size)


def test_standard_face_fit_by_hand():
    """The scale of the crop would be wrong: the standard face drawn 50 px per unit at (70, 90) must be found again."""
    unit, centre = fit_standard_face(STANDARD_POINTS[:, :2] * 50 + [70, 90])
    np.testing.assert_allclose([unit, *centre], [50, 70, 90], atol=1e-9)


def test_transform_follows_the_pixels():
    """Overlays would sit beside the face: a bright spot must be found where `to_crop` says."""
    image, points = _case("small_upscale")
    spot = np.zeros_like(image)
    spot[90, 70] = 255
    _, _, transform = deep3d_crop(image, points)
    brightness = transform.crop(spot)[..., 0].astype(float)
    y, x = np.mgrid[:224, :224]
    centroid = np.array([(brightness * x).sum(), (brightness * y).sum()]) / brightness.sum()
    np.testing.assert_allclose(transform.to_crop([70, 90]), centroid, atol=0.02)


def test_transform_inverts_and_serialises():
    """Points would not come back to the photo they were found in."""
    image, points = _case("small_upscale")
    _, moved, transform = deep3d_crop(image, points)
    np.testing.assert_allclose(transform.to_original(transform.to_crop(points)), points, atol=1e-9)
    assert np.abs(transform.to_crop(points) - moved).max() < 1.5  # Deep3D's rounding
    kept = json.loads(transform.to_json())
    sizes = {key: tuple(kept[key]) for key in ("original", "resized")}
    assert CropTransform(**{**kept, **sizes}) == transform


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p[:67],
        lambda p: p * np.nan,
        lambda p: p * 0,
        lambda p: p * 1e-6,
        lambda p: p * 1e9,
        lambda p: p + 1e6,
        lambda p: p + 1e12,
    ],
)
def test_landmarks_of_no_face(change, one_line):
    """Wrong landmarks would fill the memory with an enlarged image, or give a black crop."""
    image, points = _case("small_upscale")
    with pytest.raises(FocusError, match="crop: ") as error:
        deep3d_crop(image, change(points))
    assert one_line(error.value)


def test_wrong_flip_and_mask_of_another_size():
    """A mistyped convention, or a mask of another image, would be used."""
    image, points = _case("small_upscale")
    with pytest.raises(FocusError, match="expected H or H-1"):
        deep3d_crop(image, points, flip="h")
    _, _, transform = deep3d_crop(image, points)
    with pytest.raises(FocusError, match="9x9 given, expected uint8 of the image's size 160x160"):
        transform.crop_mask(np.zeros((9, 9), np.uint8))
