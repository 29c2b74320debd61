"""The threshold of "occluded" is chosen on faces whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

import bundles
from focus.emulation.shots import draw_people
from focus.landmarks import Face
from focus.reconstruct.calibration import (
    calibrate,
    detection_figures,
    drawn_faces,
    found_face,
    middle_threshold,
    occlusion_scores,
)
from focus.reconstruct.reconstructor import Reconstructor


@pytest.fixture(scope="module")
def shots():
    return list(draw_people(4, 7, 96))


class AtTheTruth:
    """Finds the first person only, a little beside the true points, and something far off beside it."""

    name = "a test's"

    def __init__(self, shots):
        self.shots = shots

    def detect(self, images, names=()):
        return [self.faces(image) for image in images]

    def faces(self, image):
        truth = self.shots[0].photograph.landmarks
        mine = np.array_equal(image, self.shots[0].photograph.image)
        return [Face(truth + 500, 0.9), *([Face(truth + 1, 0.5)] if mine else [])]


def test_people_are_others_with_each_seed(shots):
    """Thresholds would be chosen on the people that they are tried on."""
    again, other = (list(draw_people(2, seed, 96)) for seed in (7, 8))
    assert np.array_equal(again[0].photograph.image, shots[0].photograph.image)
    assert not np.array_equal(other[0].photograph.image, shots[0].photograph.image)
    assert [shot.occluder for shot in shots][1::2] == ["none", "none"]
    assert {shot.occluder for shot in shots} - {"none"}


def test_faces_are_those_that_the_tool_finds(shots):
    """Scores would be those of perfect landmarks, which photographs do not have; or of something beside the face."""
    r = Reconstructor(bundles.bundle(), finder=AtTheTruth(shots))
    assert np.allclose(found_face(r, *shots[0].judged[:2]).landmarks, shots[0].photograph.landmarks + 1, atol=1e-3)
    assert found_face(r, *shots[1].judged[:2]) is None
    faces = drawn_faces(r, [shot.judged for shot in shots])
    assert faces.images.shape[0] == len(shots) and faces.occluded.tolist() == [s.occluder != "none" for s in shots]


def test_calibrate(shots):
    """The threshold would be of other faces than the figures beside it."""
    r = Reconstructor(bundles.bundle(), finder=AtTheTruth(shots))
    faces = drawn_faces(r, [shot.judged for shot in shots])
    threshold, figures = calibrate(r, faces, {"test": faces}, 0, 3)
    assert figures["validation"] == figures["test"] and figures["test"]["images"] == 4
    assert 0 <= threshold <= 1
    alone = [occlusion_scores(r, drawn_faces(r, [shot.judged]), 0, 1)[0] for shot in shots]
    assert np.allclose(occlusion_scores(r, faces, 0, 3), alone, atol=1e-4)


def test_threshold_separates():
    """Occluded faces would be called free."""
    scores, truth = np.array([0.0, 0.1, 0.2, 0.3]), np.array([False, False, True, True])
    threshold = middle_threshold(scores, truth)
    assert 0.1 < threshold < 0.2
    assert detection_figures(scores, truth, threshold) == {
        "images": 4, "occluded": 2, "auc": 1.0, "true_positive_rate": 1.0, "true_negative_rate": 1.0,
        "balanced_accuracy": 1.0,
    }  # fmt: skip
    assert middle_threshold(scores, np.ones(4, bool)) == 1.0
    assert middle_threshold(np.zeros(4), truth) == 1.0  # nothing tells them apart
    assert middle_threshold(1 - scores, truth) == 1.0  # nor does a score that is wrong
    assert detection_figures(scores, np.ones(4, bool), 1.0)["auc"] is None


def test_threshold_hangs_on_no_single_image():
    """One odd validation image would move the threshold for everybody."""
    scores, truth = np.linspace(0, 0.5, 40), np.arange(40) >= 20
    odd = truth.copy()
    odd[-1] = False
    assert middle_threshold(scores, odd) == pytest.approx(middle_threshold(scores, truth), abs=0.05)


def test_threshold_lies_amid_those_that_do_equally_well():
    """Other validation people of the same kind would move it from one end of these to the other."""
    chosen = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        scores = np.concatenate([rng.uniform(0.0, 0.02, 60), 0.02 * 10 ** rng.uniform(-1.0, 1.5, 60)])
        truth = np.arange(120) >= 60
        chosen.append(middle_threshold(scores, truth))
        balanced = [((scores[truth] >= t).mean() + (scores[~truth] < t).mean()) / 2 for t in (*scores, chosen[-1])]
        assert balanced[-1] > max(balanced) - 0.04
    assert max(chosen) < 1.6 * min(chosen)
