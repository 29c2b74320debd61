"""Every loss in its released form, and its gradient, against the authors' own functions on the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from focus.losses import equations as losses
from focus.model.perception import Perception
from golden_set import GoldenSet, LossInputs, feature_maps, loss_inputs, paper_recogniser

RELATIVE = 1e-5
XI = (3 * losses.SIGMA) ** 2
SEGMENTATION = {"neighbour": 15.0, "distance": 3.0, "area": 0.5, "preservation": 0.25, "binary": 10.0}
RECONSTRUCTION = {
    "pixel": 0.5, "perceptual": 0.25, "regularisation": 0.1, "landmarks": 0.0005, "area": 0.06,
}  # fmt: skip
INITIALISATION = {"likelihood": 0.5, "perceptual": 0.25, "regularisation": 0.1, "landmarks": 0.0005}
NAMES = {"neighbour": "neighbour", "distance": "dist", "area": "area", "preservation": "preserve", "binary": "binary"}


@pytest.fixture(scope="module", params=["1", "2"])
def number(request: pytest.FixtureRequest) -> str:
    """Which of the two batches."""
    return request.param


@pytest.fixture(scope="module")
def figures(golden: GoldenSet, number: str) -> dict[str, np.ndarray]:
    """The authors' values of the batch."""
    return golden.arrays(f"losses_{number}")


@pytest.fixture(scope="module")
def inputs(golden: GoldenSet, number: str, figures: dict[str, np.ndarray]) -> LossInputs:
    """What they were computed from."""
    return loss_inputs(golden, number, figures)


@pytest.fixture(scope="module")
def perception(golden: GoldenSet) -> Perception:
    """F with the weights that the rules give it."""
    return Perception(paper_recogniser(golden), 112)


def segmentation_terms(
    figures: dict[str, np.ndarray], inputs: LossInputs, perception: Perception, wanted: dict[str, float]
) -> tuple[Tensor, Tensor]:
    """Return L_S of some terms, and its gradient with respect to M before it is cut to the rendered face."""
    mask = inputs.mask.clone().requires_grad_()
    theirs, ours = (torch.from_numpy(figures[f"landmarks_{of}"]) for of in ("target", "rendered"))
    total, _ = losses.segmentation_loss(
        wanted,
        {},
        target=inputs.target,
        rendering=inputs.rendering,
        mask=mask * inputs.region,
        rendered_mask=inputs.region,
        target_features=lambda images: perception.early(images, theirs),
        rendering_features=lambda images: perception.early(images, ours),
    )
    [gradient] = torch.autograd.grad(total, mask)
    return total.detach(), gradient


def reconstruction_terms(
    figures: dict[str, np.ndarray],
    inputs: LossInputs,
    perception: Perception,
    wanted: dict[str, float],
    parameters: tuple[Tensor, ...],
) -> Tensor:
    """Return L_R of some terms."""
    theirs, ours = (torch.from_numpy(figures[f"landmarks_{of}"]) for of in ("target", "rendered"))
    total, _ = losses.reconstruction_loss(
        wanted,
        {},
        target=inputs.target,
        rendering=inputs.rendering,
        mask=inputs.mask * inputs.region,
        rendered_mask=inputs.region,
        landmarks=theirs,
        rendered_landmarks=ours,
        theta=parameters,
        embeddings=lambda: (
            perception.embedding(inputs.target, theirs),
            perception.embedding(inputs.rendering, ours),
        ),
    )
    return total


def theta(raw: Tensor) -> tuple[Tensor, ...]:
    """Return the encoder's rows as parameters, in the released code's scales and order."""
    return raw[:, :80], raw[:, 199:263], 3 * raw[:, 299:379], raw[:, 504:531], raw[:, 498:504]


def dot(gradient: Tensor, probe: Tensor) -> float:
    return float((gradient.double() * probe.double()).sum())


def assert_gradient(found: Tensor, expected: np.ndarray, stride: int, share: float) -> None:
    """Compare at every `stride`th pixel, within `share` of the largest; the values are times the count of pixels."""
    times = found.shape[0] * found.shape[2] * found.shape[3]
    sampled = (times * found[:, :, ::stride, ::stride]).numpy()
    np.testing.assert_allclose(sampled, expected, rtol=0, atol=share * np.abs(expected).max())


@pytest.mark.parametrize("term", SEGMENTATION)
def test_term_of_segmentation(figures, inputs, perception, term):
    """S would be trained by another term than the released one, as L_dist, L_presv and L_nbr were before this test."""
    found, gradient = segmentation_terms(figures, inputs, perception, {term: 1.0})
    key, through_f = f"S_{NAMES[term]}", term in ("distance", "preservation")
    expected = float(figures[f"{key}_grad_dot"])
    assert float(found) == pytest.approx(float(figures[key]), rel=RELATIVE)
    assert dot(gradient, inputs.probe) == pytest.approx(expected, rel=1e-4 if through_f else RELATIVE)
    assert_gradient(gradient, figures[f"{key}_grad"], 2, 2e-2 if through_f else 1e-4)


