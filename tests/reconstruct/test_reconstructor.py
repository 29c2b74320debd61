"""From a photograph to typed results, and back into its pixels."""

import numpy as np
import pytest
import torch

import bundles
import tiny
from focus import Reconstructor
from focus.errors import FocusError
from focus.reconstruct import reconstructor
from focus.reconstruct.photo_view import PhotoCamera, Placed, sample
from focus.rendering import Topology


@pytest.fixture(scope="module")
def fitted():
    image, points = bundles.photo()
    r = bundles.reconstructor()
    return r, r(image, landmarks=points, fit=0), r(image, landmarks=points, fit=60)


def apart(face) -> float:
    return float(np.linalg.norm(face.landmarks - face.model_landmarks, axis=1).mean())


def test_public_name():
    """`from focus import Reconstructor` would fail, or another name than asked for would come."""
    import focus

    assert Reconstructor.__module__ == "focus.reconstruct.reconstructor"
    with pytest.raises(AttributeError):
        focus.nothing  # noqa: B018 - the access is the test


def test_types_and_shapes(fitted):
    """The documented shapes and units would not be those that come."""
    _, face, _ = fitted
    vertices = tiny.face_model().vertex_count
    assert face.vertices.shape == face.neutral.shape == face.albedo.shape == (vertices, 3)
    assert face.mask.shape == face.rendered.shape == (tiny.SIZE, tiny.SIZE)
    assert face.landmarks.shape == face.model_landmarks.shape == (68, 2)
    assert all(array.dtype == np.float32 for array in (face.vertices, face.albedo, face.mask, face.model_landmarks))
    assert face.fitted == 0 and face.verdict.threshold == 0.2


def test_fit_brings_landmarks_onto_the_face(fitted):
    """Refinement would not do what it is for."""
    _, before, after = fitted
    assert apart(after) < 0.35 * apart(before)
    assert after.fitted == 60 and after.verdict.threshold == 0.3


def test_a_batch_changes_nothing(fitted):
    """A face's result would depend on which photographs stand beside it."""
    r, _, _ = fitted
    image, points = bundles.photo()
    other = np.ascontiguousarray(image[10:])
    together = r([image, other], landmarks=[points, points - (0, 10)], fit=8)
    alone = [r(image, landmarks=points, fit=8), r(other, landmarks=points - (0, 10), fit=8)]
    for one, two in zip(together, alone, strict=True):
        assert np.allclose(one.parameters.theta(), two.parameters.theta(), atol=2e-3)


def test_misfit_prior_is_subtracted(fitted):
    """--no-misfit-prior would change nothing."""
    r, _, _ = fitted
    image, points = bundles.photo()
    plain = r(image, landmarks=points, fit=0, misfit_prior=False)
    corrected = r(image, landmarks=points, fit=0)
    assert np.allclose(plain.neutral - corrected.neutral, 0.5, atol=1e-5)
    assert np.allclose(plain.vertices - corrected.vertices, 0.5, atol=1e-5)
    assert np.array_equal(plain.posed, corrected.posed)


def test_default_fit_follows_the_training_data():
    """A model of drawn faces would be trusted on real ones."""
    assert bundles.reconstructor().default_fit > 0
    assert Reconstructor(bundles.bundle(drawn=False)).default_fit == 0


def test_no_face():
    """An image without a face would crash or be reconstructed."""
    with pytest.raises(FocusError, match="no face found"):
        bundles.reconstructor()(np.full((90, 120, 3), 128, np.uint8))


def test_without_a_detector_a_line_says_what_to_install(monkeypatch):
    """Who has neither MediaPipe's networks nor face-alignment would read a traceback."""
    for place in (reconstructor.mediapipe_files, reconstructor.face_alignment):
        monkeypatch.setattr(place, "is_here", lambda: False)
    with pytest.raises(FocusError, match="no landmark detector, expected one by `focus detector install`"):
        bundles.reconstructor()(np.full((90, 120, 3), 128, np.uint8))


def test_photo_camera_agrees_with_the_crop(fitted):
    """Meshes would not lie on the face in the photograph."""
    r, _, face = fitted
    camera = PhotoCamera.of(face.parameters.pose, face.transform)
    ours = camera.project(face.posed)[r.model.landmarks68.numpy(), :2]
    assert np.allclose(ours, face.model_landmarks, atol=0.02)


def test_drawing_in_bands_is_drawing_at_once(fitted, monkeypatch):
    """A large photograph would show seams, or need more memory than there is."""
    from focus.reconstruct import photo_view

    r, _, face = fitted
    points = PhotoCamera.of(face.parameters.pose, face.transform).project(face.posed)
    whole = Placed.of(points, Topology(r.model.triangles), 160, 200).draw(face.albedo)
    monkeypatch.setattr(photo_view, "PIXELS_AT_ONCE", 700)
    banded = Placed.of(points, Topology(r.model.triangles), 160, 200).draw(face.albedo)
    assert np.array_equal(whole.drawn, banded.drawn) and whole.corner == banded.corner
    assert np.allclose(whole.values, banded.values, atol=1e-4)
    kept = Placed.of(points, Topology(r.model.triangles), 160, 200).kept()
    for _ in range(2):
        assert np.array_equal(kept.draw(face.albedo).values, banded.values)


def test_drawing_outside_the_photograph(fitted):
    """A face at the photograph's edge would fail."""
    r, _, face = fitted
    points = PhotoCamera.of(face.parameters.pose, face.transform).project(face.posed) - (1000, 0, 0)
    assert Placed.of(points, Topology(r.model.triangles), 160, 200).draw(face.albedo).paste(160, 200)[1].sum() == 0


def test_sample_is_bilinear():
    """Colours would come from half a pixel beside."""
    image = np.arange(12, dtype=float).reshape(3, 4, 1)
    assert sample(image, np.array([[1.5, 1.0], [0.0, 0.25], [9.0, 9.0]]))[:, 0].tolist() == [5.5, 1.0, 11.0]


def test_models_on_other_devices_are_named():
    """A machine without CUDA would end in torch's traceback."""
    from focus.reconstruct.batch import checked_device

    if not torch.cuda.is_available():
        with pytest.raises(FocusError, match="--device"):
            checked_device("cuda")
    for name in ("toaster", "cpu:foo", f"cuda:{torch.cuda.device_count()}"):
        with pytest.raises(FocusError, match="--device"):
            checked_device(name)
