"""Who is in Table 1's subsets and Table 3's pairs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

import tiny
from focus.errors import FocusError
from focus.evaluation.subsets import (
    OCCLUDED_CHALLENGE,
    celeba_subsets,
    head_rotation,
    now_pairs,
    occluded_fraction,
    read_list,
)
from focus.rendering import Camera


def square(low: float = 10, high: float = 29) -> np.ndarray:
    """68 landmarks whose hull is a square of 20 x 20 pixels."""
    inside = np.random.default_rng(0).uniform(low + 1, high - 1, (64, 2))
    return np.concatenate([[(low, low), (high, low), (high, high), (low, high)], inside])


@pytest.mark.parametrize(("columns", "expected"), [((0, 40), 0.0), ((0, 20), 0.5), ((15, 40), 0.25), ((35, 40), 1.0)])
def test_occluded_fraction_of_a_square_by_hand(columns, expected):
    """The subsets would be chosen by another share than the hidden part of the face."""
    visible = np.zeros((40, 40), np.uint8)
    visible[:, slice(*columns)] = 1
    assert occluded_fraction(square(), visible) == pytest.approx(expected)


def test_x_and_y_are_not_exchanged():
    """An occluded chin would count as an occluded cheek."""
    visible = np.zeros((40, 40), np.uint8)
    visible[:12] = 1
    points = square() * (1, 0.5)  # rows 5 to 14.5: ten, and columns 10 to 29
    assert occluded_fraction(points, visible) == pytest.approx(0.3, abs=0.05)


def test_face_outside_the_image_is_occluded():
    """A face cut off by the crop would divide by zero."""
    assert occluded_fraction(square() + 100, np.ones((40, 40), np.uint8)) == 1.0


def packed_squares(fractions: list[float]) -> SimpleNamespace:
    visible = np.zeros((len(fractions), 40, 40), np.uint8)
    for row, fraction in zip(visible, fractions, strict=True):
        row[:, : round(30 - 20 * fraction)] = 1
    landmarks = np.repeat(square()[None], len(fractions), 0)

    class Set(SimpleNamespace):
        def __len__(self) -> int:
            return len(fractions)

    return Set(landmarks=landmarks, true_masks=lambda: visible, names=[f"{fraction:.1f}" for fraction in fractions])


def test_celeba_subsets_take_both_ends():
    """An image of the middle would be called occluded, or one image stand in both subsets."""
    packed = packed_squares([0.5, 0.1, 0.9, 0.3, 0.7, 0.0])
    assert celeba_subsets(packed, 2, 1) == {"unoccluded": ["0.0", "0.1"], "occluded": ["0.9"]}
    halves = celeba_subsets(packed, 100, 100)
    assert halves == {"unoccluded": ["0.0", "0.1", "0.3"], "occluded": ["0.9", "0.7", "0.5"]}
    assert celeba_subsets(packed_squares([0.2]), 5, 5) == {"unoccluded": [], "occluded": ["0.2"]}


@pytest.fixture
def points() -> np.ndarray:
    model = tiny.face_model()
    return model.shape_mean[model.landmarks68].double().numpy()


def landmarks(points: np.ndarray, angles: list[float], shift: float = 0.0) -> np.ndarray:
    pose = torch.tensor([[*angles, shift, -shift, 100.0]], dtype=torch.float64)
    return Camera(224).project(torch.from_numpy(points)[None], pose)[0, :, :2].numpy()


@pytest.mark.parametrize("angles", [[0, 0, 0], [0.2, 0, 0], [0, 0.5, 0], [0, 0, -0.4], [0.1, -0.3, 0.2]])
def test_head_rotation_recovers_a_known_rotation(points, angles):
    """Pairs would be matched by something else than the head's pose."""
    expected = Rotation.from_euler("XYZ", angles)  # Rx Ry Rz, the model's pose before diag(1, -1, -1)
    found = head_rotation(landmarks(points, angles, 8.0), points)
    assert np.degrees((expected.inv() * found).magnitude()) < 3.5  # of perspective, which the affine camera lacks


def test_head_rotation_of_an_affine_image_is_exact(points):
    """Scale or place of the face would change its pose."""
    truth = Rotation.from_euler("XYZ", [0.1, 0.4, -0.2])
    image = (points @ truth.as_matrix().T)[:, :2] * (1.7, -1.7) + (80, 120)
    assert np.degrees((truth.inv() * head_rotation(image, points)).magnitude()) < 1e-6


def packed_now(points: np.ndarray, rows: list[tuple[str, str, float]]) -> SimpleNamespace:
    """Rows (subject, o for occluded | p, turn of the head in degrees); the name says all three."""
    challenge = {"o": OCCLUDED_CHALLENGE, "p": "multiview_neutral"}
    index = [{"name": f"{s}{k}{t:g}", "subject": s, "challenge": challenge[k]} for s, k, t in rows]
    return SimpleNamespace(
        landmarks=np.stack([landmarks(points, [0, np.radians(t), 0]) for _, _, t in rows]).astype(np.float32),
        index=index,
    )


def test_pairs_are_of_one_subject_unique_and_closest(points):
    """Table 3 would compare different people or poses, or count an image twice."""
    rows = [
        ("a", "o", 0),
        ("a", "o", 20),
        ("a", "p", 21),
        ("a", "p", 5),
        ("a", "p", 40),
        ("b", "o", 10),
        ("b", "p", 11),
    ]
    packed = packed_now(points, [*rows, ("c", "o", 3)])
    pairs = now_pairs(packed, points, 10)
    assert {(pair.occluded, pair.unoccluded) for pair in pairs} == {("ao0", "ap5"), ("ao20", "ap21"), ("bo10", "bp11")}
    degrees = [pair.degrees for pair in pairs]
    assert degrees == sorted(degrees) and degrees[-1] == pytest.approx(5, abs=0.6)
    assert [(pair.occluded, pair.unoccluded) for pair in now_pairs(packed, points, 1)] == [
        (pairs[0].occluded, pairs[0].unoccluded)
    ]


def test_an_image_serves_once(points):
    """One good image would be paired with every occluded one."""
    packed = packed_now(points, [("a", "o", 0), ("a", "o", 1), ("a", "p", 0.5), ("a", "p", 30)])
    pairs = now_pairs(packed, points, 10)
    assert len({pair.unoccluded for pair in pairs}) == len(pairs) == 2


def test_no_occluded_image(points):
    """A set without the challenge would be an error."""
    assert now_pairs(packed_now(points, [("a", "p", 0), ("a", "p", 1)]), points, 5) == []


def test_a_users_own_list(tmp_path):
    """A given list would be ignored, or read in another order."""
    path = tmp_path / "mine.txt"
    path.write_text("b.jpg\n\n a.jpg \n")
    assert read_list(path, ["a.jpg", "b.jpg", "c.jpg"]) == ["b.jpg", "a.jpg"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a.jpg\nz.jpg\n", "line 2 is 'z.jpg', expected one of the 2 images"),
        ("a.jpg\nb.jpg\na.jpg\n", "line 3 repeats a.jpg"),
        ("\n", "no image in the list"),
        (None, "no such file"),
    ],
)
def test_a_list_that_names_no_image(tmp_path, text, reason):
    """Table 1 or 3 would be on fewer images than the list has, without a word."""
    path = tmp_path / "mine.txt"
    if text is not None:
        path.write_text(text)
    with pytest.raises(FocusError, match=f"mine.txt: {reason}"):
        read_list(path, ["a.jpg", "b.jpg"])
