"""Many pictures of many people, held in memory: a stand-in for the set a face recogniser is trained on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from focus.emulation.light import sample_light
from focus.emulation.people import sample_people, with_other_hair
from focus.emulation.photograph import Scene, Studio
from focus.emulation.poses import IDENTITIES, sample_pose
from focus.emulation.scene import compose, draw_occluders
from focus.face_model.heads import FaceGenerator
from focus.seeds import numpy_generator

_OCCLUDED = 0.15


def emulate_identities(
    generator: FaceGenerator, identities: int = 150, images: int = 14, size: int = 96, seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float32]]:
    """Photograph people in changing light, pose, expression, hair, clothes and places; some with an occluder.

    Hair changes from picture to picture, so that a recogniser has to look at the face: a rendering has no hair.

    Returns images (N,S,S,3) uint8 RGB, labels (N,) int64 = number of the person, and exact landmarks (N,68,2) float32
    in pixels (x, y; y down, pixel centres at integers); N = identities * images, person by person.
    """
    studio = Studio(generator.template, size, size)

    def scenes() -> Iterator[Scene]:
        for number in range(identities):
            rng = numpy_generator(seed, "emulation", "identities", number)
            person = sample_people(generator, 1, rng)[0]
            for expression in generator.sample_expression(images, rng):
                occluders = draw_occluders(rng) if rng.random() < _OCCLUDED else []
                light, pose = sample_light(rng), sample_pose(rng, IDENTITIES)
                yield compose(studio, with_other_hair(person, rng), expression, light, pose, occluders, rng)

    count = identities * images
    pictures = np.empty((count, size, size, 3), dtype=np.uint8)
    landmarks = np.empty((count, 68, 2), dtype=np.float32)
    for index, photograph in enumerate(studio.take(scenes())):
        pictures[index], landmarks[index] = photograph.image, photograph.landmarks
    return pictures, np.repeat(np.arange(identities, dtype=np.int64), images), landmarks
