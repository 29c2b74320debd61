"""face-alignment behind the project's interface, with a stand-in for the package."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch

from focus.errors import FocusError
from focus.landmarks.detectors.face_alignment import WEIGHTS, FaceAlignmentDetector


def package(monkeypatch, aligner) -> None:
    kinds = SimpleNamespace(TWO_D="2D")
    monkeypatch.setitem(sys.modules, "face_alignment", SimpleNamespace(LandmarksType=kinds, FaceAlignment=aligner))


@pytest.mark.parametrize("problem", [URLError("no network"), PermissionError("read-only"), ConnectionResetError()])
def test_missing_weights(monkeypatch, tmp_path, problem):
    """Without a network the stage would end in a traceback that names no file to place."""

    def aligner(*_, **__):
        raise problem

    package(monkeypatch, aligner)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(FocusError) as caught:
        FaceAlignmentDetector()
    text = str(caught.value)
    assert "\n" not in text and str(tmp_path / "checkpoints") in text and all(name in text for name in WEIGHTS)


def test_missing_package(monkeypatch):
    """Without the package the stage would end in a traceback."""
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    with pytest.raises(FocusError, match=r"detector\.kind: face-alignment is not installed; expected `pip install"):
        FaceAlignmentDetector()


class Package:
    """face-alignment's object: the faces of images by their brightest value, as the package returns them."""

    def __init__(self, answers: dict[int, list[tuple[np.ndarray, float]]]) -> None:
        self.answers, self.batches = answers, []

    def get_landmarks_from_batch(self, images, return_landmark_score):
        assert return_landmark_score and images.shape[1] == 3
        self.batches.append(tuple(images.shape))
        faces = [self.answers.get(int(image.max()), []) for image in images]
        points = [np.concatenate([one for one, _ in found]) if found else [] for found in faces]
        return points, [[np.full(68, score) for _, score in found] or None for found in faces], None


def test_faces_largest_first_in_batches_of_one_size(monkeypatch):
    """A face would be another image's or a background's, or images run one by one, as slowly as that is."""
    small = np.random.default_rng(0).random((68, 2)).astype(np.float32)
    look = Package({1: [(small, 0.2), (5 * small + 3, 0.6)], 2: [], 3: [(small, 0.3)]})
    package(monkeypatch, lambda *_, **__: look)
    images = [np.full((9, 9, 3), value, np.uint8) for value in [1, 2, *[1] * 7]] + [np.full((9, 7, 3), 3, np.uint8)]
    found = FaceAlignmentDetector().detect(images)
    assert look.batches == [(8, 3, 9, 9), (1, 3, 9, 9), (1, 3, 9, 7)]
    assert [len(faces) for faces in found] == [2, 0, *[2] * 7, 1]
    assert np.allclose(found[0][0].landmarks, 5 * small + 3) and found[0][0].landmarks.dtype == np.float32
    assert [face.score for face in found[0]] == pytest.approx([0.6, 0.2])
    assert FaceAlignmentDetector().detect([]) == []


def test_large_images_are_seen_smaller(monkeypatch):
    """Landmarks of a shrunk photograph would be in its pixels."""
    small = np.random.default_rng(0).random((68, 2)).astype(np.float32)
    look = Package({0: [(small, 0.2)]})
    package(monkeypatch, lambda *_, **__: look)
    ((face,),) = FaceAlignmentDetector().detect([np.zeros((3200, 1600, 3), np.uint8)])
    assert look.batches == [(1, 3, 1600, 800)]
    assert np.allclose(face.landmarks, (small + 0.5) * 2 - 0.5, atol=1e-4)


def test_the_real_package_offers_what_the_adapter_calls(monkeypatch):
    """A release of face-alignment with other names would be noticed by its users only."""
    package_found = pytest.importorskip("face_alignment")
    import inspect

    assert hasattr(package_found.LandmarksType, "TWO_D")
    look = inspect.signature(package_found.FaceAlignment.get_landmarks_from_batch).parameters
    assert "return_landmark_score" in look
    parameters = inspect.signature(package_found.FaceAlignment.__init__).parameters
    assert {"device", "compile", "max_batch_size"} <= set(parameters)
