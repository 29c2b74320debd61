"""Photographs in every form that people have them in."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from focus.errors import FocusError
from focus.reconstruct.photos import gathered, photo_files, read_photo

RNG = np.random.default_rng(0)
PICTURE = np.kron(RNG.integers(0, 255, (6, 8, 3), dtype=np.uint8), np.ones((10, 10, 1), np.uint8))  # 60 x 80


def test_exif_rotation(tmp_path):
    """A telephone's portrait would lie on its side, and no face would be found."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise
    Image.fromarray(np.rot90(PICTURE).copy()).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "a.png"), PICTURE)


def test_heic(tmp_path):
    """An iPhone's photographs would not open."""
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(PICTURE)).save(tmp_path / "a.heic", quality=95)
    assert np.abs(read_photo(tmp_path / "a.heic").astype(int) - PICTURE).mean() < 8


def test_colour_profile_is_converted(tmp_path):
    """Display-P3 skin would come out pale, and the albedo with it."""
    # No P3 profile ships with Pillow; Lab's numbers are as far from sRGB's as can be.
    lab = ImageCms.profileToProfile(
        Image.fromarray(PICTURE), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    lab.save(tmp_path / "a.tif", icc_profile=profile)
    assert np.abs(read_photo(tmp_path / "a.tif").astype(int) - PICTURE).mean() < 4


def test_profile_that_does_not_fit_is_ignored(tmp_path):
    """A grey photograph with an RGB profile, as some programs leave them, would not open."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(PICTURE[..., 0]).save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(read_photo(tmp_path / "a.png")[..., 1], PICTURE[..., 0])


def test_other_pixel_formats(tmp_path):
    """Grey, 16-bit, CMYK, palette and animated files would fail or come out white."""
    grey = PICTURE[..., 0]
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    Image.fromarray(PICTURE).convert("CMYK").save(tmp_path / "cmyk.tif")
    Image.fromarray(PICTURE).save(
        tmp_path / "moving.webp", save_all=True, append_images=[Image.new("RGB", (80, 60))], lossless=True
    )
    assert np.array_equal(read_photo(tmp_path / "grey.png")[..., 2], grey)
    assert np.array_equal(read_photo(tmp_path / "deep.png")[..., 2], grey)
    assert np.abs(read_photo(tmp_path / "cmyk.tif").astype(int) - PICTURE).max() <= 1
    assert np.array_equal(read_photo(tmp_path / "moving.webp"), PICTURE)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("text.jpg", b"Dear all,\n", "cannot be read as an image"),
        ("empty.png", b"", "cannot be read as an image"),
        ("missing.png", None, "no such file"),
        ("tiny.png", (8, 8), "8x8 pixels, expected at least 32"),
        ("huge.png", (10_000, 10_001), "expected at most 100,000,000"),
    ],
)
def test_what_is_no_photograph(tmp_path, name, content, reason):
    """A person would read a traceback, or the machine would run out of memory."""
    if isinstance(content, tuple):
        Image.new("1", content).save(tmp_path / name)
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FocusError, match=reason):
        read_photo(tmp_path / name)


def test_a_phone_of_50_megapixels(tmp_path):
    """What such a phone writes would be refused; its memory is bounded by 16 bytes a pixel."""
    turned, srgb = Image.Exif(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned[0x0112] = 6
    Image.new("RGB", (8192, 6144), (200, 150, 120)).save(tmp_path / "a.jpg", exif=turned, icc_profile=srgb)
    code = "import resource, sys; from pathlib import Path; from focus.reconstruct.photos import read_photo\n"
    code += "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; photo = read_photo(Path(sys.argv[1]))\n"
    code += "print(*photo.shape, 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.jpg")], capture_output=True, text=True)
    height, width, _, taken = map(int, done.stdout.split())
    assert (height, width) == (8192, 6144) and taken < 16 * height * width, done.stderr


def test_truncated(tmp_path):
    """Half a photograph would be reconstructed as if it were whole."""
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, format="JPEG")
    (tmp_path / "a.jpg").write_bytes(stream.getvalue()[: len(stream.getvalue()) // 2])
    with pytest.raises(FocusError, match="truncated"):
        read_photo(tmp_path / "a.jpg")


def test_folders(tmp_path):
    """A folder's text files would each be a failure, or its order would change from machine to machine."""
    for name in ("b.JPG", "a.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [file.name for file in photo_files(tmp_path)] == ["a.png", "b.JPG"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FocusError, match="found no images"):
        photo_files(tmp_path / "empty")


def test_a_name_that_no_disk_takes(tmp_path):
    """One name too long, or in a folder that is closed, would end the batch before it began."""
    (tmp_path / "a.png").write_bytes(b"")
    long = tmp_path / f"{'x' * 300}.jpg"
    assert gathered([long, tmp_path]) == ([long, tmp_path / "a.png"], [])
    with pytest.raises(FocusError, match="name too long"):
        read_photo(long)


def test_a_folder_whose_files_cannot_be_looked_at(tmp_path, monkeypatch):
    """A folder of closed files would end the batch; each is a failure when it is read."""

    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a.png").write_bytes(b"")
    monkeypatch.setattr(Path, "is_file", closed)
    assert photo_files(tmp_path) == [tmp_path / "a.png"]
