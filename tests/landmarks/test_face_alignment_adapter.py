"""face-alignment behind the project's interface, with a stand-in for the package."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest
import torch

from focus.errors import FocusError
from focus.landmarks.face_alignment_adapter import WEIGHTS, FaceAlignmentDetector


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


def test_largest_face_wins_and_no_face_has_a_reason(monkeypatch):
    """A face in the background would be reconstructed, or an image be left out without a word."""
    small = np.random.default_rng(0).random((68, 2))
    answers = iter([([small, 5 * small + 3, small + 9], [np.ones(68)] * 3, None), (None, None, None), ([], [], [])])
    look = SimpleNamespace(get_landmarks_from_image=lambda image, return_landmark_score: next(answers))
    package(monkeypatch, lambda *_, **__: look)
    found = FaceAlignmentDetector().detect([np.zeros((9, 9, 3), np.uint8)] * 3)
    assert np.allclose(found[0].landmarks, 5 * small + 3) and found[0].landmarks.dtype == np.float32
    assert [detection.reason for detection in found] == ["", *["no face found by face-alignment"] * 2]
    assert found[1].landmarks is None is found[2].landmarks


def test_all_faces_of_a_large_photograph(monkeypatch):
    """Landmarks of a shrunk photograph would be in its pixels, or a small face come first."""
    small = np.random.default_rng(0).random((68, 2))
    answer = ([small, 5 * small + 3], [np.full(68, 0.2), np.full(68, 0.6)], None)
    look = SimpleNamespace(get_landmarks_from_image=lambda image, return_landmark_score: answer)
    package(monkeypatch, lambda *_, **__: look)
    faces = FaceAlignmentDetector().faces(np.zeros((3200, 1600, 3), np.uint8))
    assert [face.score for face in faces] == pytest.approx([0.6, 0.2])
    assert np.allclose(faces[0].landmarks, (5 * small + 3.5) * 2 - 0.5, atol=1e-4)


def test_the_real_package_offers_what_the_adapter_calls(monkeypatch):
    """A release of face-alignment with other names would be noticed by its users only."""
    package_found = pytest.importorskip("face_alignment")
    import inspect

    assert hasattr(package_found.LandmarksType, "TWO_D")
    look = inspect.signature(package_found.FaceAlignment.get_landmarks_from_image).parameters
    assert "return_landmark_score" in look
    parameters = inspect.signature(package_found.FaceAlignment.__init__).parameters
    assert {"device", "compile"} <= set(parameters)
