"""Landmark vertices and their weights are those of the authors' two releases."""

from __future__ import annotations

import numpy as np
import pytest

from focus.face_model.crop_file import CROP_LANDMARKS_68
from focus.face_model.landmarks import BFM_LANDMARKS_68, BFM_LANDMARKS_NOW
from golden_set import GoldenSet


@pytest.fixture
def landmarks(golden: GoldenSet) -> dict[str, np.ndarray]:
    """The arrays of landmarks.npz."""
    return golden.arrays("landmarks")


def test_lists(landmarks) -> None:
    """R would be pulled to other points of the face than in the release: 400 times over on the inner lip."""
    assert landmarks["ids_33a5add_cropped_mesh"].tolist() == list(CROP_LANDMARKS_68)
    assert landmarks["ids_66cbf62_full_mesh"].tolist() == list(BFM_LANDMARKS_68)
    assert landmarks["ids_now7_33a5add"].tolist() == list(BFM_LANDMARKS_NOW)
