"""Writes emulated portraits in the layout of CelebAMask-HQ."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np

from focus.datasets.celebamask_hq import (
    FIRST_TEST,
    FIRST_VALIDATION,
    IMAGE_FOLDER,
    MAPPING_FILE,
    MASK_FOLDER,
    MASK_SIZE,
)
from focus.datasets.landmark_table import write_landmark_table
from focus.emulation.files import Fact, enlarged, fact, save_jpeg, save_png, write_facts
from focus.emulation.light import sample_light
from focus.emulation.people import sample_people
from focus.emulation.photograph import Photograph, Scene, Studio
from focus.emulation.poses import CELEBA_HQ, sample_pose
from focus.emulation.scene import compose, draw_occluders
from focus.environment.workers import by_workers
from focus.errors import FocusError
from focus.face_model.heads import FaceGenerator
from focus.files import whole_directory
from focus.seeds import numpy_generator

# Group of images -> where its CelebA indices begin, so that the standard split rule gives our splits.
GROUPS = {"train": 0, "val": FIRST_VALIDATION, "test_unoccluded": FIRST_TEST, "test_occluded": FIRST_TEST + 10_000}
LANDMARK_FILE = "landmarks.csv"
_FRINGE = 0.25  # share of people with hair over the forehead, where occluders are allowed
_CHUNK = 48  # people drawn at once; a multiple of the studio's batches


def write_celeba_hq(
    root: Path,
    generator: FaceGenerator,
    counts: Mapping[str, int],
    size: int = 256,
    seed: int = 0,
    occluded_share: float = 0.6,
    parts: Collection[str] = ("eye_g",),
    workers: int = 0,
) -> None:
    """Write portraits, part masks, the mapping file, landmarks of the training images, and emulation.csv.

    One person an image, so no person is in two splits. Mask `skin` is every visible pixel of the face mesh.

    Args:
        root: folder to make; replaced whole.
        generator: of the faces.
        counts: images of each of GROUPS.
        size: side of the images, pixels; masks are 512 as published.
        seed: of the emulated world.
        occluded_share: share of training and validation images with an occluder.
        parts: further part masks to write for test images, where the part hides some of the face. (Every part of every
            image would be ten thousand small files, which DVC pays for.)
        workers: processes that draw; 0: this one.

    Raises:
        FocusError: when `counts` does not name exactly the four groups.
    """
    if set(counts) != set(GROUPS):
        raise FocusError(f"celeba_hq counts: {', '.join(counts) or 'nothing'} found, expected {', '.join(GROUPS)}")
    studio = Studio(generator.template, size, size, supersampling=1 if size >= 192 else 2)
    people = [(group, number) for group in GROUPS for number in range(counts[group])]
    indices = {person: index for index, person in enumerate(people)}
    with whole_directory(root) as folder:

        def take(first: tuple[str, int]) -> list[tuple[Fact, np.ndarray]]:
            """Take and save the portraits of a chunk; return their facts and landmarks."""
            group, start = first
            chance = {"test_unoccluded": 0.0, "test_occluded": 1.0}.get(group, occluded_share)
            numbers = range(start, min(start + _CHUNK, counts[group]))
            taken = []
            for number, photograph in zip(
                numbers, studio.take(_scenes(generator, studio, group, numbers, seed, chance)), strict=True
            ):
                index = indices[group, number]
                _save(folder, index, photograph, parts if group.startswith("test") else ())
                taken.append((fact(f"{index}.jpg", f"{group}-{number:05d}", photograph), photograph.landmarks))
            return taken

        chunks = [(group, number) for group, number in people if number % _CHUNK == 0]
        taken = [portrait for chunk in by_workers(take, chunks, workers) for portrait in chunk]
        originals = (GROUPS[group] + number for group, number in people)
        mapping = [f"{index:<12d} {original:<12d} {original + 1:06d}.jpg" for index, original in enumerate(originals)]
        lines = ["idx          orig_idx     orig_file", *mapping]
        (folder / MAPPING_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
        landmarks = {facts.image: points for facts, points in taken[: counts["train"]]}
        write_landmark_table(folder / LANDMARK_FILE, landmarks)
        write_facts(folder, [facts for facts, _ in taken])


def _scenes(
    generator: FaceGenerator, studio: Studio, group: str, numbers: range, seed: int, chance: float
) -> Iterator[Scene]:
    """Compose the portraits of a chunk, one person each, an occluder in a share `chance` of them.

    Each has a generator of its own, so that none depends on their number.
    """
    rng = numpy_generator(seed, "emulation", "celeba_hq", group, "people", numbers.start)
    people = sample_people(generator, _CHUNK, rng, fringe=_FRINGE if chance else 0.0)
    expressions = generator.sample_expression(_CHUNK, rng)
    for number, person, expression in zip(numbers, people, expressions, strict=False):
        rng = numpy_generator(seed, "emulation", "celeba_hq", group, "photograph", number)
        occluders = draw_occluders(rng) if rng.random() < chance else []
        pose, light = sample_pose(rng, CELEBA_HQ), sample_light(rng)
        yield compose(studio, person, expression, light, pose, occluders, rng)


def _save(folder: Path, index: int, photograph: Photograph, parts: Collection[str]) -> None:
    save_jpeg(folder / IMAGE_FOLDER / f"{index}.jpg", photograph.image)
    hiding = {
        part for part in parts if part in photograph.parts and (photograph.parts[part] & photograph.covered).any()
    }
    for part in sorted({"skin", *hiding}):
        mask = enlarged(photograph.parts[part] * np.uint8(255), MASK_SIZE, MASK_SIZE)
        save_png(folder / MASK_FOLDER / str(index // 2000) / f"{index:05d}_{part}.png", mask)
