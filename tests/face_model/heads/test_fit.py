import numpy as np
import pytest

from focus.errors import FocusError
from focus.face_model.heads import FaceGenerator, build_embedded_model
from focus.face_model.heads.fit import principal_components


def test_components_by_hand():
    """If it fails, mean, variance (n - 1), order or sign of the components is wrong."""
    samples = np.zeros((4, 1, 3))
    samples[:, 0, 0] = [2, -2, 0, 0]
    samples[:, 0, 1] = [1, 1, 0, 2]
    result = principal_components(samples, 2)
    np.testing.assert_allclose(result.mean, [[0, 1, 0]])
    np.testing.assert_allclose(result.variance, [8 / 3, 2 / 3])
    np.testing.assert_allclose(result.basis, [[1, 0], [0, 1], [0, 0]], atol=1e-12)


def test_equal_to_a_singular_value_decomposition():
    """If it fails, the Gram-matrix route gives other components than the textbook one."""
    samples = np.random.default_rng(0).standard_normal((20, 15, 3))
    result = principal_components(samples, 6)
    centred = (samples - samples.mean(0)).reshape(20, -1)
    _, singular, rows = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(result.variance, singular[:6] ** 2 / 19)
    np.testing.assert_allclose(np.abs((rows[:6] * result.basis.T).sum(1)), 1, atol=1e-9)
    np.testing.assert_allclose(result.basis.T @ result.basis, np.eye(6), atol=1e-9)
    assert (result.basis[np.abs(result.basis).argmax(0), range(6)] > 0).all()


def test_too_many_components(generator: FaceGenerator):
    """If it fails, noise or nothing is passed off as components."""
    with pytest.raises(FocusError, match=r"20 components from 20 samples"):
        principal_components(np.zeros((20, 5, 3)), 20)
    with pytest.raises(FocusError, match=r"50 components asked for; the samples vary in fewer"):
        build_embedded_model(generator, np.random.default_rng(0), 60, 5, 50, 5)


def test_same_draws_same_bits(generator: FaceGenerator, arrays):
    """If it fails, the model file changes from run to run."""
    again = build_embedded_model(generator, np.random.default_rng(1), 60, 6, 4, 5)
    for first, second in (
        (arrays.shape, again.shape),
        (arrays.expression, again.expression),
        (arrays.colour, again.colour),
    ):
        np.testing.assert_array_equal(first.mean, second.mean)
        np.testing.assert_array_equal(first.basis, second.basis)
        np.testing.assert_array_equal(first.variance, second.variance)


def test_model_explains_plain_faces(generator: FaceGenerator):
    """If it fails, the fitted model cannot show the faces it was made from."""
    model = build_embedded_model(generator, np.random.default_rng(1), 300, 40, 20, 20)
    for part, new, origin in (
        (model.shape, generator.sample_shape(100, np.random.default_rng(2)), (0, 0, 100)),
        (model.expression, generator.sample_expression(100, np.random.default_rng(2)), 0),
        (model.colour, generator.sample_albedo(100, np.random.default_rng(2))[0], 0),
    ):
        centred = (new + np.array(origin) - part.mean).reshape(100, -1)
        residual = centred - centred @ part.basis @ part.basis.T
        assert (residual**2).sum() / (centred**2).sum() < 0.07
