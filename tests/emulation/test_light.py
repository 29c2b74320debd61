"""Random light in the renderer's spherical harmonics."""

import numpy as np
import torch

from focus.emulation.light import EVEN, compose, sample_light
from focus.rendering import shade


def _irradiance(coefficients, normals):
    light = torch.from_numpy(np.asarray(coefficients, dtype=np.float64))[None]
    return shade(torch.from_numpy(np.array(normals, dtype=np.float64))[None], light)[0].numpy()


def test_even_light_of_one_is_the_renderers_default():
    """If wrong, the offset that the renderer adds is counted twice and every picture is overexposed."""
    np.testing.assert_allclose(compose(np.ones(3), []), 0, atol=1e-7)
    np.testing.assert_allclose(_irradiance(compose(0.5 * np.ones(3), []), [(0, 0, -1)]), 0.5 * EVEN, rtol=1e-6)


def test_lamp_is_a_clamped_cosine_to_second_order():
    """If wrong, light comes from elsewhere; by hand 1/4 + 1/2 + 5/16 towards, 1/4 - 1/2 + 5/16 away."""
    direction = np.array([0.6, 0.0, -0.8])
    coefficients = compose(np.zeros(3), [(direction, np.array([1.0, 0.5, 0.0]))])
    towards, away = _irradiance(coefficients, [direction, -direction])
    np.testing.assert_allclose(towards, EVEN * 1.0625 * np.array([1.0, 0.5, 0.0]), atol=1e-5)
    np.testing.assert_allclose(away, EVEN * 0.0625 * np.array([1.0, 0.5, 0.0]), atol=1e-5)


def test_side_light_brightens_its_side():
    """If wrong, AR's side-light codes mean nothing."""
    light = sample_light(np.random.default_rng(0), sides=(1.15,))
    right, left = _irradiance(light.coefficients, [(1, 0, 0), (-1, 0, 0)])
    assert (right > left + 0.2).all()


def test_draws_depend_on_the_generator_alone():
    """If wrong, a data set cannot be made twice."""
    first, second = (sample_light(np.random.default_rng(3)).coefficients for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, sample_light(np.random.default_rng(4)).coefficients)
