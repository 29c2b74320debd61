"""How well the photo tool does on drawn people: `python -m benchmarks.photographs [--json FILE] [--fit N …]`.

People are those of the model card's set `drawn_test` and more of that kind (`focus.emulation.shots`): no stage trains
on them or chooses by them. Of each the truth is known: 68 points, turn of the head, skin tone, what hides the face.
Measured: faces found and how far their points are off; for each number of steps of `--fit` how far the model's points
are off the true ones, how far the head turn follows the true one and the found points' own, how far mouth, lids and
skin's lightness follow the truth, and how often "occluded" is right; by skin tone and by occluder. Drawn people say
little of photographs of real ones.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from focus.emulation.shots import TEST, Shot, draw_people
from focus.face_model.heads.albedo import ALBEDO_SCALE
from focus.files import write_json
from focus.methods.latent_fit import start
from focus.reconstruct.bundle import DEMO
from focus.reconstruct.calibration import found_face
from focus.reconstruct.reconstructor import Face, FoundFace, Reconstructor
from focus.reconstruct.told import landmark_error
from focus.rendering import rotation_matrix

Figures = dict[str, object]
T = TypeVar("T")
PEOPLE = 112  # half of them without an occluder, eight with each kind
BATCH = 8
INNER = 17  # the first of iBUG's points that is not of the jaw line
LIPS = ([61, 62, 63], [67, 66, 65])  # inner lips, upper and lower
LIDS = ([37, 38, 43, 44], [41, 40, 47, 46])  # upper and lower lids
DARK, LIGHT = 10.0, 41.0  # degrees of the individual typology angle (Chardon et al. 1991): below brown, above light


@dataclass(eq=False)
class Answers:
    """What the tool made of the shots that it found, for one number of steps."""

    shots: list[Shot] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)


def tone(shot: Shot) -> str:
    """Return dark, medium or light by the individual typology angle of a person's skin."""
    from skimage.color import rgb2lab

    lightness, _, yellow = rgb2lab(shot.skin)
    angle = np.degrees(np.arctan2(lightness - 50, yellow))
    return "dark" if angle < DARK else "light" if angle > LIGHT else "medium"


def turn(angles: Tensor) -> np.ndarray:
    """Return how far heads look to the image's right, degrees (B,), for Euler angles (B,3) rad."""
    matrix = rotation_matrix(angles.double()).cpu().numpy()
    return np.degrees(np.arctan2(matrix[:, 0, 2], -matrix[:, 2, 2]))


def height(points: np.ndarray) -> float:
    """Return the height of a face's points (68,2)."""
    return float(np.ptp(points[:, 1]))


def off(points: np.ndarray, truth: np.ndarray, first: int = 0) -> float:
    """Return the mean distance of points (68,2) to the true ones, from number `first`, in per cent of the face."""
    return 100 * float(np.linalg.norm(points - truth, axis=1)[first:].mean()) / height(truth)


def finding(shots: Sequence[Shot], faces: Sequence[FoundFace | None]) -> Figures:
    """Return how many were found and how far their points are off, in all and by tone and occluder."""

    def figures(rows: Sequence[int]) -> Figures:
        here = [row for row in rows if faces[row] is not None]
        errors = [off(faces[row].landmarks, shots[row].photograph.landmarks, INNER) for row in here]
        return {"people": len(rows), "found": len(here), "inner_points_off_percent": median(errors)}

    return grouped(shots, figures)


def grouped(shots: Sequence[Shot], figures: Callable[[Sequence[int]], Figures]) -> Figures:
    """Return figures of all shots, of each tone and of each occluder."""
    groups: dict[str, list[int]] = {"all": list(range(len(shots)))}
    for row, shot in enumerate(shots):
        groups.setdefault(f"skin {tone(shot)}", []).append(row)
        groups.setdefault(f"occluder {shot.occluder}", []).append(row)
    return {name: figures(groups[name]) for name in sorted(groups)}


def answers(
    reconstructor: Reconstructor, shots: Sequence[Shot], faces: Sequence[FoundFace | None], fit: int
) -> Answers:
    """Reconstruct all faces that were found."""
    pairs = [(shot, face) for shot, face in zip(shots, faces, strict=True) if face is not None]
    result = Answers([shot for shot, _ in pairs])
    batches = range(0, len(pairs), BATCH)
    for first in announced(f"fit {fit}", len(batches), batches):
        result.faces += reconstructor.reconstruct([face for _, face in pairs[first : first + BATCH]], fit=fit)
    return result


def announced(work: str, count: int, items: Iterable[T]) -> Iterator[T]:
    """Pass `count` items on; by the second of them tell how much CPU time all take (the first also loads things)."""
    before = 0.0
    for number, item in enumerate(items):
        if number == 1:
            before = time.process_time()
        if number == 2:
            print(f"{work}: about {count * (time.process_time() - before):.0f} s of CPU in all", flush=True)
        yield item


