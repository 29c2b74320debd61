"""The three data sets on disk and the identities in memory."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from focus.datasets.ar import AR
from focus.datasets.celebamask_hq import MASK_FOLDER, CelebAMaskHQ
from focus.datasets.landmark_table import read_landmark_table
from focus.datasets.now import NoW
from focus.emulation import emulate_identities, write_ar, write_celeba_hq, write_now
from focus.errors import FocusError

COUNTS = {"train": 3, "val": 2, "test_unoccluded": 2, "test_occluded": 3}


def _celeba(root: Path, generator, seed: int = 0) -> Path:
    write_celeba_hq(root, generator, COUNTS, size=64, seed=seed, occluded_share=0.5)
    return root


def _facts(root: Path) -> dict[str, dict[str, str]]:
    with (root / "emulation.csv").open(encoding="utf-8", newline="") as stream:
        return {row["image"]: row for row in csv.DictReader(stream)}


def _contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def celeba(tmp_path_factory, generator) -> Path:
    return _celeba(tmp_path_factory.mktemp("sets") / "celeba_hq", generator)


@pytest.fixture(scope="module")
def ar(tmp_path_factory, generator) -> Path:
    root = tmp_path_factory.mktemp("sets") / "ar"
    write_ar(root, generator, per_subset=3, sidelight=1)
    return root


@pytest.fixture(scope="module")
def now(tmp_path_factory, generator) -> Path:
    root = tmp_path_factory.mktemp("sets") / "now"
    write_now(root, generator, subjects=2, images_per_subject=6, size=64, scan_spacing_mm=6.0)
    return root


def test_celeba_reads_back_in_its_splits(celeba):
    """If wrong, the reader of the real data set cannot read the emulated one, or puts images in other splits."""
    sizes = {split: len(CelebAMaskHQ(celeba, split)) for split in ("train", "val", "test")}
    assert sizes == {"train": 3, "val": 2, "test": 5}
    sample = CelebAMaskHQ(celeba, "test")[4]
    assert sample.image.shape == (64, 64, 3)
    assert 0.03 < sample.visible_face.mean() < 0.5


def test_celeba_masks_have_the_published_size_and_parts(celeba):
    """If wrong, masks are not those of CelebAMask-HQ, or there are more files than DVC bears."""
    masks = sorted((celeba / MASK_FOLDER / "0").iterdir())
    assert {Image.open(path).size for path in masks} == {(512, 512)}
    assert sum(path.name.endswith("_skin.png") for path in masks) == 10
    assert {path.stem.split("_", 1)[1] for path in masks} <= {"skin", "eye_g"}
    assert len(_contents(celeba)) == 10 + len(masks) + 3


def test_celeba_landmarks_are_those_of_training_images(celeba):
    """If wrong, the known points are of test images, or outside the picture."""
    table = read_landmark_table(celeba / "landmarks.csv")
    assert list(table) == CelebAMaskHQ(celeba, "train").names
    points = np.stack(list(table.values()))
    assert points.min() >= 0
    assert points.max() <= 63


def test_celeba_subjects_are_one_an_image(celeba):
    """If wrong, a person of the training set is met again in the test set."""
    subjects = [row["subject"] for row in _facts(celeba).values()]
    assert len(set(subjects)) == len(subjects) == 10


def test_celeba_occluders_are_where_they_should_be(celeba):
    """If wrong, the unoccluded test subset is occluded, or the occluded one is not."""
    facts = list(_facts(celeba).values())
    assert all(row["occluder"] == "none" and float(row["occluder_fraction"]) == 0 for row in facts[5:7])
    assert all(row["occluder"] != "none" and float(row["occluder_fraction"]) > 0 for row in facts[7:])


def test_celeba_is_the_same_for_the_same_seed(celeba, tmp_path, generator):
    """If wrong, DVC sees another data set after each run; and another seed must make another world."""
    assert _contents(celeba) == _contents(_celeba(tmp_path / "again", generator))
    assert _contents(celeba) != _contents(_celeba(tmp_path / "other", generator, seed=1))


def test_celeba_refuses_other_groups(tmp_path, generator):
    """If wrong, a mistyped group makes an empty split without a word."""
    with pytest.raises(FocusError, match="test_occluded"):
        write_celeba_hq(tmp_path / "x", generator, {"train": 1})
    assert not list(tmp_path.iterdir())


def test_ar_reads_back_with_its_subsets(ar):
    """If wrong, Table 4's subsets are empty or mixed."""
    images = AR(ar)
    samples = [images[position] for position in range(len(images))]
    subsets = [sample.subset for sample in samples]
    assert {name: subsets.count(name) for name in set(subsets)} == {
        "unoccluded": 3, "glasses": 3, "scarf": 3, "sidelight": 1
    }  # fmt: skip
    assert all(sample.image.shape == (576, 768, 3) for sample in samples)
    assert all(0.02 < sample.visible_face.mean() < 0.3 for sample in samples)
    codes = {sample.attributes["code"] for sample in samples}
    assert codes == {"01", "05", "21", "22", "24", "25", "06"}  # Egger's six, and a side light


