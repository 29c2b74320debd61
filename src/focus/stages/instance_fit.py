"""A method without training: each AR image fitted and segmented by itself (Egger et al. [8]), for Table 4."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from focus.evaluation.per_image import image_rows, write_figures
from focus.files import whole_directory
from focus.methods.instance_fit import fit
from focus.model.inference import Prediction, network_images
from focus.settings import AutoencoderSettings, Evaluation, InstanceFit, InstanceWise, Key, LossWeights
from focus.stages import build, paths
from focus.stages.predictions import Kept, keep_predictions
from focus.stages.runner import run_one_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings(AutoencoderSettings):
    """What the stage reads."""

    losses: LossWeights
    preset: Annotated[str, Key("method.preset")]  # the paper's values may differ
    instance_fit: InstanceFit
    evaluation: Evaluation
    instance_wise: Annotated[InstanceWise, Key("instance_wise.{name}")]


def work(settings: Settings, name: str) -> None:
    """Write results/metrics/<name> and data/evaluation/<name> (latents and masks, as of a trained variant)."""
    found: list[dict[str, object]] = []
    with whole_directory(paths.EVALUATION / name) as folder:
        if build.has("ar"):
            found = fit_images("AR", "ar", settings, folder)
    with whole_directory(paths.METRICS / name) as folder:
        write_figures(folder, name, found, {})


def fit_images(testset: str, split: str, settings: Settings, folder: Path) -> list[dict[str, object]]:
    """Return the rows of one set of images with ground-truth masks; keep its latents and masks in `folder`."""
    packed, autoencoder = build.packed(split), build.autoencoder(settings)
    plan, weights = settings.instance_fit, weights_of(settings.losses)
    found, kept = [], []
    for start in range(0, len(packed), settings.evaluation.batch):
        rows = slice(start, start + settings.evaluation.batch)
        given = network_images(packed, rows), torch.from_numpy(np.array(packed.landmarks[rows]))
        images, landmarks = (part.to(autoencoder.device) for part in given)
        result, mask = fit(autoencoder, images, landmarks, plan, weights)
        result, mask = result.cpu(), mask.cpu()
        prediction = Prediction(result.image, result.mask, mask, result.landmarks, result.parameters)
        kept.append(Kept.of(prediction))
        found += [row | {"testset": testset} for row in image_rows(packed, start, prediction)]
        logger.info("fitted %d of %d images", len(found), len(packed))
    keep_predictions(folder, split, kept)
    return found


def weights_of(losses: LossWeights) -> dict[str, float]:
    """Return the weights of Eq. 8 as R's EM rounds have them."""
    return {term: losses.reconstruction[term] for term in ("pixel", "landmarks", "regularisation")}


if __name__ == "__main__":
    run_one_of("instance_fit", Settings, work)
