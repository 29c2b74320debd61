"""Pictures and masks from files."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from focus.datasets.images import read_image, read_mask, write_png
from focus.errors import FocusError


def _picture(height=7, width=5, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


def test_png_round_trip_and_stable_bytes(tmp_path):
    """Pictures would change on disk, or their hashes between two runs."""
    image = _picture()
    write_png(tmp_path / "a.png", image)
    write_png(tmp_path / "b.png", image.copy())
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), image)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "CMYK"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    """A grey, palette or CMYK photo would reach the crop with a wrong number of channels."""
    suffix = "tif" if mode == "CMYK" else "png"
    Image.fromarray(_picture()).convert(mode).save(tmp_path / f"x.{suffix}")
    image = read_image(tmp_path / f"x.{suffix}")
    assert image.shape == (7, 5, 3) and image.dtype == np.uint8


def test_sixteen_bit_grey_keeps_its_high_byte(tmp_path):
    """A 16-bit picture would come out white."""
    Image.fromarray(np.array([[0, 256, 65535]], np.uint16)).save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png")[0, :, 0].tolist() == [0, 1, 255]


def test_eight_bits_in_a_sixteen_bit_file(tmp_path):
    """Masks of 0 and 1, or 0 and 255, saved with 16 bits would be black: all outlier, without a word."""
    for largest in (1, 255):
        Image.fromarray(np.array([[0, largest]], np.uint16)).save(tmp_path / "x.png")
        assert read_image(tmp_path / "x.png")[0, :, 0].tolist() == [0, largest]
        assert read_mask(tmp_path / "x.png").tolist() == [[0, 1]]


def test_an_odd_exif_tag_does_no_harm(tmp_path):
    """A whole photograph would be refused for what some program wrote beside its orientation."""
    turned, width_in_words = b"\x01\x12\0\3\0\0\0\1\0\6\0\0", b"\x01\0\0\2\0\0\0\4abc\0"
    content = b"Exif\0\0MM\0*\0\0\0\x08" + b"\0\2" + width_in_words + turned + b"\0\0\0\0"
    Image.fromarray(np.zeros((8, 16, 3), np.uint8)).save(tmp_path / "x.jpg", exif=content)
    assert read_image(tmp_path / "x.jpg").shape == (16, 8, 3)


def test_exif_orientation_is_applied(tmp_path):
    """Phone pictures would lie on their side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    image = np.zeros((4, 8, 3), np.uint8)
    image[:, :4] = 255
    Image.fromarray(image).save(tmp_path / "x.png", exif=exif)
    upright = read_image(tmp_path / "x.png")
    assert upright.shape == (8, 4, 3) and upright[:4].min() == 255 and upright[4:].max() == 0


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_truncated_image(tmp_path, suffix, one_line):
    """Half a picture would be used as if the rest were grey."""
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(_picture(64, 64)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FocusError, match=rf"x\.{suffix}.*expected a whole") as error:
        read_image(path)
    assert one_line(error.value)


def test_missing_text_and_postscript_files(tmp_path):
    """A wrong file would end in a traceback, and a PostScript file would be run by Ghostscript."""
    with pytest.raises(FocusError, match="no such file"):
        read_image(tmp_path / "none.png")
    for name, content in [("x.png", b"hello"), ("x.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FocusError, match="cannot be read as an image"):
            read_image(tmp_path / name)
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name, found in (("folder", "a folder"), ("pipe", "a pipe")):
        with pytest.raises(FocusError, match=f"found {found}; expected an image"):
            read_image(tmp_path / f"{name}.png")


def test_decompression_bomb(tmp_path):
    """A small file could fill the memory."""
    stream = io.BytesIO()
    Image.new("1", (20000, 20000)).save(stream, "PNG")
    (tmp_path / "x.png").write_bytes(stream.getvalue())
    with pytest.raises(FocusError, match=r"x\.png"):
        read_image(tmp_path / "x.png")


def test_mask_is_nonzero_in_any_channel_and_checks_the_size(tmp_path):
    """A part mask of value 1, or of another size, would be misread."""
    mask = np.zeros((4, 6, 3), np.uint8)
    mask[1, 2, 2] = 1
    write_png(tmp_path / "m.png", mask)
    found = read_mask(tmp_path / "m.png", ((6, 4),))
    assert found.sum() == 1 and found[1, 2] == 1 and found.dtype == np.uint8
    with pytest.raises(FocusError, match="6x4 pixels, expected 512x512"):
        read_mask(tmp_path / "m.png", ((512, 512),))
