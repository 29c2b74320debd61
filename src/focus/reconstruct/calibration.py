"""From which score on a face counts as occluded: chosen on validation faces, measured on the test sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from focus.datasets.packed import PackedSet
from focus.environment.workers import by_workers
from focus.evaluation.subsets import occluded_fraction
from focus.model.inference import network_images
from focus.reconstruct.occlusion import SCORED, occlusion_score, of_regions
from focus.reconstruct.reconstructor import FoundFace, Reconstructor

COVERED = 0.1  # share of the landmarks' hull that masks leave out, from which an image without a note is occluded
ON_THE_FACE = 0.25  # of the face's height: points that are found further off the true ones are another's
NOTHING_TO_CHOOSE_BY = 1.0  # only a wholly hidden face counts as occluded


@dataclass(frozen=True, eq=False)
class JudgedFaces:
    """Crops (N,3,S,S) in [0,1] with landmarks (N,68,2) px, and the truth (N,) bool: is the face occluded?"""

    images: Tensor
    landmarks: Tensor
    occluded: np.ndarray


def packed_faces(packed: PackedSet, most: int | None = None) -> JudgedFaces:
    """Return the faces of a packed set; `most`: how many of them, evenly spread, None for all."""
    rows = np.unique(np.linspace(0, len(packed) - 1, most or len(packed)).astype(int))
    landmarks = torch.from_numpy(np.array(packed.landmarks[rows]))
    return JudgedFaces(network_images(packed, rows), landmarks, is_occluded(packed)[rows])


def drawn_faces(reconstructor: Reconstructor, drawn: Iterable[tuple[np.ndarray, np.ndarray, bool]]) -> JudgedFaces:
    """Return the faces of drawn people, as the reconstructor's finder finds them, else by their true points.

    drawn: pictures (H,W,3) uint8 RGB with the true landmarks (68,2) px, and whether the face is occluded.
    """
    faces, truths = [], []
    for image, landmarks, occluded in drawn:
        faces.append(found_face(reconstructor, image, landmarks) or reconstructor.cut(image, landmarks))
        truths.append(occluded)
    images = torch.from_numpy(np.stack([face.crop for face in faces])).permute(0, 3, 1, 2).float().div_(255)
    points = np.stack([face.transform.to_crop(face.landmarks) for face in faces])
    return JudgedFaces(images, torch.from_numpy(points).float(), np.array(truths))


def found_face(reconstructor: Reconstructor, image: np.ndarray, truth: np.ndarray) -> FoundFace | None:
    """Return the face that is found where the true landmarks (68,2) px are, None where none is."""
    for face in reconstructor.finder.detect([image])[0]:
        if np.linalg.norm(face.landmarks - truth, axis=1).mean() < ON_THE_FACE * np.ptp(truth[:, 1]):
            return reconstructor.cut(image, face.landmarks)
    return None


def is_occluded(packed: PackedSet) -> np.ndarray:
    """Return (N,) bool, the truth: by the occluder noted for the image, else by its visible-face mask."""
    noted = [row.get("occluder") for row in packed.index]
    if all(noted):
        return np.array([occluder != "none" for occluder in noted])
    visible = packed.true_masks()
    return np.array([occluded_fraction(packed.landmarks[i], visible[i]) >= COVERED for i in range(len(packed))])


def occlusion_scores(reconstructor: Reconstructor, faces: JudgedFaces, steps: int, batch: int) -> np.ndarray:
    """Return (N,) the occlusion score of each face, after `steps` steps of refinement."""
    found: list[float] = []
    for images, landmarks in zip(faces.images.split(batch), faces.landmarks.split(batch), strict=True):
        prediction = reconstructor.solve(images, landmarks, steps)
        regions = reconstructor.regions(prediction.parameters).cpu().numpy()
        for i, pixels in enumerate(regions):
            rendered = prediction.rendered[i, 0].cpu().numpy() > 0
            hidden = reconstructor.hidden(prediction, images, landmarks, pixels, i)
            found.append(occlusion_score(hidden, rendered, of_regions(pixels, SCORED)))
    return np.array(found)


def middle_threshold(scores: np.ndarray, occluded: np.ndarray) -> float:
    """Return the geometric middle of the thresholds whose balanced accuracy is within one standard error of the best.

    The validation faces cannot tell these apart (the one-standard-error rule of Breiman et al. 1984), and the very best
    of them hangs on one or two faces. Thresholds are tried midway between neighbouring scores.
    """
    ordered = np.unique(scores)
    if occluded.all() or not occluded.any() or len(ordered) < 2:
        return NOTHING_TO_CHOOSE_BY
    middles = (ordered[1:] + ordered[:-1]) / 2
    right = [(scores[truth] >= middles[:, None]) == hidden for truth, hidden in ((occluded, True), (~occluded, False))]
    shares = np.stack([each.mean(1) for each in right])
    errors = np.sqrt(sum(share * (1 - share) / each.shape[1] for share, each in zip(shares, right, strict=True))) / 2
    balanced = shares.mean(0)
    best = int(balanced.argmax())
    if balanced[best] - errors[best] <= 0.5:  # the score does not tell the two apart
        return NOTHING_TO_CHOOSE_BY
    alike = middles[balanced >= balanced[best] - errors[best]]
    return float(np.sqrt(alike.min() * alike.max()))


def detection_figures(scores: np.ndarray, occluded: np.ndarray, threshold: float) -> dict[str, float | int | None]:
    """Return AUC, and the shares of occluded and of free faces that the threshold gets right; None without both."""
    from sklearn.metrics import roc_auc_score

    counts = {"images": len(occluded), "occluded": int(occluded.sum())}
    if occluded.all() or not occluded.any():
        return {**counts, "auc": None}
    called = scores >= threshold
    right = float(called[occluded].mean()), float((~called[~occluded]).mean())
    return {
        **counts,
        "auc": round(float(roc_auc_score(occluded, scores)), 4),
        "true_positive_rate": round(right[0], 4),
        "true_negative_rate": round(right[1], 4),
        "balanced_accuracy": round(sum(right) / 2, 4),
    }


def calibrate(
    reconstructor: Reconstructor,
    validation: JudgedFaces,
    tests: Mapping[str, JudgedFaces],
    steps: int,
    batch: int,
    workers: int = 0,
) -> tuple[float, dict[str, dict[str, float | int | None]]]:
    """Return the threshold for `steps` steps of refinement, and its figures on the validation and the test sets.

    `workers`: processes that measure a set each; 0: this one.
    """
    sets = {"validation": validation, **tests}
    scores = by_workers(lambda faces: occlusion_scores(reconstructor, faces, steps, batch), sets.values(), workers)
    measured = {name: (found, faces.occluded) for (name, faces), found in zip(sets.items(), scores, strict=True)}
    threshold = round(middle_threshold(*measured["validation"]), 4)
    return threshold, {name: detection_figures(*pair, threshold) for name, pair in measured.items()}
