"""The texture: the photograph where it shows the face, the lit model colour elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import bundles
from focus.reconstruct.layout import laplacian
from focus.reconstruct.photo_view import PhotoCamera, lit_colours
from focus.reconstruct.texture import TextureBaker, evened
from focus.rendering import Topology


@pytest.fixture(scope="module")
def baked():
    """A baker, a photograph, its face with everything called inlier, and the camera."""
    image, points = bundles.photo()
    r = bundles.reconstructor()
    face = r(image, landmarks=points, fit=30)
    face = replace(face, mask=face.rendered.astype(np.float32), hidden=np.zeros_like(face.rendered))
    model = r.model
    baker = TextureBaker(model.shape_mean.numpy(), model.triangles.numpy(), Topology(model.triangles))
    return baker, image, face, PhotoCamera.of(face.parameters.pose, face.transform)


def covered(face, rows):
    """Return the face with the crop's upper `rows` called outlier."""
    mask = face.mask.copy()
    mask[:rows] = 0
    return replace(face, mask=mask)


def test_what_is_seen_is_the_photograph(baked):
    """The texture would be the model's colour, or come from beside the face."""
    baker, image, face, camera = baked
    texture, colours = baker.bake(image, face, camera)
    for number in (28, 30, 33):  # the nose
        vertex = int(bundles.bundle().face_model.landmarks68[number])
        x, y = face.model_landmarks[number].round().astype(int)
        assert np.abs(colours[vertex] * 255 - image[y, x]).max() < 25
        column, row = baker.texels[vertex, :2].round().astype(int)
        assert np.abs(texture[row, column].astype(int) - image[y, x]).max() < 25


def test_hidden_parts_are_no_flat_patches(baked):
    """What an occluder hides would be brown, darker or lighter than the skin around it."""
    baker, image, face, camera = baked
    _, plain = baker.bake(image, face, camera)
    rows = int(np.flatnonzero(face.rendered.any(1)).mean())
    _, filled = baker.bake(image, covered(face, rows), camera)
    points = camera.project(face.posed)
    hidden = (face.transform.to_crop(points[:, :2])[:, 1] < rows - 2) & (baker.seen(face, camera) > 0.9)
    assert hidden.sum() > 30
    assert np.abs(filled[hidden] - plain[hidden]).mean() < 0.08
    albedo = np.abs(np.clip(face.albedo[hidden], 0, 1) - plain[hidden]).mean()
    assert np.abs(filled[hidden] - plain[hidden]).mean() < albedo  # what was filled in before


def test_what_is_filled_in_is_not_the_occluder(baked):
    """An occluder's colour would be on the face: here half of the photograph is green."""
    baker, image, face, camera = baked
    rows = int(np.flatnonzero(face.rendered.any(1)).mean())
    edge = int(face.transform.to_original(np.array([0.0, rows]))[1])
    green = image.copy()
    green[: edge + 1] = (0, 255, 0)
    _, colours = baker.bake(green, covered(face, rows), camera)
    assert ((colours[:, 1] - colours[:, 0]) < 0.25).all()


def test_the_fill_meets_the_photograph(baked):
    """Seams would run along the mask: neighbours would differ more than in the photograph itself."""
    baker, image, face, camera = baked
    rows = int(np.flatnonzero(face.rendered.any(1)).mean())
    triangles = bundles.bundle().face_model.triangles.numpy()

    def steps(of):
        _, colours = baker.bake(image, of, camera)
        return np.abs(colours[triangles[:, 0]] - colours[triangles[:, 1]]).max(1)

    assert np.quantile(steps(covered(face, rows)), 0.999) < 1.25 * np.quantile(steps(face), 0.999)


def test_nothing_shown_is_the_models_colour(baked):
    """A wholly hidden face would have no texture, or one of the wrong light."""
    baker, image, face, camera = baked
    _, colours = baker.bake(image, covered(face, len(face.mask)), camera)
    lit = lit_colours(camera, face.posed, face.albedo, face.parameters.light, baker.topology)
    assert np.isfinite(colours).all() and np.abs(colours.mean(0) - np.clip(lit, 0, 1).mean(0)).max() < 0.1


def test_shading_of_the_dark_side_is_bounded():
    """The unseen side would be green or black where the light found on the other side is extrapolated."""
    shading = np.array([[1.0, 0.9, 0.8]] * 10 + [[-0.5, 0.6, 0.1]] * 5)
    shown = np.array([1.0] * 10 + [0.0] * 5)
    assert np.allclose(evened(shading, shown), [1.0, 0.9, 0.8], atol=1e-6)
    assert np.isfinite(evened(shading, np.zeros(15))).all()


def test_laplacian_by_hand():
    """The gain would be smooth along nothing."""
    values = np.array([1.0, 3.0, 6.0])
    assert values @ (laplacian(np.array([[0, 1, 2]]), 3) @ values) == 4 + 9 + 25