def reconstruction(reconstructor: Reconstructor, given: Answers) -> Figures:
    """Return the figures of one number of steps."""
    shots, faces = given.shots, given.faces
    truth = turn(torch.from_numpy(np.stack([shot.pose for shot in shots]))[:, :3])
    ours = turn(torch.cat([face.parameters.pose for face in faces])[:, :3])
    crops = torch.from_numpy(np.stack([face.transform.to_crop(face.landmarks) for face in faces])).float()
    own = turn(start(reconstructor.autoencoder, crops).pose[:, :3])
    covered = np.array([shot.occluder != "none" for shot in shots])
    scores = np.array([face.verdict.score for face in faces])
    called = np.array([face.verdict.occluded for face in faces])
    threshold = faces[0].verdict.threshold

    def figures(rows: Sequence[int]) -> Figures:
        errors = [off(faces[row].model_landmarks, shots[row].photograph.landmarks, INNER) for row in rows]
        right = called[rows] == covered[rows]
        return {"faces": len(rows), "inner_points_off_percent": median(errors), "verdict_right": share(right)}

    true_points = np.stack([shot.photograph.landmarks for shot in shots])
    points = np.stack([face.model_landmarks for face in faces])
    skin = lightness(np.stack([shot.skin for shot in shots]))
    albedo = lightness(np.stack([np.median(face.albedo, axis=0) for face in faces]) / ALBEDO_SCALE)
    return {
        "points_within_percent_of_found": median([100 * landmark_error(face) for face in faces]),
        "follows": {
            "mouth_opening": correlation(gap(points, *LIPS), gap(true_points, *LIPS)),
            "eye_opening": correlation(gap(points, *LIDS), gap(true_points, *LIDS)),
            "skin_lightness": correlation(albedo, skin),
        },
        "turn_slope_against_truth": round(float(np.polyfit(truth, ours, 1)[0]), 3),
        "turn_slope_against_points": round(float(np.polyfit(own, ours, 1)[0]), 3),
        "turn_error_degrees": median(np.abs(ours - truth)),
        "occluded": {
            "threshold": round(threshold, 4),
            "auc": round(float(roc_auc_score(covered, scores)), 4),
            "balanced_accuracy": round(float((called[covered].mean() + (~called[~covered]).mean()) / 2), 4),
            "best_possible": best_balanced(scores, covered),
        },
        **grouped(shots, figures),
    }


def gap(points: np.ndarray, upper: Sequence[int], lower: Sequence[int]) -> np.ndarray:
    """Return how far two rows of points of faces (N,68,2) are apart, as a share of the face's height, (N,)."""
    apart = np.linalg.norm(points[:, upper] - points[:, lower], axis=2).mean(1)
    return apart / np.ptp(points[:, :, 1], axis=1)


def lightness(colours: np.ndarray) -> np.ndarray:
    """Return CIELAB's L* of colours (N,3) as displayed, (N,)."""
    from skimage.color import rgb2lab

    return rgb2lab(np.clip(colours, 0, 1))[:, 0]


def correlation(ours: np.ndarray, truth: np.ndarray) -> float:
    """Return Pearson's correlation of two rows of numbers."""
    return round(float(np.corrcoef(ours, truth)[0, 1]), 3)


def best_balanced(scores: np.ndarray, covered: np.ndarray) -> float:
    """Return the balanced accuracy of the threshold that is best on these very scores."""
    values = [((scores[covered] >= t).mean() + (scores[~covered] < t).mean()) / 2 for t in scores]
    return round(float(max(values)), 4)


def median(values: Sequence[float]) -> float | None:
    """Return the median, None of nothing."""
    return round(float(np.median(values)), 3) if len(values) else None


def share(values: np.ndarray) -> float | None:
    """Return the mean, None of nothing."""
    return round(float(values.mean()), 3) if len(values) else None


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--model", default=DEMO, help="a model's name or a bundle's path")
    parser.add_argument("--people", type=int, default=PEOPLE, help="people drawn")
    parser.add_argument("--fit", type=int, nargs="*", help="numbers of steps; by default 0 and the model's own")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    reconstructor = Reconstructor.load(arguments.model)
    shots = list(announced("people drawn", arguments.people, draw_people(arguments.people, TEST)))
    looked_at = announced("faces found", len(shots), shots)
    faces = [found_face(reconstructor, *shot.judged[:2]) for shot in looked_at]
    table: Figures = {
        "model": reconstructor.bundle.card.name,
        "finder": reconstructor.finder.name,
        "finding": finding(shots, faces),
    }
    print(table, flush=True)
    for fit in arguments.fit or sorted({0, reconstructor.default_fit}):
        table[f"fit {fit}"] = reconstruction(reconstructor, answers(reconstructor, shots, faces, fit))
        print(f"fit {fit}", table[f"fit {fit}"], flush=True)
    if arguments.json:
        write_json(arguments.json, table)


if __name__ == "__main__":
    main()
