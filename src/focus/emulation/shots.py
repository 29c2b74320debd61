"""Drawn people whose truth is known, for thresholds and values of the photo tool.

Every second one has no occluder, the others one of each kind in turn; they turn further than those of the training set.
Each seed draws other people: give one that no stage and no other set has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from focus.emulation.light import sample_light
from focus.emulation.occluders import OCCLUDERS
from focus.emulation.people import sample_people
from focus.emulation.photograph import Photograph, Scene, Studio
from focus.emulation.poses import Framing, sample_pose
from focus.emulation.scene import compose
from focus.face_model.heads import FaceGenerator
from focus.face_model.heads.albedo import ALBEDO_SCALE
from focus.seeds import numpy_generator

SIDE = 256  # pixels of the pictures
FRAMING = Framing((0.15, 0.40, 0.10), 0.06, (1300.0, 1900.0))
KINDS = sorted({*OCCLUDERS, "hat"} - {"glasses"})  # clear glasses hide next to nothing
VALIDATION, TEST = 43_000, 41_000  # seeds: of the people by whom thresholds are chosen, and of those they are tried on


@dataclass(frozen=True, eq=False)
class Shot:
    """A drawn person: the photograph, the skin's median colour (3,) as displayed, 0..1, the head's pose (6,) of
    `focus.rendering.camera`, and the occluder that hides some of the face, or "none".
    """

    photograph: Photograph
    skin: NDArray[np.float32]
    pose: NDArray[np.float32]
    occluder: str

    @property
    def judged(self) -> tuple[NDArray[np.uint8], NDArray[np.float32], bool]:
        """The picture, its true landmarks (68,2) px, and whether the face is occluded."""
        return self.photograph.image, self.photograph.landmarks, self.occluder != "none"


def draw_people(count: int, seed: int, side: int = SIDE) -> Iterator[Shot]:
    """Draw people into pictures of `side` px; the first of them do not depend on their number."""
    generator = FaceGenerator(1, 0)
    studio = Studio(generator.template, side, side)
    drawn: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []  # skin and pose

    def scenes() -> Iterator[Scene]:
        """Compose one person after another."""
        for number in range(count):
            rng = numpy_generator(seed, "photo tool", "drawn people", number)
            person, expression = sample_people(generator, 1, rng)[0], generator.sample_expression(1, rng)[0]
            pose, light = sample_pose(rng, FRAMING), sample_light(rng)
            skin = np.median(person.albedo[studio.face], axis=0) / np.float32(ALBEDO_SCALE)
            drawn.append((skin, pose))
            occluders = [] if number % 2 else [KINDS[number // 2 % len(KINDS)]]
            yield compose(studio, person, expression, light, pose, occluders, rng)

    for number, photograph in enumerate(studio.take(scenes())):
        yield Shot(photograph, *drawn[number], next(iter(photograph.occluders), "none"))
