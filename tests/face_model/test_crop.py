import dataclasses

import numpy as np
import pytest
import torch

from focus.errors import FocusError
from focus.face_model import FaceModel, crop_to_face
from focus.face_model.crop import face_vertices


def test_rule_by_hand():
    """If it fails, the rendered part of the Basel model is not the authors'."""
    raw = torch.tensor(
        [
            [0.0, 0, 120],  # tip of the nose: every ellipse
            [0, 76, 100],  # y/z = 0.76 > 0.75, (76+18)/100/0.62 > 1, (76-25)/100/0.92 = 0.55: the third
            [0, -79, 100],  # |y|/z > 0.75; 61/100/0.62 = 0.984: the second
            [0, -81, 100],  # 63/100/0.62 > 1; 106/100/0.92 > 1: out
            [200, 0, 100],  # (2/100)^2 < 1: the first is a band across the head
            [0, 0, 20],  # z + 0.05 y is not above 20: out
            [0, 10, 19.6],  # 20.1 > 20, but y/z = 0.51: in
        ]
    )
    assert face_vertices(raw).tolist() == [True, True, True, False, True, False, True]


def spoiled(model: FaceModel, ids: list[int]) -> FaceModel:
    """The model with some vertices moved far behind the face."""
    mean = model.shape_mean.clone()
    mean[ids, 2] = -500
    return dataclasses.replace(model, shape_mean=mean)


def test_crop_renumbers(model: FaceModel):
    """If it fails, landmarks, bases or triangles of the rendered model point at other vertices than in the full one."""
    landmarks = set(model.landmarks68.tolist()) | set(model.landmarks_now.tolist())
    face = crop_to_face(model)[1].tolist()
    gone = [index for index in face if index not in landmarks][::3]
    cropped, kept = crop_to_face(spoiled(model, gone))
    assert sorted(set(face) - set(gone)) == kept.tolist()
    alpha, delta, gamma = torch.randn(2, 5), torch.randn(2, 3), torch.randn(2, 4)
    torch.testing.assert_close(cropped.geometry(alpha, delta)[:, 5], model.geometry(alpha, delta)[:, kept[5]])
    torch.testing.assert_close(cropped.albedo(gamma), model.albedo(gamma)[:, kept])
    torch.testing.assert_close(kept[cropped.landmarks68], model.landmarks68)
    torch.testing.assert_close(kept[cropped.landmarks_now], model.landmarks_now)
    stay = np.isin(model.triangles.numpy(), kept.numpy()).all(1)
    np.testing.assert_array_equal(kept[cropped.triangles], model.triangles.numpy()[stay])


def test_embedded_model_is_all_face(model: FaceModel):
    """If it fails, the crop cuts the embedded model, whose whole mesh is face, but for the end of its throat."""
    lost = np.setdiff1d(np.arange(model.vertex_count), crop_to_face(model)[1].numpy())
    assert len(lost) < 20 and (model.shape_mean[lost, 1] < -50).all() and (model.shape_mean[lost, 2] < -20).all()


def test_lost_landmark(model: FaceModel):
    """If it fails, a landmark outside the crop becomes vertex -1."""
    with pytest.raises(FocusError, match=r"leaves out point 30 of landmarks68; expected a mean face in mm"):
        crop_to_face(spoiled(model, [int(model.landmarks68[30])]))