def test_ar_ellipse_and_unlabelled_is_the_visible_face(ar):
    """If wrong, the ground truth of Table 4 is not what the emulator drew: the occluded share must agree."""
    facts, images = _facts(ar), AR(ar)
    for position, name in enumerate(images.names):
        ellipse = np.asarray(Image.open(ar / "faceEllipse" / name.replace(".raw", ".png"))) > 0
        face = images[position].visible_face.astype(bool)
        assert not (face & ~ellipse).any()
        hidden = 1 - face.sum() / ellipse.sum()
        assert abs(hidden - float(facts[name]["occluder_fraction"])) < 0.05


def test_now_reads_back_with_scans(now):
    """If wrong, the NoW protocol cannot run on the emulated set: scan in mm, seven points on it, pairs of pictures."""
    images = NoW(now)
    assert len(images) == 12
    assert len(NoW(now, "test")) == 4
    assert not set(images.subjects) & set(NoW(now, "test").subjects)
    for subject in images.subjects:
        vertices, triangles = images.scan(subject)
        points = images.scan_landmarks(subject)
        assert 300 < len(vertices) < 1500
        assert triangles.max() == len(vertices) - 1
        nearest = np.linalg.norm(vertices[None] - points[:, None], axis=-1).min(1)
        assert nearest.max() < 6
        assert 70 < np.linalg.norm(points[0] - points[3]) < 100  # outer corners of the eyes, mm
        a, b, c = (vertices[triangles[:, k]] for k in range(3))
        assert (np.cross(b - a, c - a)[:, 2] > 0).mean() > 0.97  # outward is towards the viewer


def test_now_has_as_many_open_as_hidden_faces(now):
    """If wrong, Table 3 has no pairs."""
    facts = [row for name, row in _facts(now).items() if "validation" in name]
    hidden = [row["occluder"] != "none" for row in facts]
    assert sum(hidden) == len(hidden) // 2
    assert hidden == [False, True] * 6


def test_now_scans_do_not_depend_on_the_pictures(now, tmp_path, generator):
    """If wrong, one more picture of a person changes the ground truth."""
    write_now(tmp_path / "now", generator, subjects=1, images_per_subject=1, size=32, scan_spacing_mm=6.0)
    scan = "scans/emulated_validation_001/emulated_validation_001.obj"
    assert (tmp_path / "now" / scan).read_bytes() == (now / scan).read_bytes()


def test_identities_have_labels_and_landmarks(generator):
    """If wrong, the recogniser trains on wrong persons or crops."""
    images, labels, landmarks = emulate_identities(generator, identities=3, images=2, size=48, seed=1)
    assert images.shape == (6, 48, 48, 3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(labels, [0, 0, 1, 1, 2, 2])
    assert landmarks.shape == (6, 68, 2)
    assert landmarks.dtype == np.float32
    again, _, _ = emulate_identities(generator, identities=2, images=2, size=48, seed=1)
    np.testing.assert_array_equal(images[:4], again)  # more people do not change those already there
