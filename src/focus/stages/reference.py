"""A face that no network saw, on Tables 1, 2, 3 and 5: the face model's mean, or its best fit to the ground truth."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch

from focus.datasets.scans import Scan, read_scans
from focus.evaluation.per_image import image_row, person_rows, pooled, write_figures
from focus.evaluation.scan_fit import fit_scan
from focus.face_model import FaceModel
from focus.files import whole_directory
from focus.methods.true_mask_fit import ALL, POSE_AND_LIGHT, fit
from focus.model.inference import network_images
from focus.registry.testsets import TESTSETS, WITH_MASKS, TestSet
from focus.settings import AutoencoderSettings, Evaluation, Key, Reference, ReferenceFit
from focus.stages import build, paths
from focus.stages.predictions import membership
from focus.stages.runner import run_one_of

logger = logging.getLogger(__name__)

FREE = {"mean": POSE_AND_LIGHT, "fitted": ALL}


@dataclass(frozen=True, kw_only=True)
class Settings(AutoencoderSettings):
    """What the stage reads."""

    reference_fit: ReferenceFit
    evaluation: Evaluation
    reference: Annotated[Reference, Key("references.{name}")]


def work(settings: Settings, name: str) -> None:
    """Write results/metrics/<name>."""
    plan = settings.reference
    rows = [
        row | {"testset": testset.name}
        for testset in WITH_MASKS
        if build.has(testset.split)
        for row in image_figures(settings, testset, plan.face)
    ]
    errors: dict[str, list[np.ndarray]] = {}
    if build.has("now"):
        packed, model = build.packed("now"), build.face_model()
        scans = read_scans(packed.folder)
        subsets = membership(TESTSETS["NoW"], packed)
        found, errors = person_rows(packed, scans, meshes(model, scans, plan.face), model, subsets)
        rows += found
    with whole_directory(paths.METRICS / name) as folder:
        write_figures(folder, plan.label, rows, pooled(errors))


def image_figures(settings: Settings, testset: TestSet, face: str) -> list[dict[str, object]]:
    """Return the rows of the images of one set that tables count, each fitted to its own visible pixels."""
    packed, autoencoder = build.packed(testset.split), build.autoencoder(settings)
    subsets, rows = membership(testset, packed), list[dict[str, object]]()
    places = [k for k, name in enumerate(packed.names) if testset.counts(subsets.get(name, ""))]
    for first in range(0, len(places), settings.evaluation.batch):
        part = places[first : first + settings.evaluation.batch]
        images, landmarks = network_images(packed, np.array(part)), torch.from_numpy(packed.landmarks[part])
        visible = torch.from_numpy(packed.true_masks()[part]).float()[:, None]
        images, landmarks, visible = (each.to(autoencoder.device) for each in (images, landmarks, visible))
        plan = settings.reference_fit
        result = fit(autoencoder, images, landmarks, visible, FREE[face], plan.steps, plan.lr).cpu()
        fits, regions = result.image.permute(0, 2, 3, 1).numpy(), result.mask[:, 0].numpy()
        for place, image, region in zip(part, fits, regions, strict=True):
            rows.append(image_row(packed, place, image, region, None) | {"subset": subsets[packed.names[place]]})
        logger.info("%s: fitted %d of %d images", testset.name, len(rows), len(places))
    return rows


def meshes(model: FaceModel, scans: Mapping[str, Scan], face: str) -> dict[str, np.ndarray]:
    """Return person -> neutral mesh (V,3) float64 mm: the mean for everybody, or each scan's best fit."""

    def mesh(scan: Scan) -> np.ndarray:
        alpha = fit_scan(model, scan) if face == "fitted" else np.zeros(model.n_shape)
        return model.neutral(torch.from_numpy(alpha).float()[None])[0].double().numpy()

    return {person: mesh(scan) for person, scan in scans.items()}


if __name__ == "__main__":
    run_one_of("reference", Settings, work)
