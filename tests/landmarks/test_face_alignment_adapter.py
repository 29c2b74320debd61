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
    answers = iter([[small, 5 * small + 3, small + 9], None, []])
    package(monkeypatch, lambda *_, **__: SimpleNamespace(get_landmarks_from_image=lambda image: next(answers)))
    found = FaceAlignmentDetector().detect([np.zeros((9, 9, 3), np.uint8)] * 3)
    assert np.allclose(found[0].landmarks, 5 * small + 3) and found[0].landmarks.dtype == np.float32
    assert [detection.reason for detection in found] == ["", *["no face found by face-alignment"] * 2]
    assert found[1].landmarks is None is found[2].landmarks


def test_the_real_package_offers_what_the_adapter_calls(monkeypatch):
    """A release of face-alignment with other names would be noticed by its users only."""
    package_found = pytest.importorskip("face_alignment")
    import inspect

    assert hasattr(package_found.LandmarksType, "TWO_D")
    assert hasattr(package_found.FaceAlignment, "get_landmarks_from_image")
    parameters = inspect.signature(package_found.FaceAlignment.__init__).parameters
    assert {"device", "compile"} <= set(parameters)
