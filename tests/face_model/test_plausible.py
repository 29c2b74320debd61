"""Face models in another unit or convention are refused in one line; faces of every human size pass."""

from dataclasses import replace

import numpy as np
import pytest

from focus.errors import FocusError
from focus.face_model import read_bfm, write_bfm

TURNED = {"z up": [[1, 0, 0], [0, 0, -1], [0, 1, 0]], "y down": np.diag([1, -1, -1]), "mirrored": np.diag([-1, 1, 1])}


def scaled(part, factor):
    """The same PCA in another unit, as a tool would write it: mean and deviations times a factor."""
    return replace(part, mean=part.mean * factor, variance=part.variance * factor**2)


def in_unit(arrays, factor):
    return replace(arrays, shape=scaled(arrays.shape, factor), expression=scaled(arrays.expression, factor))


def changed(arrays, change):
    """Every group's PCA changed."""
    parts = {name: change(getattr(arrays, name)) for name in ("shape", "expression", "colour")}
    return replace(arrays, **parts)


def scaled_basis(part):
    return replace(part, basis=part.basis * np.sqrt(part.variance))


def turned(arrays, matrix):
    turn = np.array(matrix, float)

    def part(pca):
        basis = np.einsum("ij,njk->nik", turn, pca.basis.reshape(len(pca.mean), 3, -1))
        return replace(pca, mean=pca.mean @ turn.T, basis=basis.reshape(pca.basis.shape))

    return replace(arrays, shape=part(arrays.shape), expression=part(arrays.expression))


CONVENTIONS = {
    "micrometres": (lambda a: in_unit(a, 1000), r"shape/model/mean has its outer eye corners .*in micrometres\?"),
    "metres": (lambda a: in_unit(a, 0.001), r"in metres\? multiply mean, pcaBasis and points by 1000"),
    "centimetres": (lambda a: in_unit(a, 0.1), r"in centimetres\? .* by 10"),
    "inches": (lambda a: in_unit(a, 1 / 25.4), r"in inches\? .* by 25.4"),
    "colours 0..255": (
        lambda a: replace(a, colour=scaled(a.colour, 255)),
        r"color/model/mean has values .*expected 0..1; divide mean and pcaBasis by 255",
    ),
    "colours 0..65535": (lambda a: replace(a, colour=scaled(a.colour, 65535)), r"by 65535"),
    "colours 0..1/255": (lambda a: replace(a, colour=scaled(a.colour, 1 / 255)), r"on average; expected the colour"),
    "BGR": (lambda a: replace(a, colour=replace(a.colour, mean=a.colour.mean[:, ::-1])), r"more blue .*BGR\?"),
    "scaled basis": (
        lambda a: changed(a, scaled_basis),
        r"shape/model/pcaBasis has columns as long as the deviations \(already scaled\); expected columns of length 1",
    ),
    "scaled colours": (
        lambda a: replace(a, colour=scaled_basis(a.colour)),
        r"color/model/pcaBasis has columns as long",
    ),
    "deviations": (
        lambda a: changed(a, lambda part: replace(part, variance=np.sqrt(part.variance))),
        r"deviations in place of pcaVariance\? square them",
    ),
    "expression in metres": (
        lambda a: replace(a, expression=scaled(a.expression, 0.001)),
        r"expression/model/pcaBasis with pcaVariance moves a vertex by .* mm",
    ),
    "whole expression": (
        lambda a: replace(a, expression=replace(a.expression, mean=a.expression.mean + a.shape.mean)),
        r"expression/model/mean moves vertices by .*an offset to the mean shape",
    ),
    **{
        f"turned: {name}": (lambda a, turn=turn: turned(a, turn), r"shape/model/mean is a face with .*turn mean, basis")
        for name, turn in TURNED.items()
    },
}


@pytest.mark.parametrize("name", CONVENTIONS)
@pytest.mark.parametrize("components", [(6, 4, 5), (1, 1, 1)])
def test_conventions_are_named(arrays, tmp_path, name, components):
    """A model of another unit gives faces a thousand times too large, or black ones, and `focus assets` says ok."""
    change, message = CONVENTIONS[name]
    write_bfm(tmp_path / "model.h5", change(arrays))
    with pytest.raises(FocusError, match=message) as caught:
        read_bfm(tmp_path / "model.h5", *components)
    assert "\n" not in str(caught.value) and "model.h5: " in str(caught.value) and "; expected" in str(caught.value)


@pytest.mark.parametrize("factor", [0.7, 0.85, 1.15, 1.4])
@pytest.mark.parametrize("components", [(6, 4, 5), (2, 2, 2), (1, 1, 1)])
def test_human_sizes_pass(arrays, tmp_path, factor, components):
    """A child's or a giant's model, or one of few components, would be refused."""
    write_bfm(tmp_path / "model.h5", in_unit(arrays, factor))
    assert read_bfm(tmp_path / "model.h5", *components).n_shape == components[0]


@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_little_and_much_variety_pass(arrays, tmp_path, spread):
    """A model of one family, or of exaggerated faces, would be refused."""
    parts = {name: getattr(arrays, name) for name in ("shape", "expression", "colour")}
    wide = {name: replace(part, variance=part.variance * spread**2) for name, part in parts.items()}
    write_bfm(tmp_path / "model.h5", replace(arrays, **wide))
    assert read_bfm(tmp_path / "model.h5", 6, 4, 5).n_albedo == 5


def test_unit_variances_beside_a_scaled_basis_pass(arrays, tmp_path):
    """A basis that is scaled, with variances of 1, says the same as the published layout."""

    def white(part):
        return replace(scaled_basis(part), variance=np.ones_like(part.variance))

    for name, content in (("a.h5", arrays), ("b.h5", changed(arrays, white))):
        write_bfm(tmp_path / name, content)
    first, second = (read_bfm(tmp_path / name, 6, 4, 5) for name in ("a.h5", "b.h5"))
    np.testing.assert_allclose(second.shape_basis, first.shape_basis, atol=1e-5)
