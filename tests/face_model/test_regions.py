import numpy as np

from focus.face_model import REGIONS, FaceModel, regions
from focus.face_model.regions import grown, inside_polygon


def test_landmarks_lie_in_their_regions(template):
    """If it fails, regions are mirrored, shifted or empty."""
    labels = np.array(REGIONS)[regions(template)]
    at = labels[template.landmarks68]
    assert set(at[36:42]) == {"right eye"} and set(at[42:48]) == {"left eye"}
    assert (template.vertices[labels == "left eye", 0] > 0).all()
    assert set(at[28:36]) == {"nose"} and set(at[48:68]) == {"mouth"}
    assert at[8] == "chin" and set(at[[1, 2, 14, 15]]) == {"cheeks"}
    assert labels[template.vertices[:, 1].argmax()] == "forehead"
    assert (labels == "other").mean() < 0.1


def test_model_and_template_agree(template, model: FaceModel):
    """If it fails, results per region mean different vertices for the model and for its generator."""
    assert (regions(template) == regions(model)).mean() > 0.98


def test_polygon_by_hand():
    """If it fails, the even-odd rule is broken (also for the mesh of the embedded face)."""
    dented = np.array([(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)], dtype=float)
    points = np.array([(1, 1), (2, 3), (2, 0.5), (5, 1), (-1, 0)], dtype=float)
    assert inside_polygon(points, dented).tolist() == [True, False, True, False, False]
    np.testing.assert_allclose(grown(np.array([(0.0, 0), (2, 0), (2, 2), (0, 2)]), 2)[0], (-1, -1))
