"""The authors' crop file: its face part and landmarks, on a full-size model made by code."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from crop_files import crop_indices, write_crop
from focus.errors import FocusError
from focus.face_model import FaceModel, crop_to_face, read_bfm
from focus.face_model.crop_file import CROP_LANDMARKS_68, ROWS, read_crop
from focus.face_model.landmarks import BFM_VERTICES
from focus.stand_ins.face_model import Components, write_face_model

FEW = Components(2, 2, 2)


@pytest.fixture(scope="module")
def basel(tmp_path_factory):
    path = tmp_path_factory.mktemp("bfm") / "model.h5"
    write_face_model(path, components=FEW)
    return path


@pytest.fixture(scope="module")
def indices(basel):
    content = crop_indices(read_bfm(basel, *FEW))
    assert len(content["points"]) > max(CROP_LANDMARKS_68)
    return content


def test_the_rendered_part_is_the_files_own(basel, indices, tmp_path) -> None:
    """Landmarks, vertices or triangles of R would be others than those the release trains with."""
    model = read_bfm(basel, *FEW, write_crop(tmp_path / "crop.pkl", indices))
    assert model.landmarks68.tolist() == indices["points"][list(CROP_LANDMARKS_68)].tolist()
    rendered, kept = crop_to_face(model)
    assert kept.tolist() == indices["points"].tolist()
    assert tuple(rendered.landmarks68.tolist()) == CROP_LANDMARKS_68
    assert torch.equal(rendered.triangles.sort(1).values, torch.from_numpy(indices["cells"].T).sort(1).values)
    normal = torch.linalg.cross(
        *(rendered.shape_mean[rendered.triangles[:, i]] - rendered.shape_mean[rendered.triangles[:, 0]] for i in (1, 2))
    )
    assert normal[:, 2].sum() > 0  # to the viewer
    alpha = torch.randn(1, 2)
    torch.testing.assert_close(rendered.neutral(alpha), model.neutral(alpha)[:, kept])
    assert rendered.face_vertices is None


def test_the_part_is_kept_with_the_model(basel, indices, tmp_path) -> None:
    """A stored model, or a bundle, would render another part than R was trained with."""
    model = read_bfm(basel, *FEW, write_crop(tmp_path / "crop.pkl", indices))
    model.save(tmp_path / "model.safetensors")
    again = FaceModel.load(tmp_path / "model.safetensors")
    assert again.content_hash() == model.content_hash() != read_bfm(basel, *FEW).content_hash()
    assert torch.equal(crop_to_face(again)[1], crop_to_face(model)[1])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: c.pop("cells"), "cells is missing"),
        (lambda c: c.update(points=c["points"][1:]), "shape_mean does not name x, y, z of"),
        (lambda c: c.update(exp_mean=np.roll(c["exp_mean"], 3)), "exp_mean names other vertices than shape_mean"),
        (lambda c: c.update(dict.fromkeys(ROWS, np.roll(c["exp_mean"], 1))), "does not name x, y, z"),
        (lambda c: c.update(cells=c["cells"] + 10), "cells has"),
        (lambda c: c.update(cells=c["cells"].T), "cells has shape"),
        (lambda c: c.update(cells=c["cells"] + 0.0), "cells is float64"),
        (lambda c: c.update(color_mean=-c["color_mean"]), "color_mean has"),
        (lambda c: c.update(points=[[1], [2, 3]]), "points is object"),
    ],
)  # fmt: skip
def test_other_content_is_one_line(indices, tmp_path, change, expected: str) -> None:
    """A file of another model or version would crop without a word, or end in a traceback."""
    content = dict(indices)
    change(content)
    path = write_crop(tmp_path / "crop.pkl", content)
    with pytest.raises(FocusError) as caught:
        read_crop(path, BFM_VERTICES)
    assert str(caught.value).startswith(f"{path}: ") and expected in str(caught.value)


def test_a_crop_of_another_mesh_is_refused(basel, indices, tmp_path) -> None:
    """Vertices in another order have all the right shapes, and their landmarks lie anywhere."""
    content = {key: value if key == "cells" else np.sort(value) for key, value in indices.items()}
    with pytest.raises(FocusError, match=r"by this file's landmarks, (has its outer eye corners|is a face with)"):
        read_bfm(basel, *FEW, write_crop(tmp_path / "crop.pkl", content))
