"""Segmentation scores against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from focus.errors import FocusError
from focus.evaluation.segmentation import Scores, scores


def test_agrees_with_scikit_learn() -> None:
    """If this fails Tables 4 and 5 use other definitions than the field's."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        predicted, share = rng.random((12, 12)), rng.random(2)
        visible, rendered = rng.random((12, 12)) < share[0], rng.random((12, 12)) < 0.2 + 0.8 * share[1]
        found = scores(predicted, visible, rendered)
        truth, said = visible[rendered], predicted[rendered] >= 0.5
        expected = [accuracy_score(truth, said)]
        expected += [metric(truth, said, zero_division=0) for metric in (precision_score, recall_score, f1_score)]
        np.testing.assert_allclose([found.acc, found.ppv, found.tpr, found.f1], expected)


def test_rounded_by_hand() -> None:
    """If this fails a half counts as no face, or pixels outside the rendered region count."""
    predicted = np.array([[0.75, 0.25], [0.5, 1.0]])
    visible = np.array([[1, 1], [0, 0]])
    rendered = np.array([[1, 1], [1, 0]])
    assert scores(predicted, visible, rendered) == Scores(1 / 3, 0.5, 0.5, 0.5)


def test_empty_denominators() -> None:
    """If this fails an image without a face, or without an answer, breaks or flatters the mean."""
    one, none = np.ones((2, 2)), np.zeros((2, 2))
    assert scores(none, one, one) == Scores(0.0, 0.0, 0.0, 0.0)
    assert scores(one, none, one) == Scores(0.0, 0.0, 0.0, 0.0)
    assert scores(none, none, one) == Scores(1.0, 1.0, 1.0, 1.0)
    assert np.isnan(scores(one, one, none).acc)


@pytest.mark.parametrize(
    ("predicted", "visible", "reason"),
    [
        (np.ones((4, 4)), np.ones((4, 5)), r"visible: mask of shape \(4, 5\), expected the predicted mask's \(4, 4\)"),
        (np.full((4, 4), 255), np.ones((4, 4)), "predicted: values from 255 to 255, expected 0 to 1"),
        (np.full((4, 4), np.nan), np.ones((4, 4)), "predicted: values from nan"),
    ],
)
def test_bad_input(predicted, visible, reason) -> None:
    """If this fails a mask of another size or range gets a score."""
    with pytest.raises(FocusError, match=reason):
        scores(predicted, visible, np.ones((4, 4)))
