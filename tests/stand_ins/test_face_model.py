"""The face model of the Basel model's size."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from focus.face_model import crop_to_face, read_bfm
from focus.face_model.landmarks import BFM_LANDMARKS_68, BFM_LANDMARKS_NOW, BFM_VERTICES
from focus.stand_ins.face_model import Components, face_model, write_face_model

FEW = Components(5, 3, 4)  # at the full number of vertices, to stay small


@pytest.fixture(scope="module")
def full_mesh(tmp_path_factory):
    """The file with all vertices and few components."""
    path = tmp_path_factory.mktemp("bfm") / "model.h5"
    write_face_model(path, BFM_VERTICES, FEW)
    return path


def test_layout_is_the_published_one(full_mesh):
    """The reader for the licensed file would be tried on another kind of file."""
    with h5py.File(full_mesh) as file:
        for group, components in zip(("shape", "expression", "color"), FEW, strict=True):
            part = file[group]
            assert part["model/mean"].shape == (3 * BFM_VERTICES,)
            assert part["model/pcaBasis"].shape == (3 * BFM_VERTICES, components)
            assert part["model/pcaBasis"].dtype == np.float32
            assert part["model/pcaVariance"].shape == (components,)
            assert part["representer/points"].shape == (3, BFM_VERTICES)
            assert part["representer/cells"].shape[0] == 3 and part["representer/cells"].shape[1] > 105_000
        assert file["metadata/landmarks/json"][()] == b"[]"


def test_landmarks_are_found_by_bfms_ids_and_survive_the_crop(full_mesh):
    """The fixed ids, which the licensed file needs, would not be tried, or the rendered part would lose a landmark."""
    model = read_bfm(full_mesh, *FEW)
    assert tuple(model.landmarks68.tolist()) == BFM_LANDMARKS_68
    assert tuple(model.landmarks_now.tolist()) == BFM_LANDMARKS_NOW
    right, left, nose, chin = (model.shape_mean[model.landmarks68[i]] for i in (36, 45, 30, 8))
    assert right[0] < -40 < 40 < left[0] and chin[1] < -80 and nose[2] > right[2]
    rendered, kept = crop_to_face(model)
    assert 25_000 < len(kept) < 34_000 and rendered.n_shape == FEW.shape
    assert "not the Basel Face Model" in model.name


def test_components_are_orthonormal_and_fall():
    """The latents would not be in standard deviations, as a PCA's are."""
    arrays = face_model(3600, Components(45, 14, 66), 0)
    for part, components in ((arrays.shape, 45), (arrays.expression, 14), (arrays.colour, 66)):
        assert part.basis.dtype == np.float32 and part.basis.shape == (3 * 3600, components)
        assert np.allclose(part.basis.T @ part.basis, np.eye(components), atol=1e-5)
        assert (part.variance > 0).all() and (np.diff(part.variance) <= 0).all()
    again = face_model(3600, Components(45, 14, 66), 0)
    assert again.shape.basis.tobytes() == arrays.shape.basis.tobytes()


def test_another_number_of_vertices_names_its_landmarks(tmp_path):
    """A small stand-in could not be read."""
    write_face_model(tmp_path / "small.h5", 3600, FEW)
    model = read_bfm(tmp_path / "small.h5", *FEW)
    assert model.vertex_count == 3600 and len(set(model.landmarks68.tolist())) == 68