def test_segmentation_total(figures, inputs, perception):
    """The released weights would not give the released loss."""
    found, gradient = segmentation_terms(figures, inputs, perception, SEGMENTATION)
    assert float(found) == pytest.approx(float(figures["S_total"]), rel=RELATIVE)
    parts = [abs(weight * float(figures[f"S_{NAMES[term]}_grad_dot"])) for term, weight in SEGMENTATION.items()]
    assert dot(gradient, inputs.probe) == pytest.approx(float(figures["S_total_grad_dot"]), abs=1e-4 * sum(parts))


def test_reconstruction_total(figures, inputs, perception):
    """R would be trained by another loss than the released one, or its mask by another gradient."""
    varied = replace(
        inputs,
        rendering=inputs.rendering.clone().requires_grad_(),
        mask=inputs.mask.clone().requires_grad_(),
        raw=inputs.raw.clone().requires_grad_(),
    )
    total = reconstruction_terms(figures, varied, perception, RECONSTRUCTION, theta(varied.raw))
    of_rendering, of_mask, of_raw = torch.autograd.grad(total, (varied.rendering, varied.mask, varied.raw))
    assert float(total.detach()) == pytest.approx(float(figures["R_total"]), rel=RELATIVE)
    assert_gradient(of_rendering, figures["R_total_grad_rendering"], 4, 2e-2)
    assert_gradient(of_mask, figures["R_total_grad_mask"], 4, 1e-4)
    np.testing.assert_allclose(of_raw.numpy(), figures["R_total_grad_raw"], rtol=RELATIVE, atol=1e-9)


def test_validation_total(figures, inputs, perception):
    """The released validation loss would be another sum: R's and S's terms but L_nbr, the area with S's weight."""
    of_r = {term: weight for term, weight in RECONSTRUCTION.items() if term != "area"}
    reconstruction = reconstruction_terms(figures, inputs, perception, of_r, theta(inputs.raw))
    wanted = {term: weight for term, weight in SEGMENTATION.items() if term != "neighbour"}
    found = float(reconstruction) + float(segmentation_terms(figures, inputs, perception, wanted)[0])
    assert found == pytest.approx(float(figures["validation_total"]), rel=RELATIVE)


def inliers(figures: dict[str, np.ndarray], inputs: LossInputs) -> Tensor:
    return losses.preliminary_mask(inputs.target, inputs.rendering, XI) * inputs.region


def test_inliers(figures, inputs):
    """Eq. 10 would take other pixels for the face."""
    found = np.packbits(inliers(figures, inputs).numpy().astype(bool)[:, 0])
    assert (np.unpackbits(found) != np.unpackbits(figures["init_inliers"])).sum() <= 2  # rounding at the threshold


def test_initialisation(figures, inputs, perception):
    """The colour term of the initialisation would be some hundred times too weak beside the others."""
    rendering = inputs.rendering.clone().requires_grad_()
    mask = inliers(figures, inputs)
    likelihood = losses.likelihood_loss(inputs.target, rendering, mask)
    [gradient] = torch.autograd.grad(likelihood, rendering)
    assert float(likelihood.detach()) == pytest.approx(float(figures["init_likelihood"]), rel=RELATIVE)
    assert_gradient(gradient, figures["init_likelihood_grad"], 4, 1e-4)
    varied = replace(inputs, rendering=rendering, mask=mask)
    total = reconstruction_terms(figures, varied, perception, INITIALISATION, theta(inputs.raw))
    assert float(total.detach()) == pytest.approx(float(figures["init_total"]), rel=RELATIVE)
    [gradient] = torch.autograd.grad(total, rendering)
    assert_gradient(gradient, figures["init_total_grad_rendering"], 4, 2e-2)


@pytest.mark.parametrize(("loss", "key"), [(losses.preservation_loss, "preserve"), (losses.distance_loss, "dist")])
def test_features(golden, number, figures, loss: Callable[[Tensor, Tensor], Tensor], key: str):
    """Features would be compared as they are, in place of divided by their norm over the image's width."""
    maps = [m.requires_grad_() for m in feature_maps(golden, number, len(figures["region_ellipse"]))]
    target, masked, rendered = maps
    other = target if key == "preserve" else rendered
    found = loss(masked, other)
    assert float(found.detach()) == pytest.approx(float(figures[f"maps_{key}"]), rel=RELATIVE)
    for gradient, name in zip(torch.autograd.grad(found, (masked, other)), ("target_masked", "other"), strict=True):
        expected = figures[f"maps_{key}_grad_{name}"]
        assert torch.isfinite(gradient).all()
        np.testing.assert_allclose(gradient[:, :, 3:].numpy(), expected, rtol=0, atol=1e-4 * np.abs(expected).max())
