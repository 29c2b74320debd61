"""Pictures, masks and landmarks of composed scenes."""

import numpy as np
import pytest
import torch

from focus.emulation.light import Light, sample_light
from focus.emulation.light import compose as compose_light
from focus.emulation.occluders import OCCLUDERS
from focus.emulation.people import sample_people
from focus.emulation.photograph import Scene, Studio, rim_of
from focus.emulation.poses import CELEBA_HQ, sample_pose
from focus.emulation.scene import compose
from focus.rendering import Camera, Renderer

SIZE = 96


def _take(generator, occluders, size=SIZE, supersampling=1, seed=0, fringe=0.0):
    rng = np.random.default_rng(seed)
    studio = Studio(generator.template, size, size, supersampling)
    person = sample_people(generator, 1, rng, fringe=fringe)[0]
    expression = generator.sample_expression(1, rng)[0]
    scene = compose(studio, person, expression, sample_light(rng), sample_pose(rng, CELEBA_HQ), occluders, rng)
    return scene, next(iter(studio.take([scene])))


@pytest.mark.parametrize("kind", [*OCCLUDERS, "hat"])
@pytest.mark.parametrize("supersampling", [1, 2])
def test_masks_are_exact(generator, kind, supersampling):
    """If wrong, ground truth calls an occluder face; every kind must also reach the face in some of these pictures."""
    reached = 0
    for seed in range(3):
        _, photograph = _take(generator, [kind], supersampling=supersampling, seed=seed)
        skin = photograph.parts["skin"]
        reached += kind in photograph.occluders
        assert skin.any()
        assert not (photograph.covered & skin).any()
        for mask in photograph.occluders.values():
            assert not (mask & skin).any()
        total = np.sum([mask.astype(int) for mask in photograph.parts.values()], axis=0)
        assert total.max() == 1
        assert 0 <= photograph.occluder_fraction < 1
    assert reached


def test_bare_face_is_what_the_renderer_draws(generator):
    """If wrong, pictures follow another camera, light or model frame than the fitted model."""
    rng = np.random.default_rng(1)
    vertices, albedo = generator.sample_shape(1, rng)[0], generator.sample_albedo(1, rng)[0][0]
    light = Light(
        compose_light(np.full(3, 0.9), [(np.array([0.6, 0, -0.8]), np.full(3, 0.3))]), np.array([0, 0, -1.0]), 0.0
    )
    pose = np.array([0.1, -0.2, 0.05, 4.0, -3.0, 20.0], dtype=np.float32)
    black = np.zeros((SIZE, SIZE, 3), dtype=np.float32)
    scene = Scene(vertices, albedo, light, pose, [], black, np.random.default_rng(0))
    photograph = next(iter(Studio(generator.template, SIZE, SIZE).take([scene])))
    renderer = Renderer(torch.from_numpy(generator.template.triangles), SIZE)
    arguments = (torch.from_numpy(array)[None] for array in (vertices, albedo, light.coefficients, pose))
    drawn = renderer(*arguments)
    inside = drawn.mask[0, 0].numpy() > 0.5
    bald = np.logical_or.reduce(list(photograph.parts.values()))
    assert not (bald & ~inside).any(), "face, ears and neck are where the renderer draws the head"
    difference = photograph.image[inside] / 255 - drawn.image[0].permute(1, 2, 0).clamp(0, 1).numpy()[inside]
    assert np.abs(difference).mean() < 0.03  # blur, white balance and noise


@pytest.mark.parametrize("supersampling", [1, 2])
def test_landmarks_are_projected_vertices(generator, supersampling):
    """If wrong, detectors are measured by points that are off by a fraction of a pixel or more."""
    scene, photograph = _take(generator, [], supersampling=supersampling)
    vertices = torch.from_numpy(scene.vertices[generator.template.landmarks68])[None]
    expected = Camera(SIZE).project(vertices, torch.from_numpy(scene.pose)[None])[0, :, :2]
    np.testing.assert_allclose(photograph.landmarks, expected.numpy(), atol=1e-3)
    assert photograph.landmarks.min() >= 0
    assert photograph.landmarks.max() <= SIZE - 1


def test_wide_pictures_are_the_middle_of_square_ones(generator):
    """If wrong, AR's 4:3 pictures are shifted against their landmarks."""
    rng = np.random.default_rng(0)
    person = sample_people(generator, 1, rng)[0]
    studios = Studio(generator.template, 60, 80), Studio(generator.template, 80, 80)
    pose = np.zeros(6, dtype=np.float32)
    points = []
    for studio in studios:
        scene = compose(studio, person, 0 * person.neutral, sample_light(rng), pose, [], np.random.default_rng(0))
        points.append(next(iter(studio.take([scene]))).landmarks)
    np.testing.assert_allclose(points[0] + (0, 10), points[1], atol=1e-4)


def test_no_occluder_no_cover(generator):
    """If wrong, unoccluded test images are counted as occluded."""
    _, photograph = _take(generator, [])
    assert not photograph.occluders
    assert not photograph.covered.any()
    assert photograph.occluder_fraction == 0


def test_same_scene_same_bytes(generator):
    """If wrong, a data set cannot be made twice."""
    first, second = (_take(generator, ["hand"], seed=5)[1] for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)


def test_batches_hold_scenes_of_different_make(generator):
    """If wrong, a scene with fewer patches takes over another's."""
    studio = Studio(generator.template, 48, 48)
    rng = np.random.default_rng(2)
    people = sample_people(generator, 3, rng)
    scenes = [
        compose(studio, p, 0 * p.neutral, sample_light(rng), sample_pose(rng, CELEBA_HQ), kinds, rng)
        for p, kinds in zip(people, ([], ["hand"], ["scarf"]), strict=True)
    ]
    assert [tuple(photograph.occluders) for photograph in studio.take(scenes)] == [(), ("hand",), ("scarf",)]


def test_rim_is_the_oval_in_order(generator):
    """If wrong, hair has no edge to follow."""
    rim = rim_of(generator.template.face_triangles)
    xy = generator.template.vertices[rim, :2]
    step = np.linalg.norm(xy - np.roll(xy, 1, axis=0), axis=1)
    assert len(set(rim.tolist())) == len(rim)
    assert step.max() < 20
    x, y = xy.T
    area = 0.5 * np.abs(np.sum(x * np.roll(y, 1) - y * np.roll(x, 1)))
    assert 0.85 < area / (np.pi * 64 * 88) < 1.15
