"""Writes emulated phone pictures and scans in the layout of the NoW benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from focus.datasets.meshes import write_obj
from focus.datasets.now import IMAGE_FOLDER, LANDMARK_FOLDER, LISTS, SCAN_FOLDER
from focus.emulation.files import Fact, fact, save_jpeg, write_facts
from focus.emulation.light import sample_light
from focus.emulation.people import Person, sample_people
from focus.emulation.photograph import Scene, Studio
from focus.emulation.poses import NOW, sample_pose
from focus.emulation.scans import picked_points, picked_points_xml, scan
from focus.emulation.scene import compose, draw_occluders
from focus.face_model.heads import FaceGenerator
from focus.files import whole_directory, write_text
from focus.seeds import numpy_generator

TEST_SUBJECTS, TEST_IMAGES = 2, 2  # a token test list: as published, its people have no scans
_POSE_JITTER = np.array([0.03, 0.03, 0.02, 6.0, 6.0, 30.0])  # radians and mm between the pictures of a pair
_PLAIN = ("multiview_neutral", "multiview_expressions", "selfie")
_EXPRESSION = {"multiview_neutral": 0.15, "multiview_expressions": 1.3, "multiview_occlusions": 0.4, "selfie": 0.8}


class Shot(NamedTuple):
    """One picture to take: person, challenge, number (which names the file), and whether something hides the face."""

    subject: str
    challenge: str
    number: int
    occluded: bool

    @property
    def name(self) -> str:
        """The line of the image list."""
        return f"{self.subject}/{self.challenge}/IMG_{self.number:04d}.jpg"


def write_now(
    root: Path,
    generator: FaceGenerator,
    subjects: int = 20,
    images_per_subject: int = 20,
    size: int = 256,
    seed: int = 0,
    scan_spacing_mm: float = 2.7,
) -> None:
    """Write image lists, pictures, scans, picked points and emulation.csv.

    Every second picture of a person is occluded and has nearly the pose of the one before it, so that pairs exist.
    Scans are neutral faces with a mesh of their own and relief that neither the pictures nor the model have.

    root: folder to make; replaced whole. subjects: people of the validation list, with images_per_subject pictures
    each; TEST_SUBJECTS others make the test list. size: side of the pictures, pixels. seed: of the emulated world.
    scan_spacing_mm: spacing of a scan's vertices; 2.7 gives about 3,000 in the evaluated region.
    """
    studio = Studio(generator.template, size, size, supersampling=1 if size >= 192 else 2)
    with whole_directory(root) as folder:
        facts = list[Fact]()
        for split, people, images in (
            ("validation", subjects, images_per_subject),
            ("test", TEST_SUBJECTS, min(TEST_IMAGES, images_per_subject)),
        ):
            lines = []
            for number in range(people):
                subject = f"emulated_{split}_{number + 1:03d}"
                person = sample_people(generator, 1, numpy_generator(seed, "emulation", "now", "person", subject))[0]
                shots = _plan(subject, images)
                for shot, photograph in zip(
                    shots, studio.take(_scenes(studio, generator, person, shots, seed)), strict=True
                ):
                    save_jpeg(folder / IMAGE_FOLDER / shot.name, photograph.image)
                    facts.append(fact(shot.name, subject, photograph))
                    lines.append(shot.name)
                if split == "validation":
                    _save_scan(folder, subject, person, studio, scan_spacing_mm, seed)
            write_text(folder / LISTS[split], "\n".join(lines) + "\n")
        write_facts(folder, facts)


def _plan(subject: str, images: int) -> list[Shot]:
    """Pictures alternate between open and hidden faces; the open ones go through the other challenges in turn."""
    shots = []
    for number in range(images):
        pair, occluded = divmod(number, 2)
        challenge = "multiview_occlusions" if occluded else _PLAIN[pair % 3]
        shots.append(Shot(subject, challenge, number + 1, bool(occluded)))
    return shots


def _scenes(studio: Studio, generator: FaceGenerator, person: Person, shots: list[Shot], seed: int) -> Iterator[Scene]:
    pose: NDArray[np.float32] | None = None
    for shot in shots:
        rng = numpy_generator(seed, "emulation", "now", "photograph", shot.name)
        if shot.occluded and pose is not None:
            pose = (pose + rng.standard_normal(6) * _POSE_JITTER).astype(np.float32)
        else:
            pose = sample_pose(rng, NOW)
        expression = generator.sample_expression(1, rng, _EXPRESSION[shot.challenge])[0]
        occluders = draw_occluders(rng) if shot.occluded else []
        yield compose(studio, person, expression, sample_light(rng), pose, occluders, rng)


def _save_scan(folder: Path, subject: str, person: Person, studio: Studio, spacing_mm: float, seed: int) -> None:
    """Write one person's scan and picked points."""
    rng = numpy_generator(seed, "emulation", "now", "scan", subject)
    vertices, triangles = scan(studio.template, person.neutral, spacing_mm, rng)
    write_obj(folder / SCAN_FOLDER / subject / f"{subject}.obj", vertices, triangles)
    points = picked_points(studio.template, person.neutral, rng)
    document = picked_points_xml(points, f"{subject}.obj")
    write_text(folder / LANDMARK_FOLDER / subject / f"{subject}_picked_points.pp", document)
