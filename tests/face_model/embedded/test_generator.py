import numpy as np
import pytest

from focus.face_model.embedded import FaceGenerator, Template, build_template
from focus.face_model.embedded.albedo import ALBEDO_SCALE
from focus.face_model.embedded.curves import LIP_GAP, lip_line
from focus.face_model.embedded.expression import EXPRESSION_FIELDS
from focus.face_model.embedded.shape import Plane, smooth_modes


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_shapes_and_types(generator: FaceGenerator, template: Template):
    """If it fails, the emulation gets arrays of another shape or type than agreed."""
    vertices = len(template.vertices)
    albedo, hair = generator.sample_albedo(3, rng(), rich=True)
    shape, expression = generator.sample_shape(3, rng(), detail=0.5), generator.sample_expression(3, rng())
    assert shape.shape == expression.shape == albedo.shape == (3, vertices, 3) and hair.shape == (3, 3)
    assert {a.dtype for a in (shape, expression, albedo, hair)} == {np.dtype(np.float32)}
    assert all(np.isfinite(a).all() for a in (shape, expression, albedo, hair))


def test_same_generator_same_faces(generator: FaceGenerator, template: Template):
    """If it fails, a run cannot be repeated; a second world must differ."""
    again, other = FaceGenerator(template, 0), FaceGenerator(template, 1)
    np.testing.assert_array_equal(generator.sample_shape(2, rng(), 1.0), again.sample_shape(2, rng(), 1.0))
    np.testing.assert_array_equal(generator.sample_albedo(2, rng(), True)[0], again.sample_albedo(2, rng(), True)[0])
    assert np.abs(generator.sample_shape(2, rng()) - other.sample_shape(2, rng())).max() > 0.5


def test_finer_mesh_shows_the_same_people():
    """If it fails, a NoW scan is not the person in its photographs."""
    coarse, fine = (FaceGenerator(build_template(spacing), 4) for spacing in (5.0, 3.0))
    for draw in (
        lambda g: g.sample_shape(3, rng(2), detail=0.8),
        lambda g: g.sample_expression(3, rng(2)),
        lambda g: g.sample_albedo(3, rng(2), rich=True)[0],
    ):
        ids = coarse.template.landmarks68, fine.template.landmarks68
        np.testing.assert_allclose(draw(coarse)[:, ids[0]], draw(fine)[:, ids[1]], atol=1e-5)


def test_people_differ_by_millimetres(generator: FaceGenerator, template: Template):
    """If it fails, faces are all alike or no longer faces."""
    offset = generator.sample_shape(200, rng()) - template.vertices
    spread = np.sqrt((offset**2).sum(-1).mean())
    assert 2.0 < spread < 5.0
    assert np.abs(offset).max() < 30


def test_neutral_faces_keep_their_triangles_outside(generator: FaceGenerator, template: Template):
    """If it fails, drawn faces fold over themselves."""
    corner = generator.sample_shape(50, rng(), detail=0.6)[:, template.triangles]
    normal_z = np.cross(corner[:, :, 1] - corner[:, :, 0], corner[:, :, 2] - corner[:, :, 0])[..., 2]
    assert (normal_z < 0).mean() < 1e-3


def test_detail_is_a_size_in_millimetres(generator: FaceGenerator):
    """If it fails, the held-out shape has another size than asked, or changes the other draws."""
    plain, rich = generator.sample_shape(300, rng()), generator.sample_shape(300, rng(), detail=1.5)
    depth = (rich - plain)[..., 2]
    assert 1.35 < depth.std(0).mean() < 1.75


def test_smooth_modes_have_unit_variance():
    """If it fails, `detail` and skin blotches have an unknown size."""
    xy = np.stack(np.meshgrid(np.linspace(-60, 60, 15), np.linspace(-80, 80, 15)), -1).reshape(-1, 2)
    modes = smooth_modes(xy, 60, 22.0, rng(), 1)
    assert 0.8 < (modes**2).sum(0).mean() < 1.2


def test_mouth_opens_at_the_slit(template: Template):
    """If it fails, the upper lip hangs on to the lower one, or the corners of the mouth tear."""
    move = EXPRESSION_FIELDS["mouth open"](Plane(template.xy))[template.landmarks68]
    np.testing.assert_allclose(move[[61, 62, 63], 1], 0, atol=1e-6)
    assert (move[[65, 66, 67], 1] < -7).all()
    assert np.abs(move[[48, 54, 60, 64], 1]).max() < 1.5
    assert move[8, 1] < -7 and np.abs(move[:4]).max() < 0.5
    x, y = template.xy.T
    assert (np.abs(y - lip_line(x))[np.abs(x) < 18] < 0.5 * LIP_GAP).sum() >= 8, "rows inside the slit"


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
    pupil = mean[np.abs(template.xy - (31, 29)).sum(1).argmin()]
    assert pupil.mean() < 0.6 * cheek.mean()
    lip = mean[template.landmarks68[57]]
    assert lip[1] / lip[0] < cheek[1] / cheek[0]
    assert albedo.mean((1, 2)).std() > 0.05, "skin tones differ"


def test_rich_faces_hold_what_the_model_lacks(generator: FaceGenerator):
    """If it fails, the emulated photographs are no harder than the fitted model."""
    plain, rich = generator.sample_albedo(60, rng())[0], generator.sample_albedo(60, rng(), rich=True)[0]
    change = np.abs(rich - plain).mean((1, 2))
    assert change.min() > 0.003 and change.max() > 0.03


@pytest.mark.parametrize("n", [0, 1])
def test_few_people(generator: FaceGenerator, n: int):
    """If it fails, an empty or single draw breaks."""
    assert len(generator.sample_shape(n, rng(), 0.5)) == len(generator.sample_albedo(n, rng(), True)[0]) == n
