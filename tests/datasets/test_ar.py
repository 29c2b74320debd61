"""The AR database: planar raw files, naming forms, session codes, Egger's masks."""

from pathlib import Path

import numpy as np
import pytest

from focus.datasets.ar import AR, HEIGHT, LABEL_COLOURS, RAW_BYTES, WIDTH, parse_name, read_labels, read_raw
from focus.datasets.images import write_png
from focus.errors import FocusError

SUBSET_CODES = {
    "unoccluded": [1, 2, 3, 4, 5, 14, 15, 16, 17, 18],
    "sidelight": [6, 7, 19, 20],
    "glasses": [8, 9, 10, 21, 22, 23],
    "scarf": [11, 12, 13, 24, 25, 26],
}


def test_raw_is_planar_row_major(tmp_path):
    """Colours or rows would be scrambled: byte 1 is the second pixel's red, byte W*H the first pixel's green."""
    content = np.zeros(RAW_BYTES, np.uint8)
    content[1], content[WIDTH], content[WIDTH * HEIGHT], content[2 * WIDTH * HEIGHT + 2] = 11, 12, 13, 14
    (tmp_path / "m-001-01.raw").write_bytes(content.tobytes())
    image = read_raw(tmp_path / "m-001-01.raw")
    assert image.shape == (576, 768, 3) and RAW_BYTES == 1_327_104
    assert (image[0, 1, 0], image[1, 0, 0], image[0, 0, 1], image[0, 2, 2]) == (11, 12, 13, 14)
    assert image.sum(dtype=int) == 50


@pytest.mark.parametrize("size", [0, RAW_BYTES - 1, RAW_BYTES + 1])
def test_raw_of_another_length(tmp_path, size, one_line):
    """A truncated raw file would be read with shifted planes."""
    (tmp_path / "m-001-01.raw").write_bytes(bytes(size))
    with pytest.raises(FocusError, match=f"{size:,} bytes, expected 1,327,104") as error:
        read_raw(tmp_path / "m-001-01.raw")
    assert one_line(error.value)


@pytest.mark.parametrize("code", range(1, 27))
def test_session_codes(code):
    """Images would be counted in another subset of Tables 1 and 4."""
    name = parse_name(Path(f"w-012-{code:02d}.raw"))
    assert code in SUBSET_CODES[name.subset]
    assert name.occluder == (name.subset if name.subset in ("glasses", "scarf") else "none")


def test_eggers_masks_are_forty_in_each_subset():
    """Tables 1, 4 and 5 would be on other images than the paper's, whose neutral ones are -01 and -05."""
    names = [parse_name(Path(f"m-001-{code}.png")) for code in ("01", "05", "21", "22", "24", "25")]
    assert [name.subset for name in names] == ["unoccluded"] * 2 + ["glasses"] * 2 + ["scarf"] * 2


@pytest.mark.parametrize("stem", ["m-003-07", "M-003-07", "Cm-003-7", "cm_3_7", "CM_003_07"])
def test_both_naming_forms(stem):
    """One of the two released namings could not be read."""
    name = parse_name(Path(f"{stem}.raw"))
    assert (name.subject, name.code) == ("m-003", 7)


@pytest.mark.parametrize("stem", ["x-001-01", "m-001", "m-001-27", "m-001-00", "m001-01", "m-001-01-b"])
def test_other_names_are_refused(stem):
    """A stray file would become an image of the set."""
    with pytest.raises(FocusError, match="expected"):
        parse_name(Path(f"{stem}.raw"))


def test_samples(ar):
    """Order, subject, subset, or the visible face would be wrong."""
    dataset = AR(ar)
    assert dataset.names == ["m-001-01.raw", "m-001-21.raw", "m-001-24.raw", "CW_002_6.RAW"]
    plain, glasses, scarf, light = (dataset[i] for i in range(len(dataset)))
    assert [s.subset for s in (plain, glasses, scarf, light)] == ["unoccluded", "glasses", "scarf", "sidelight"]
    assert light.subject == "w-002" and light.attributes == {"code": "06", "occluder": "none"}
    assert plain.visible_face is None
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected[len(LABEL_COLOURS) : 300] = 1
    np.testing.assert_array_equal(scarf.visible_face, expected)
    assert AR(ar, masked_only=True).names == ["m-001-24.raw"]


def test_labels_that_count_as_face(ar):
    """The choice whether teeth are face would be ignored."""
    face = AR(ar, face_labels=["teeth"], masked_only=True)[0].visible_face
    row = list(LABEL_COLOURS).index("teeth")
    assert face[row].all() and face.sum() == (300 - len(LABEL_COLOURS) + 1) * WIDTH
    with pytest.raises(FocusError, match="hands found"):
        AR(ar, face_labels=["hands"])


def test_raw_files_in_the_root_itself(ar, tmp_path):
    """The layout without a raw folder could not be read."""
    flat = tmp_path / "flat"
    flat.mkdir()
    (ar / "raw" / "m-001-01.raw").rename(flat / "m-001-01.raw")
    assert AR(flat).names == ["m-001-01.raw"]


def test_label_image_of_another_size_and_unknown_colour(ar):
    """Masks of another picture would be laid over this one."""
    write_png(ar / "labels" / "m-001-24.png", np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(FocusError, match="20x10 pixels, expected 768x576"):
        AR(ar, masked_only=True)[0]
    strange = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    strange[5, 9] = (255, 0, 255)
    write_png(ar / "labels" / "m-001-24.png", strange)
    with pytest.raises(FocusError, match="unknown label colour at x=9, y=5"):
        read_labels(ar / "labels" / "m-001-24.png")


def test_incomplete_or_ambiguous_folders(ar, tmp_path):
    """An incomplete copy would silently shrink the test set."""
    with pytest.raises(FocusError, match=r"no \.raw file"):
        AR(tmp_path / "nowhere")
    (ar / "raw" / "Cm-1-1.raw").write_bytes(b"")
    with pytest.raises(FocusError, match="the same person and code"):
        AR(ar)
    (ar / "raw" / "Cm-1-1.raw").unlink()
    (ar / "faceEllipse" / "m-001-24.png").unlink()
    with pytest.raises(FocusError, match="no counterpart"):
        AR(ar)


def test_files_that_macos_leaves_are_passed_over(ar):
    """A disk that was in a Mac has `._` files beside everything: the whole set would be refused."""
    for folder, name in (("raw", "._m-001-01.raw"), ("labels", "._m-001-24.png"), ("faceEllipse", "._m-001-24.png")):
        (ar / folder / name).write_bytes(b"\0\5\x16\7")
    assert len(AR(ar)) == 4 and AR(ar, masked_only=True).names == ["m-001-24.raw"]
