import numpy as np
import pytest

from focus.face_model.heads import FaceGenerator, Template
from focus.face_model.heads.albedo import ALBEDO_SCALE
from focus.face_model.heads.fields import smooth_modes


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_shapes_and_types(generator: FaceGenerator, template: Template):
    """If it fails, the emulation gets arrays of another shape or type than agreed."""
    vertices = len(template.vertices)
    albedo, hair = generator.sample_albedo(3, rng(), rich=True)
    shape, expression = generator.sample_shape(3, rng(), rich=True), generator.sample_expression(3, rng())
    assert shape.shape == expression.shape == albedo.shape == (3, vertices, 3) and hair.shape == (3, 3)
    assert {a.dtype for a in (shape, expression, albedo, hair)} == {np.dtype(np.float32)}
    assert all(np.isfinite(a).all() for a in (shape, expression, albedo, hair))


def test_same_generator_same_faces(generator: FaceGenerator, template: Template):
    """If it fails, a run cannot be repeated; a second world must differ."""
    again, other = FaceGenerator(0, 0, whole=False), FaceGenerator(0, 1, whole=False)
    np.testing.assert_array_equal(generator.sample_shape(2, rng(), True), again.sample_shape(2, rng(), True))
    np.testing.assert_array_equal(generator.sample_albedo(2, rng(), True)[0], again.sample_albedo(2, rng(), True)[0])
    assert np.abs(generator.sample_shape(2, rng(), True) - other.sample_shape(2, rng(), True)).max() > 0.5


def test_finer_mesh_shows_the_same_people():
    """If it fails, a NoW scan is not the person in its photographs."""
    coarse, fine = (FaceGenerator(level, 4) for level in (0, 1))
    ids = coarse.template.landmarks68, fine.template.landmarks68
    for draw, tolerance in (
        (lambda g: g.sample_shape(3, rng(2)) - g.template.vertices, 1.0),
        (lambda g: g.sample_expression(3, rng(2)), 2.5),
    ):
        difference = np.abs(draw(coarse)[:, ids[0]] - draw(fine)[:, ids[1]])
        assert difference.max() < tolerance, "Loop's subdivision smooths a little"


def test_people_differ_by_millimetres(generator: FaceGenerator, template: Template):
    """If it fails, faces are all alike or no longer faces."""
    offset = generator.sample_shape(200, rng()) - template.vertices
    spread = np.sqrt((offset**2).sum(-1).mean())
    assert 2.0 < spread < 5.0
    assert np.abs(offset).max() < 30


def test_neutral_faces_keep_their_triangles_outside(generator: FaceGenerator, template: Template):
    """If it fails, drawn faces fold over themselves."""

    def normals(vertices: np.ndarray) -> np.ndarray:
        corner = vertices[..., template.triangles, :]
        return np.cross(corner[..., 1, :] - corner[..., 0, :], corner[..., 2, :] - corner[..., 0, :])

    turned = (normals(generator.sample_shape(50, rng(), rich=True)) * normals(template.vertices)).sum(-1) < 0
    assert turned.mean() < 5e-3


def test_rich_shapes_hold_what_the_model_lacks(generator: FaceGenerator):
    """If it fails, the fitted model can show the people of the data sets to the last detail."""
    plain, rich = (generator.sample_shape(300, rng(), rich).reshape(300, -1) for rich in (False, True))
    centred = plain - plain.mean(0)
    basis = np.linalg.svd(centred, full_matrices=False)[2][:80].T

    def unexplained(shapes: np.ndarray) -> float:
        offset = shapes - plain.mean(0)
        return float(((offset - offset @ basis @ basis.T) ** 2).sum() / (offset**2).sum())

    assert unexplained(plain) < 0.02 < 0.04 < unexplained(rich) < 0.2


def test_smooth_modes_have_unit_variance():
    """If it fails, `detail` and skin blotches have an unknown size."""
    xy = np.stack(np.meshgrid(np.linspace(-60, 60, 15), np.linspace(-80, 80, 15)), -1).reshape(-1, 2)
    modes = smooth_modes(xy, 60, 22.0, rng(), 1)
    assert 0.8 < (modes**2).sum(0).mean() < 1.2


def test_strength_scales(generator: FaceGenerator):
    """If it fails, `strength` does not mean a factor on the offsets."""
    np.testing.assert_allclose(
        generator.sample_expression(2, rng(), 0.5), 0.5 * generator.sample_expression(2, rng()), atol=1e-6
    )


def test_colours_are_those_of_faces(generator: FaceGenerator, template: Template):
    """If it fails, skin is too bright for the default light, blue, or eyes and lips are missing."""
    albedo, hair = generator.sample_albedo(300, rng())
    assert albedo.min() > 0 and albedo.max() <= ALBEDO_SCALE + 1e-6 and hair.min() > 0 and hair.max() < 1
    mean = albedo.mean(0)
    assert 0.35 < mean.mean() < 0.55, "near the Basel model's 0.45"
    cheek = mean[np.abs(template.xy - (40, -5)).sum(1).argmin()]
    assert cheek[0] > cheek[1] > cheek[2]
    pupil = mean[(template.masks["eye"] > 0.5) & (np.hypot(*template.gaze.T) < 1.5)].mean(0)
    assert pupil.mean() < 0.6 * cheek.mean()
    lip = mean[template.landmarks68[57]]
    assert lip[1] / lip[0] < cheek[1] / cheek[0]
    assert albedo.mean((1, 2)).std() > 0.05, "skin tones differ"


def test_rich_faces_hold_what_the_model_lacks(generator: FaceGenerator):
    """If it fails, the emulated photographs are no harder than the fitted model."""
    plain, rich = generator.sample_albedo(60, rng())[0], generator.sample_albedo(60, rng(), rich=True)[0]
    outside = generator.template.masks["inside"] == 0
    change = np.abs(rich - plain)[:, outside].mean((1, 2))
    assert change.min() > 0.003 and change.max() > 0.03


@pytest.mark.parametrize("n", [0, 1])
def test_few_people(generator: FaceGenerator, n: int):
    """If it fails, an empty or single draw breaks."""
    assert len(generator.sample_shape(n, rng(), True)) == len(generator.sample_albedo(n, rng(), True)[0]) == n
