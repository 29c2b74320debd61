import dataclasses

import pytest
import torch

from focus.errors import FocusError
from focus.face_model import FaceModel


def two_vertices() -> FaceModel:
    """Two vertices, two shape components, one expression component, one albedo component; values by hand."""
    return FaceModel(
        shape_mean=torch.tensor([[1.0, 2, 3], [4, 5, 6]]),
        shape_basis=torch.tensor([[1.0, 0], [0, 1], [0, 0], [0, 0], [0, 0], [2, 0]]),
        expression_mean=torch.tensor([[0.5, 0, 0], [0, 0, 0]]),
        expression_basis=torch.tensor([[0.0], [0], [10], [0], [0], [0]]),
        albedo_mean=torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]),
        albedo_basis=torch.tensor([[0.0], [0], [0], [0.1], [0], [0]]),
        triangles=torch.tensor([[0, 1, 0]]),
        landmarks68=torch.zeros(68, dtype=torch.int64),
        landmarks_now=torch.ones(7, dtype=torch.int64),
        name="two",
        licence="none",
    )


def test_geometry_by_hand():
    """If it fails, shape, expression or the order of coordinates in the bases is mixed up."""
    vertices = two_vertices().geometry(torch.tensor([[2.0, -1], [0, 0]]), torch.tensor([[0.3], [0]]))
    expected = torch.tensor([[[3.5, 1, 6], [4, 5, 10]], [[1.5, 2, 3], [4, 5, 6]]])
    torch.testing.assert_close(vertices, expected)


def test_neutral_leaves_out_the_mean_expression():
    """If it fails, the meshes for NoW smile as the mean face does."""
    torch.testing.assert_close(two_vertices().neutral(torch.zeros(1, 2))[0], two_vertices().shape_mean)


def test_albedo_by_hand():
    """If it fails, albedo parameters act on the wrong vertex or channel."""
    albedo = two_vertices().albedo(torch.tensor([[2.0]]))
    torch.testing.assert_close(albedo, torch.tensor([[[0.1, 0.2, 0.3], [0.6, 0.5, 0.6]]]))


def test_sizes(model: FaceModel):
    """If it fails, the network's output size does not fit the model."""
    assert (model.n_shape, model.n_expression, model.n_albedo) == (5, 3, 4)
    assert model.geometry(torch.zeros(2, 5), torch.zeros(2, 3)).shape == (2, model.vertex_count, 3)


def test_gradients():
    """If it fails, losses on vertices do not reach the parameters."""
    model = two_vertices().to(dtype=torch.float64)
    alpha = torch.randn(2, 2, dtype=torch.float64, requires_grad=True)
    delta = torch.randn(2, 1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(model.geometry, (alpha, delta))
    assert torch.autograd.gradcheck(model.albedo, (delta,))


def test_to_keeps_ids_whole():
    """If it fails, a change of precision turns vertex ids into floats."""
    model = two_vertices().to(dtype=torch.float64)
    assert model.shape_mean.dtype == torch.float64
    assert model.triangles.dtype == model.landmarks68.dtype == torch.int64


def test_wrong_number_of_parameters():
    """If it fails, parameters of another model are accepted."""
    with pytest.raises(ValueError, match=r"alpha has shape \(1, 3\); expected \(batch, 2\)"):
        two_vertices().neutral(torch.zeros(1, 3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape_basis": torch.zeros(5, 2)}, r"shape_basis has shape \(5, 2\); expected \(6, 2\)"),
        ({"landmarks68": torch.zeros(67, dtype=torch.int64)}, r"landmarks68 has shape \(67,\)"),
        ({"triangles": torch.tensor([[0, 1, 2]])}, r"triangles names a vertex outside 0..1"),
    ],
)
def test_tensors_that_do_not_fit(change, message):
    """If it fails, a damaged model gets as far as the renderer."""
    with pytest.raises(FocusError, match=message):
        dataclasses.replace(two_vertices(), **change)


def test_save_and_load(model: FaceModel, tmp_path):
    """If it fails, the packed model differs from the one that was read, or its bytes change from run to run."""
    model.save(tmp_path / "a.safetensors")
    model.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    loaded = FaceModel.load(tmp_path / "a.safetensors")
    assert loaded.content_hash() == model.content_hash()
    assert (loaded.name, loaded.licence) == (model.name, model.licence)


def test_hash_sees_one_changed_number(model: FaceModel):
    """If it fails, results of two different models could be taken for each other."""
    mean = model.shape_mean.clone()
    mean[0, 0] += 1e-3
    assert dataclasses.replace(model, shape_mean=mean).content_hash() != model.content_hash()


def test_load_refuses_other_files(model: FaceModel, tmp_path):
    """If it fails, a missing, cut or foreign file gives a traceback instead of one line."""
    from safetensors.torch import save_file

    path = tmp_path / "model.safetensors"
    with pytest.raises(FocusError, match=r"model.safetensors: no such file"):
        FaceModel.load(path)
    model.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FocusError, match=r"model.safetensors: not a readable safetensors file"):
        FaceModel.load(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(FocusError, match=r"without a face model"):
        FaceModel.load(path)
