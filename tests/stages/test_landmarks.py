"""Photographs to packed crops: who is left out, and why."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from focus.datasets.crop import deep3d_crop
from focus.datasets.sample import Sample
from focus.landmarks import Face
from focus.stages.landmarks import asset_of, cropped, crops


def face() -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.column_stack([50 + 30 * np.cos(angle), 60 + 35 * np.sin(angle)])
    points[[36, 39, 42, 45, 30, 48, 54]] = [(35, 50), (45, 50), (55, 50), (65, 50), (50, 62), (40, 75), (60, 75)]
    return points.astype(np.float32)


@pytest.fixture
def samples() -> list[Sample]:
    rng = np.random.default_rng(0)
    visible = np.zeros((120, 100), np.uint8)
    visible[30:90, 20:80] = 1
    return [Sample(f"{i}.png", rng.integers(0, 255, (120, 100, 3), dtype=np.uint8), visible) for i in range(3)]


def test_cropped_like_deep3d(samples):
    """Image, mask and landmarks of a crop would not belong together."""
    found = cropped(samples[0], face(), 64, {"occluder": "scarf"})
    image, _, transform = deep3d_crop(samples[0].image, face(), 64)
    assert np.array_equal(found.image, image) and found.landmarks.dtype == np.float32
    assert np.array_equal(found.visible_face, transform.crop_mask(samples[0].visible_face))
    assert np.allclose(found.landmarks, transform.to_crop(face()), atol=1e-4)
    assert found.attributes["occluder"] == "scarf" and found.attributes["crop"] == transform.to_json()
    inside = found.landmarks[[36, 45, 30]].round().astype(int)
    assert all(found.visible_face[y, x] == 1 for x, y in inside)


def test_landmarks_as_the_release_packs_them(samples):
    """With `image.landmarks: released` R would be pulled to other points than in the release, by up to a pixel."""
    exact, released = (cropped(samples[0], face(), 64, {}, form) for form in (False, True))
    assert np.array_equal(released.landmarks, deep3d_crop(samples[0].image, face(), 64)[1].astype(np.float32))
    assert 0 < np.abs(released.landmarks - exact.landmarks).max() < 1.5
    assert np.array_equal(released.image, exact.image)


def test_images_without_a_face_are_named(samples):
    """An image without a face, or with impossible points, would stop the stage or vanish silently."""
    answers = [[Face(face(), 0.6), Face(face() / 2, 0.9)], [], [Face(np.full((68, 2), 5, np.float32), 1.0)]]
    detector, missed = SimpleNamespace(name="stub", detect=lambda images, names: answers[: len(images)]), {}
    found = list(crops(samples, detector, 64, missed, {"0.png": {"occluder": "hand"}}))
    assert [sample.name for sample in found] == ["0.png"] and found[0].attributes["occluder"] == "hand"
    assert np.allclose(found[0].landmarks, cropped(samples[0], face(), 64, {}).landmarks)
    assert list(missed) == ["1.png", "2.png"] and missed["1.png"] == "no face found by stub"
    assert missed["2.png"] and "\n" not in missed["2.png"]


def test_asset_of():
    """A split would be looked for in another data set."""
    assert [asset_of(split) for split in ("celeba_train", "celeba_test", "ar", "now")] == ["celeba_hq"] * 2 + [
        "ar",
        "now",
    ]
