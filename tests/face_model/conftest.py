"""A small embedded model, made once for all tests of this folder."""

import numpy as np
import pytest

from focus.face_model import BfmArrays, FaceModel, read_bfm, write_bfm
from focus.face_model.heads import FaceGenerator, Template, build_embedded_model


@pytest.fixture(scope="session")
def generator() -> FaceGenerator:
    return FaceGenerator(0, 0, whole=False)


@pytest.fixture(scope="session")
def template(generator: FaceGenerator) -> Template:
    return generator.template


@pytest.fixture(scope="session")
def arrays(generator: FaceGenerator) -> BfmArrays:
    return build_embedded_model(generator, np.random.default_rng(1), 60, 6, 4, 5)


@pytest.fixture(scope="session")
def model_file(arrays: BfmArrays, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("model") / "model.h5"
    write_bfm(path, arrays)
    return path


@pytest.fixture(scope="session")
def model(model_file) -> FaceModel:
    return read_bfm(model_file, 5, 3, 4)
