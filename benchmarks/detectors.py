"""Landmark detectors on emulated people whose 68 points are known: `python -m benchmarks.detectors [--json FILE]`.

Nobody of the drawn people is in a data set of the pipeline: their seed is used nowhere else. Errors are in per cent of
the face's side (the larger extent of its true points) and in the face's frame (the line of the eyes is horizontal).
Systematic part of a point: its median offset over unoccluded people, which says that two point definitions differ, or
that a detector leans. Random part: the distance that is left without it. A group's value is the median over people of
the mean over its points. The interval of a difference of two detectors is a bootstrap over people that both found.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from focus.emulation.light import sample_light
from focus.emulation.people import Person, sample_people
from focus.emulation.photograph import Scene, Studio
from focus.emulation.poses import CELEBA_HQ, sample_pose
from focus.emulation.scene import compose, draw_occluders
from focus.face_model.heads import FaceGenerator
from focus.files import write_json
from focus.landmarks import Detector, mediapipe_files
from focus.landmarks.detectors import face_alignment
from focus.landmarks.detectors.face_alignment import FaceAlignmentDetector
from focus.landmarks.detectors.mediapipe import MediaPipeDetector
from focus.seeds import numpy_generator

SEED = 20261128  # of no world: those are small numbers
SIDE, LEVEL = 256, 1  # pixels, and the mesh, of the demo's portraits
BATCH = 50
RESAMPLES = 10_000
GROUPS = {
    "jaw": range(0, 17), "brows": range(17, 27), "nose ridge": range(27, 31), "nose base": range(31, 36),
    "eyes": range(36, 48), "outer lips": range(48, 60), "inner lips": range(60, 68), "inner points": range(17, 68),
    "all points": range(68),
}  # fmt: skip
TONES = ("dark", "mid", "light")


@dataclass(frozen=True, eq=False)
class People:
    """images (N,H,W,3) uint8; points (N,68,2) px, exact; tone (N,): the skin's brightness, 0..1; occluded (N,) bool."""

    images: np.ndarray
    points: np.ndarray
    tone: np.ndarray
    occluded: np.ndarray

    @property
    def tones(self) -> dict[str, np.ndarray]:
        """Thirds of the people by the skin's brightness, name -> (N,) bool."""
        third = np.digitize(self.tone, np.quantile(self.tone, [1 / 3, 2 / 3]))
        return {name: third == number for number, name in enumerate(TONES)}


def draw(count: int, seed: int) -> People:
    """Photograph `count` people without and `count` others with occluders, as emulated CelebA-HQ does."""
    generator = FaceGenerator(LEVEL, seed)
    studio = Studio(generator.template, SIDE, SIDE)
    shots, tone = [], []
    for occluded in (False, True):
        people, scenes = draw_scenes(studio, generator, count, seed, occluded)
        shots += studio.take(scenes)
        tone += [np.median(person.albedo[studio.face].mean(1)) for person in people]
    images, points = np.stack([shot.image for shot in shots]), np.stack([shot.landmarks for shot in shots])
    return People(images, points, np.array(tone), np.repeat([False, True], count))


def draw_scenes(
    studio: Studio, generator: FaceGenerator, count: int, seed: int, occluded: bool
) -> tuple[list[Person], Iterator[Scene]]:
    """Draw `count` people, and scenes with one of them each."""
    rng = numpy_generator(seed, "benchmark", "people", int(occluded))
    people = sample_people(generator, count, rng, fringe=0.25 * occluded)
    return people, _scenes(studio, people, generator.sample_expression(count, rng), occluded, rng)


def _scenes(
    studio: Studio, people: list[Person], expressions: np.ndarray, occluded: bool, rng: np.random.Generator
) -> Iterator[Scene]:
    for person, expression in zip(people, expressions, strict=True):
        occluders = draw_occluders(rng) if occluded else []
        yield compose(studio, person, expression, sample_light(rng), sample_pose(rng, CELEBA_HQ), occluders, rng)


