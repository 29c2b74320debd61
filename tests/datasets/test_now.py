"""NoW in its published layout."""

import numpy as np
import pytest

from focus.datasets.now import NoW, read_image_list
from focus.errors import FocusError
from focus.files import write_text


def test_pictures_and_scan(now):
    """Pictures, challenges or scans would be mixed up."""
    dataset = NoW(now, "validation")
    assert len(dataset) == 2 and dataset.subjects == ["person_A"]
    sample = dataset[1]
    assert sample.name == "person_A/multiview_neutral/IMG_0002.jpg" and sample.image.shape == (64, 48, 3)
    assert sample.subject == "person_A" and sample.attributes == {"challenge": "multiview_neutral"}
    vertices, triangles = dataset.scan("person_A")
    assert vertices.shape == (4, 3) and vertices.max() == 10 and triangles.shape == (4, 3)
    np.testing.assert_allclose(dataset.scan_landmarks("person_A"), np.arange(21).reshape(7, 3) / 2)


def test_list_line_without_an_image(now, one_line):
    """A missing picture would be noticed after hours, or never."""
    with (now / "imagepathsvalidation.txt").open("a") as stream:
        stream.write("\nperson_A/selfie/IMG_0404.jpg\n")
    with pytest.raises(FocusError, match=r"line 4: no image .*IMG_0404\.jpg") as error:
        NoW(now)
    assert one_line(error.value)


def test_detected_face_pickles_are_left_alone(now):
    """A pickle of the published folder would be executed."""
    path = now / "NoW_Dataset/final_release_version/detected_face/person_A/selfie/IMG_0001.jpg.npy"
    write_text(path, "cos\nsystem\n(S'false'\ntR.")
    assert NoW(now)[0].image.shape == (64, 48, 3)


@pytest.mark.parametrize(
    "line",
    ["IMG_1.jpg", "a/b/c.jpg", "a/selfie/b/c.jpg", "../selfie/x.jpg", "a/selfie/..", "/a/selfie/x.jpg", "a//selfie"],
)
def test_list_line_of_another_form(tmp_path, line):
    """A list of another benchmark, or a path out of the data folder, would be followed."""
    write_text(tmp_path / "list.txt", f"a/selfie/x.jpg\n{line}\n")
    with pytest.raises(FocusError, match="line 2"):
        read_image_list(tmp_path / "list.txt")


def test_repeated_empty_and_missing_lists(tmp_path, now):
    """An image would count twice, or an empty set would pass."""
    write_text(tmp_path / "list.txt", "a/selfie/x.jpg\n\na/selfie/x.jpg\n")
    with pytest.raises(FocusError, match="line 3 repeats"):
        read_image_list(tmp_path / "list.txt")
    write_text(tmp_path / "list.txt", "\n\n")
    with pytest.raises(FocusError, match="no image in the list"):
        read_image_list(tmp_path / "list.txt")
    with pytest.raises(FocusError, match="no such file"):
        NoW(now, "test")
    with pytest.raises(FocusError, match="'val', expected one of validation, test"):
        NoW(now, "val")


def test_missing_or_ambiguous_scan(now):
    """Another person's or no scan would be measured."""
    with pytest.raises(FocusError, match=r"0 \.obj files, expected exactly one"):
        NoW(now).scan("person_B")
    (now / "scans/person_A/other.obj").write_text("v 0 0 0\n")
    with pytest.raises(FocusError, match=r"2 \.obj files"):
        NoW(now).scan("person_A")


def test_files_that_macos_leaves_are_passed_over(now):
    """Every image of a person would fail for "2 .obj files"."""
    for folder, suffix in (("scans", "obj"), ("scans_lmks_onlypp", "pp")):
        (now / folder / "person_A" / f"._scan.{suffix}").write_bytes(b"\0\5\x16\7")
    data = NoW(now)
    assert len(data.scan("person_A")[0]) == 4 and data.scan_landmarks("person_A").shape == (7, 3)
