"""One variant on every test set: image fitting (Table 1), segmentation (Tables 4, 5), NoW (Tables 2, 3, 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from torch import nn

from focus.datasets.scans import read_scans
from focus.evaluation.per_image import image_rows, now_rows, pooled, write_figures
from focus.files import whole_directory, write_npy
from focus.masks.sources import MaskSource, mask_source
from focus.model.autoencoder import Autoencoder
from focus.model.inference import Prediction, encode, predict
from focus.registry.testsets import TESTSETS, WITH_MASKS, TestSet
from focus.settings import Evaluation, Initialise, Key, NetworkSettings, Variant
from focus.stages import build, paths
from focus.stages.mask_scores import Rows, ScoreSettings, scoring
from focus.stages.predictions import Kept, keep_predictions, membership
from focus.stages.runner import run_one_of


@dataclass(frozen=True, kw_only=True)
class Settings(NetworkSettings, ScoreSettings):
    """What the stage reads."""

    initialise: Initialise
    preset: Annotated[str, Key("method.preset")]  # the paper's values may differ
    evaluation: Evaluation
    variant: Annotated[Variant, Key("variants.{name}")]


def work(settings: Settings, name: str) -> None:
    """Write results/metrics/<name> and data/evaluation/<name> (latents and masks, for pictures and for `correct`)."""
    variant, batch = settings.variant, settings.evaluation.batch
    autoencoder, segmentation = build.focus_networks(settings, paths.network(name))
    source = None if variant.test_mask == "none" else mask_source(variant.test_mask, xi=settings.initialise.xi)
    rows: list[dict[str, object]] = []
    with whole_directory(paths.EVALUATION / name) as folder:
        for testset in WITH_MASKS:
            if build.has(testset.split):
                score = scoring(settings, testset.split)
                rows += evaluate_images(testset, autoencoder, segmentation, source, batch, folder, score)
        found, errors = evaluate_now(autoencoder, batch, folder) if build.has("now") else ([], {})
    with whole_directory(paths.METRICS / name) as folder:
        write_figures(folder, name, rows + found, pooled(errors))


def evaluate_images(
    testset: TestSet,
    autoencoder: Autoencoder,
    segmentation: nn.Module,
    source: MaskSource | None,
    batch: int,
    folder: Path,
    score: Callable[[Rows, Prediction], Rows],
) -> list[dict[str, object]]:
    """Return the rows of one set of images with ground-truth masks; keep its latents and masks in `folder`."""
    packed, rows, kept = build.packed(testset.split), [], []
    subsets = membership(testset, packed)
    for start in range(0, len(packed), batch):
        prediction = predict(autoencoder, packed, slice(start, start + batch), source, segmentation)
        for row in score(image_rows(packed, start, prediction), prediction):
            rows.append(row | {"testset": testset.name, "subset": subsets.get(str(row["image"]), "")})
        kept.append(Kept.of(prediction))
    keep_predictions(folder, testset.split, kept)
    return rows


def evaluate_now(
    autoencoder: Autoencoder, batch: int, folder: Path
) -> tuple[list[dict[str, object]], dict[str, list[np.ndarray]]]:
    """Return NoW rows and pooled errors of R's neutral meshes; keep the latents in `folder`."""
    packed, model = build.packed("now"), build.face_model()
    latents, subsets = encode(autoencoder, packed, batch), membership(TESTSETS["NoW"], packed)
    write_npy(folder / "now_theta.npy", latents.theta().numpy())
    write_npy(folder / "now_shape.npy", latents.shape.numpy())
    return now_rows(packed, read_scans(packed.folder), model.neutral(latents.shape), model, subsets)


if __name__ == "__main__":
    run_one_of("evaluate", Settings, work)
