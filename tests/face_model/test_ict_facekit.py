"""A folder in ICT-FaceKit's layout, made by code, through the converter and the real file's reader."""

from pathlib import Path

import numpy as np
import pytest

from focus.cli import app
from focus.errors import FocusError
from focus.face_model import read_bfm
from focus.face_model.heads.heads import load_heads
from focus.face_model.ict_facekit import LANDMARKS, NEUTRAL, USED, VERTICES, read_ict


def write_mesh(path: Path, vertices: np.ndarray) -> None:
    rows = "\n".join("v {:.4f} {:.4f} {:.4f}".format(*row) for row in vertices.tolist())
    path.write_text(f"# a comment\n{rows}\nf 1/1 2/2 3/3 4/4\nf 5/5 6/6 7/7\nf 26000/1 26001/1 26002/1\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A cloud with a face's landmarks, in centimetres; two identities and one expression."""
    root = tmp_path_factory.mktemp("ict") / "FaceXModel"
    root.mkdir()
    rng = np.random.default_rng(0)
    head = load_heads().template(0)
    neutral = rng.uniform(-6, 6, (VERTICES, 3))
    neutral[LANDMARKS] = (head.vertices[head.anatomy68] + (3, 4, 5)) / 10
    write_mesh(root / NEUTRAL, neutral)
    for name, axis, size in (("identity000", 0, 0.4), ("identity001", 1, 0.1), ("jawOpen", 2, 0.3)):
        write_mesh(root / f"{name}.obj", neutral + size * np.eye(3)[axis])
    return root.parent


def test_becomes_a_face_model(folder, tmp_path):
    """If it fails, the converted file has other units, places, sizes or landmarks than ICT-FaceKit's."""
    app(["face-model", "from-ict", str(folder), str(tmp_path / "ict.h5")], standalone_mode=False)
    model = read_bfm(tmp_path / "ict.h5", 2, 1, 50)
    assert model.vertex_count == USED and "MIT" in model.licence
    np.testing.assert_array_equal(model.landmarks68, LANDMARKS)
    head = load_heads().template(0)
    expected = head.vertices[head.anatomy68]
    np.testing.assert_allclose(model.shape_mean[LANDMARKS].numpy(), expected, atol=0.2)
    moves = np.abs(model.shape_basis.numpy()).reshape(USED, 3, 2)
    np.testing.assert_allclose(moves[:, 0, 0], 4, atol=0.1)  # identity000: 4 mm at one standard deviation
    np.testing.assert_allclose(moves[:, 1, 1], 1, atol=0.1)
    assert model.triangles.tolist() in ([[0, 1, 2], [0, 2, 3], [4, 5, 6]], [[0, 2, 1], [0, 3, 2], [4, 6, 5]])
    assert 0.2 < model.albedo_mean.mean() < 0.7


def test_a_wrong_folder_is_named(tmp_path, folder):
    """If it fails, a half clone ends in a traceback or in a model with parts missing."""
    with pytest.raises(FocusError, match=r"generic_neutral_mesh\.obj: no such file; expected .*ICT-FaceKit's \.obj"):
        read_ict(tmp_path)
    write_mesh(tmp_path / NEUTRAL, np.zeros((VERTICES, 3)))
    with pytest.raises(FocusError, match="0 identity and 0 expression meshes; expected ICT-FaceKit's 100 and 53"):
        read_ict(tmp_path)
    write_mesh(tmp_path / NEUTRAL, np.zeros((VERTICES - 1, 3)))
    with pytest.raises(FocusError, match=r"26718 vertices; expected ICT-FaceKit's 26719"):
        read_ict(tmp_path)
