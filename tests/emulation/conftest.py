"""A coarse world that is quick to draw."""

import pytest
import torch

from focus.face_model.embedded import FaceGenerator, build_template


@pytest.fixture(scope="session")
def generator() -> FaceGenerator:
    """The face generator on a template of about 1,700 vertices."""
    torch.set_num_threads(1)
    return FaceGenerator(build_template(5.5), 0)
