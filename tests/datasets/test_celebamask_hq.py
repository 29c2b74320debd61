"""CelebAMask-HQ in its published layout."""

import numpy as np
import pytest

from focus.datasets.celebamask_hq import VISIBLE_FACE_PARTS, CelebAMaskHQ, read_mapping
from focus.datasets.images import write_png
from focus.errors import FocusError
from focus.files import write_text

ANNOTATIONS = "CelebAMask-HQ-mask-anno"


@pytest.mark.parametrize(("split", "name"), [("train", "0.jpg"), ("val", "1.jpg"), ("test", "2001.jpg")])
def test_split_follows_the_original_index(celeba, split, name):
    """Test images would be trained on: the borders are CelebA's, 162771 and 182638 from zero."""
    dataset = CelebAMaskHQ(celeba, split)
    assert len(dataset) == 1 and dataset.names == [name] and dataset[0].name == name
    assert dataset[0].attributes["split"] == split


def test_visible_face_is_face_parts_without_other_parts(celeba):
    """Hair over skin would count as face; masks would not match the image's size."""
    sample = CelebAMaskHQ(celeba, "test")[0]
    expected = np.zeros((64, 64), np.uint8)
    expected[32:, :32] = 1
    np.testing.assert_array_equal(sample.visible_face, expected)
    assert sample.image.shape == (64, 64, 3)
    everything = CelebAMaskHQ(celeba, "test", [*VISIBLE_FACE_PARTS, "hair"])[0].visible_face
    assert everything.sum() == 64 * 64 * 3 // 4


def test_part_masks_lists_present_parts_only(celeba):
    """The occluded fraction would be computed from parts that the image lacks."""
    masks = CelebAMaskHQ(celeba, "train").part_masks(0)
    assert sorted(masks) == ["hair", "skin"] and masks["hair"].sum() == 32 * 64


def test_mask_of_the_images_own_size_is_read(celeba):
    """Emulated sets with smaller masks could not be read."""
    write_png(celeba / ANNOTATIONS / "0" / "00000_hat.png", np.full((64, 64), 255, np.uint8))
    assert CelebAMaskHQ(celeba, "train")[0].visible_face.sum() == 0


def test_endings_in_capitals(celeba):
    """A copy whose files a program has renamed to 0.JPG would miss its images, or lose parts without a word."""
    before = CelebAMaskHQ(celeba, "train")[0]
    for path in [*(celeba / ANNOTATIONS / "0").iterdir(), *(celeba / "CelebA-HQ-img").iterdir()]:
        path.rename(path.with_suffix(path.suffix.upper()))
    after = CelebAMaskHQ(celeba, "train")[0]
    assert after.name == before.name == "0.jpg"
    np.testing.assert_array_equal(after.visible_face, before.visible_face)


def test_mask_of_another_size(celeba, one_line):
    """A mask of another size would be stretched over the face without a word."""
    write_png(celeba / ANNOTATIONS / "0" / "00000_nose.png", np.zeros((100, 90), np.uint8))
    with pytest.raises(FocusError, match=r"00000_nose\.png: 90x100 pixels, expected 512x512 or 64x64") as error:
        CelebAMaskHQ(celeba, "train")[0]
    assert one_line(error.value)


def test_damaged_mask_missing_masks_and_missing_image(celeba):
    """An incomplete download would give empty masks."""
    folder = celeba / ANNOTATIONS / "0"
    (folder / "00000_hair.png").write_bytes(b"\x89PNG")
    with pytest.raises(FocusError, match=r"00000_hair\.png: cannot be read"):
        CelebAMaskHQ(celeba, "train")[0]
    for path in folder.glob("00000_*"):
        path.unlink()
    with pytest.raises(FocusError, match="expected at least 00000_skin"):
        CelebAMaskHQ(celeba, "train")[0]
    (celeba / "CelebA-HQ-img" / "0.jpg").unlink()
    with pytest.raises(FocusError, match=r"0\.jpg: no such file"):
        CelebAMaskHQ(celeba, "train")[0]


def test_wrong_arguments_and_missing_folders(celeba, tmp_path):
    """A typing error would give an empty data set."""
    with pytest.raises(FocusError, match="split: 'validation'"):
        CelebAMaskHQ(celeba, "validation")
    with pytest.raises(FocusError, match="teeth found"):
        CelebAMaskHQ(celeba, "train", ["skin", "teeth"])
    with pytest.raises(FocusError, match="none found"):
        CelebAMaskHQ(celeba, "train", [])
    with pytest.raises(FocusError, match="no such folder"):
        CelebAMaskHQ(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1"),
        ("a b c\n", "line 1"),
        ("idx orig_idx orig_file\n1 2\n", "line 2"),
        ("idx orig_idx orig_file\n1 x 000001.jpg\n", "line 2"),
        ("idx orig_idx orig_file\n1 2 a.jpg\n1 3 b.jpg\n", "line 3 repeats idx 1"),
    ],
)
def test_mapping_names_the_bad_line(tmp_path, text, complaint):
    """A damaged mapping would shift images between splits."""
    write_text(tmp_path / "map.txt", text)
    with pytest.raises(FocusError, match=complaint):
        read_mapping(tmp_path / "map.txt")
