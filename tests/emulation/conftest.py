"""A coarse world that is quick to draw."""

import pytest
import torch

from focus.face_model.heads import FaceGenerator


@pytest.fixture(scope="session")
def generator() -> FaceGenerator:
    """The face generator on the coarsest head."""
    torch.set_num_threads(1)
    return FaceGenerator(0, 0)
