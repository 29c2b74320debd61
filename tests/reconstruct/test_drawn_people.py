"""The shipped model on people drawn anew, whose truth is known."""

import numpy as np
import pytest
import torch
from benchmarks.photographs import height, off, tone, turn

from focus.emulation.shots import SIDE, draw_people
from focus.reconstruct.bundle import DEMO, MODELS
from focus.reconstruct.reconstructor import Reconstructor

pytestmark = pytest.mark.skipif(
    not (MODELS / DEMO / "model.safetensors").is_file(), reason="the demo model is not shipped yet"
)


@pytest.fixture(scope="module")
def shots():
    return list(draw_people(16, 5))


@pytest.fixture(scope="module")
def faces(shots):
    r = Reconstructor.load()
    found = [r.crop_all(shot.photograph.image, shot.photograph.landmarks)[0] for shot in shots]
    return r.reconstruct(found, fit=4)


def test_heads_turn_as_far_as_people_do(shots, faces):
    """A head that looks to the side would be reconstructed nearly from the front."""
    truth = turn(torch.from_numpy(np.stack([shot.pose for shot in shots]))[:, :3])
    ours = turn(torch.cat([face.parameters.pose for face in faces])[:, :3])
    assert np.ptp(truth) > 40  # degrees: there is something to follow
    assert 0.9 < np.polyfit(truth, ours, 1)[0] < 1.1


def test_points_lie_on_the_face(shots, faces):
    """Meshes would lie beside the people in the photographs."""
    errors = [off(f.model_landmarks, s.photograph.landmarks) for f, s in zip(faces, shots, strict=True)]
    assert np.median(errors) < 4.5  # per cent of the face


def test_what_is_drawn(shots):
    """The figures of a drawn set would be of other faces than the docs say."""
    assert {shot.occluder for shot in shots} > {"none", "hand"} and len({tone(shot) for shot in shots}) > 1
    assert all(shot.photograph.image.shape == (SIDE, SIDE, 3) for shot in shots)
    assert all(0.2 * SIDE < height(shot.photograph.landmarks) < SIDE for shot in shots)
