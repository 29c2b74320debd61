"""Landmarks in another convention are told from faces, in poses of all kinds."""

import numpy as np
import pytest
import torch

from focus.datasets.landmark_check import MEAN_FACE, check_landmarks, placed
from focus.errors import FocusError
from focus.face_model.heads import FaceGenerator
from focus.rendering.camera import rotation_matrix

COUNT, SIZE = 400, (640, 480)
CONVENTIONS = {
    "mirrored": lambda p: (SIZE[0], 0) + p * (-1, 1),
    "y upwards": lambda p: (0, SIZE[1]) + p * (1, -1),
    "x and y exchanged": lambda p: p[:, ::-1],
    "all x first": lambda p: p.T.reshape(68, 2),
    "shuffled": lambda p: p[np.random.default_rng(0).permutation(68)],
    "shares of": lambda p: p / SIZE,
    "of another photograph": lambda p: p * 2,
}


@pytest.fixture(scope="module")
def faces():
    """(COUNT,68,2) px: heads 1.3 times as far from the mean as people are, with strong expressions, nodding by 35,
    turned by 60, tilted by 45 degrees, seen from 0.35 to 1.5 m, with 1.5 % noise.
    """
    generator, rng = FaceGenerator(0, 0, whole=False), np.random.default_rng(0)
    kept, mean = generator.template.landmarks68, generator.template.vertices.astype(np.float32)
    heads = mean + 1.3 * (generator.sample_shape(COUNT, rng, rich=True) - mean)
    points = torch.from_numpy((heads + generator.sample_expression(COUNT, rng, 1.3))[:, kept])
    angles = rng.uniform(-1, 1, (COUNT, 3)) * np.deg2rad([35, 60, 45])
    turn = rotation_matrix(torch.tensor(angles, dtype=torch.float32))
    seen = ((points - points.mean(1, keepdim=True)) @ turn.transpose(1, 2)).numpy()
    flat = seen[..., :2] / (seen[..., 2:] + rng.uniform(350, 1500, (COUNT, 1, 1)))
    flat *= (200 / np.ptp(flat, axis=1).max(1))[:, None, None]
    return flat + rng.normal(0, 3, flat.shape) + (330, 250)


def refused(points):
    try:
        check_landmarks(points, SIZE, "x.csv: line 1")
    except FocusError as error:
        return str(error)
    return ""


def test_no_real_pose_is_refused(faces):
    """Good landmarks of turned and tilted faces would be refused: the rate of false alarms is to be 0."""
    assert [alarm for alarm in map(refused, faces) if alarm] == []


@pytest.mark.parametrize("degrees", [90, 135, 180, 270])
def test_pictures_on_their_side_pass(faces, degrees):
    """A photograph that lies on its side or head, whose landmarks lie with it, is no other convention."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    assert not any(refused((points - (330, 250)) @ turn + (330, 240)) for points in faces)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_each_convention_is_named(faces, name):
    """Landmarks of another program would be cropped and reconstructed without a word."""
    told = [refused(CONVENTIONS[name](points)) for points in faces]
    assert all("\n" not in line and line.startswith("x.csv: line 1: landmarks") for line in told)
    # Which of three reflections it is shows only where the face itself is not tilted half-way to the next.
    upright = [line for line, points in zip(told, faces, strict=True) if abs(placed(points)[2]) < np.deg2rad(40)]
    assert len(upright) > COUNT / 2 and all(name in line for line in upright), [x for x in upright if name not in x][:3]


def test_points_on_a_line_are_refused(faces):
    """A table in which x stands twice, in place of x and y, would be cropped without a word."""
    assert all("on one line" in refused(points[:, [0, 0]]) for points in faces)


def test_a_face_at_the_rim_passes(faces):
    """Half a face in the picture is common in group photographs."""
    for move in ((300, 0), (-330, 0), (0, 230), (0, -250), (230, 150)):
        assert not any(refused(points + np.array(move)) for points in faces), move


def test_mean_face_is_the_mean_heads():
    """A point typed into the wrong row, or a mean face of other heads, would loosen every fit."""
    template = FaceGenerator(0, 0, whole=False).template
    np.testing.assert_allclose(MEAN_FACE[:, :3], template.vertices[template.anatomy68], atol=0.51)  # whole mm
