"""Eq. 8 and L_S: which terms count, in which form, with which weight."""

from __future__ import annotations

import math

import numpy as np
import pytest

from focus.errors import FocusError
from focus.losses import equations as losses
from focus.settings.terms import RECONSTRUCTION, SEGMENTATION
from loss_checks import S, assert_value, tensors


def reconstruction(images, landmarks, theta, weights, forms=None, **options):
    target, rendering, mask, rendered_mask = tensors(*images)
    given = tensors(*landmarks)
    return losses.reconstruction_loss(
        weights,
        forms or {},
        target=target,
        rendering=rendering,
        mask=mask,
        rendered_mask=rendered_mask,
        landmarks=given[0],
        rendered_landmarks=given[1],
        theta=tensors(*theta),
        **options,
    )


def test_reconstruction_loss(images, landmarks, theta):
    """Eq. 8 would not be its terms' weighted sum, or leave out the released area term."""
    weights = {"pixel": 0.5, "perceptual": 0.25, "landmarks": 5e-4, "regularisation": 0.1, "area": 0.06}
    embeddings = tensors(np.eye(2), np.ones((2, 2)))
    total, terms = reconstruction(images, landmarks, theta, weights, embeddings=lambda: embeddings)
    assert list(terms) == list(weights)
    assert_value(total, sum(weights[name] * float(value) for name, value in terms.items()))
    assert_value(terms["perceptual"], 1 - math.sqrt(0.5))
    assert_value(terms["pixel"], losses.pixel_loss(*tensors(*images[:3])).item())
    assert_value(terms["landmarks"], losses.landmark_loss(*tensors(*landmarks), S).item())
    assert_value(terms["area"], losses.area_loss(*tensors(*images[2:])).item())


def test_forms_are_chosen_term_by_term(images, landmarks, theta):
    """A switch in params.yaml would change another term than its own, or none."""
    weights = {"pixel": 1.0, "regularisation": 1.0, "likelihood": 1.0}
    _, terms = reconstruction(images, landmarks, theta, weights, {"pixel": "paper"}, reduction="mean")
    expected = losses.pixel_loss(*tensors(*images[:3]), form="paper", reduction="mean")
    assert_value(terms["pixel"], expected.item())
    assert_value(terms["regularisation"], losses.regularisation_loss(*tensors(*theta)).item())


def segmentation(images, weights, forms=None, **options):
    target, rendering, mask, rendered_mask = tensors(*images)
    mask.requires_grad_()
    return mask, *losses.segmentation_loss(
        weights, forms or {}, target=target, rendering=rendering, mask=mask, rendered_mask=rendered_mask, **options
    )


def test_segmentation_loss(images):
    """L_S would not be its terms' weighted sum, or run the recogniser on other images than Eq. 2 and 4 name."""
    weights = {"neighbour": 15, "distance": 3, "area": 0.5, "preservation": 0.25, "binary": 10}
    seen = {"target": [], "rendering": []}

    def extractor(name):
        return lambda x: (seen[name].append(x), x + 0.1)[1]

    mask, total, terms = segmentation(
        images, weights, target_features=extractor("target"), rendering_features=extractor("rendering"), radius=1
    )
    total.backward()
    target, rendering, soft, _ = tensors(*images)
    assert_value(total, sum(weights[name] * float(value) for name, value in terms.items()))
    assert_value(terms["distance"], losses.distance_loss(soft * target + 0.1, soft * rendering + 0.1).item())
    assert_value(terms["preservation"], losses.preservation_loss(soft * target + 0.1, target + 0.1).item())
    assert len(seen["target"]) == 2  # M * I_T serves both terms
    assert mask.grad.abs().sum() > 0
    assert not any(value.requires_grad for value in terms.values())


def test_pixel_only_segmentation_needs_no_recogniser(images):
    """The Baseline of Table 5 would need features, or divide its error by the mask it trains."""
    _, total, _ = segmentation(images, {"pixel": 1.0})
    assert_value(total, losses.pixel_loss(*tensors(*images[:3]), form="image_mean").item())


def test_one_line_errors(images):
    """A misspelt term, form or reduction would end in a traceback or be passed over."""
    with pytest.raises(FocusError, match="'neighbor', expected some of neighbour"):
        segmentation(images, {"neighbor": 1.0})
    with pytest.raises(FocusError, match=r"forms\.area: found 'printed', expected one of paper, released"):
        segmentation(images, {"area": 1.0}, {"area": "printed"})
    with pytest.raises(FocusError, match="no term"):
        segmentation(images, {})
    with pytest.raises(FocusError, match="reduction: found 'median'"):
        segmentation(images, {"binary": 1.0}, {"binary": "paper"}, reduction="median")


def test_every_term_of_the_settings_has_a_loss(images, landmarks, theta):
    """A name that the settings admit would fail in training, or a loss be out of reach of params.yaml."""
    embeddings = tensors(np.eye(2), np.ones((2, 2)))
    _, of_r = reconstruction(
        images, landmarks, theta, dict.fromkeys(names(RECONSTRUCTION), 1.0), embeddings=lambda: embeddings
    )
    _, _, of_s = segmentation(
        images,
        dict.fromkeys(names(SEGMENTATION), 1.0),
        target_features=lambda x: x + 0.1,
        rendering_features=lambda x: x + 0.1,
    )
    assert list(of_r) == names(RECONSTRUCTION) and list(of_s) == names(SEGMENTATION)


@pytest.mark.parametrize("term", [term.name for term in (*RECONSTRUCTION, *SEGMENTATION) if term.two_forms])
def test_both_forms_are_within_reach(images, landmarks, theta, features, term):
    """A switch of params.yaml would change nothing."""
    first, second = tensors(*features)
    steps = {
        "reconstruction": lambda forms: reconstruction(images, landmarks, theta, {term: 1.0}, forms)[0],
        "segmentation": lambda forms: segmentation(
            images, {term: 1.0}, forms, target_features=lambda x: first + x.mean(), rendering_features=lambda x: second
        )[1],
    }
    for step, terms in (("reconstruction", RECONSTRUCTION), ("segmentation", SEGMENTATION)):
        if term in names(terms):
            assert float(steps[step]({})) != pytest.approx(float(steps[step]({term: "paper"})))


def names(terms):
    return [term.name for term in terms]