def in_the_faces_frame(offsets: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return offsets (N,K,2) px in per cent of the face's side and turned so that the eyes, of points, are level."""
    eyes = points[:, 42:48].mean(1) - points[:, 36:42].mean(1)
    angle = np.arctan2(eyes[:, 1], eyes[:, 0])
    turn = np.stack([np.stack([np.cos(angle), -np.sin(angle)], 1), np.stack([np.sin(angle), np.cos(angle)], 1)], 1)
    side = np.ptp(points, axis=1).max(1)
    return 100 * offsets @ turn / side[:, None, None]


def find(detector: Detector, images: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the points found (N,68,2) in images (N,H,W,3), NaN where none are, and CPU seconds per image."""
    began, found = time.process_time(), []
    for start in range(0, len(images), BATCH):
        found += detector.detect(list(images[start : start + BATCH]))
    seconds = (time.process_time() - began) / len(images)
    none = np.full((68, 2), np.nan)
    return np.stack([faces[0].landmarks if faces else none for faces in found]), seconds


@dataclass(frozen=True, eq=False)
class Errors:
    """systematic (68,2), random (N,68) and total (N,68), per cent of the face's side; NaN where no face was found."""

    systematic: np.ndarray
    random: np.ndarray
    total: np.ndarray

    @classmethod
    def of(cls, found: np.ndarray, people: People) -> Errors:
        """Split the errors of points found (N,68,2)."""
        off = in_the_faces_frame(found - people.points, people.points)
        systematic = np.nanmedian(off[~people.occluded], axis=0)
        return cls(systematic, np.linalg.norm(off - systematic, axis=2), np.linalg.norm(off, axis=2))


def typical(errors: np.ndarray, people: np.ndarray, points: range) -> float:
    """Return the median over the people found, of those chosen (N,), of their mean error (N,68) over some points."""
    return float(np.nanmedian(errors[people][:, list(points)].mean(1)))


def report(errors: Errors, people: People) -> dict:
    """Return the table of one detector."""
    found = ~np.isnan(errors.total[:, 0])
    sets = {"unoccluded": ~people.occluded, "occluded": people.occluded}
    inner = GROUPS["inner points"]
    return {
        "found": {name: _share(found[chosen]) for name, chosen in sets.items()},
        "groups": {
            group: {
                "systematic": float(np.linalg.norm(errors.systematic[list(points)], axis=1).mean()),
                "random": {name: typical(errors.random, chosen, points) for name, chosen in sets.items()},
                "total": {name: typical(errors.total, chosen, points) for name, chosen in sets.items()},
            }
            for group, points in GROUPS.items()
        },
        "tones": {
            tone: {
                "found": _share(found[chosen]),
                "random": {name: typical(errors.random, chosen & kind, inner) for name, kind in sets.items()},
            }
            for tone, chosen in people.tones.items()
        },
        "median_inner_point": float(np.nanmedian(errors.random[~people.occluded][:, list(inner)])),
        "offset_xy": errors.systematic.tolist(),
    }


def _share(found: np.ndarray) -> list[int]:
    return [int(found.sum()), len(found)]


def difference(first: Errors, second: Errors, chosen: np.ndarray, points: range) -> dict:
    """Return how much larger the second detector's random part is, with a 95 % bootstrap interval over people."""
    each = np.stack([errors.random[chosen][:, list(points)].mean(1) for errors in (first, second)])
    each = each[:, ~np.isnan(each).any(0)]
    rng = np.random.default_rng(0)
    drawn = each[:, rng.integers(0, each.shape[1], (RESAMPLES, each.shape[1]))]
    margins = np.median(drawn[1], axis=1) - np.median(drawn[0], axis=1)
    low, high = np.quantile(margins, [0.025, 0.975])
    margin = float(np.median(each[1]) - np.median(each[0]))
    return {"people": each.shape[1], "margin": margin, "low": float(low), "high": float(high)}


def detectors() -> dict[str, Detector]:
    """Return the detectors that are installed."""
    known: dict[str, Detector] = {}
    if mediapipe_files.is_here():
        known["mediapipe"] = MediaPipeDetector(portraits=True)
    if face_alignment.is_here():
        known["face-alignment"] = FaceAlignmentDetector()
    return known


def rounded(value: object) -> object:
    """Return a tree of values with three decimals."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 3) if isinstance(value, float) else value


def main() -> None:
    """Draw the people, measure each detector, print the values, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--people", type=int, default=250, help="so many without, and so many with occluders")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    people = draw(arguments.people, arguments.seed)
    split, results = {}, {"seed": arguments.seed, "detectors": {}, "random_part_larger_by": {}}
    for name, detector in detectors().items():
        found, seconds = find(detector, people.images)
        split[name] = Errors.of(found, people)
        results["detectors"][name] = {"cpu_s_image": seconds, **report(split[name], people)}
    for second in list(split)[1:]:
        results["random_part_larger_by"][f"{second} - {next(iter(split))}"] = {
            f"{group}, {kind}": difference(next(iter(split.values())), split[second], chosen, GROUPS[group])
            for group in ("inner points", "all points")
            for kind, chosen in (("unoccluded", ~people.occluded), ("occluded", people.occluded))
        }
    results = rounded(results)
    print(table(results))
    if arguments.json:
        write_json(arguments.json, results)


def table(results: dict) -> str:
    """Return the values as Markdown: systematic part, random part without and with occluders, per group."""
    found = results["detectors"]
    lines = ["| | " + " | ".join(f"{name}: systematic | random | random, occluded" for name in found) + " |"]
    lines.append("|---" * (1 + 3 * len(found)) + "|")
    for group in GROUPS:
        cells = [
            f"{row['systematic']:.2f} | {row['random']['unoccluded']:.2f} | {row['random']['occluded']:.2f}"
            for row in (figures["groups"][group] for figures in found.values())
        ]
        lines.append(f"| {group} | " + " | ".join(cells) + " |")
    for name, figures in found.items():
        lines.append(f"{name}: found {figures['found']}, CPU s per image {figures['cpu_s_image']}, {figures['tones']}")
    return "\n".join([*lines, str(results["random_part_larger_by"])])


if __name__ == "__main__":
    main()
