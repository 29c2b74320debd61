"""A reference of segmentation: everything that a variant renders taken for face, on AR (all-ones of Tables 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch

from focus.evaluation.per_image import image_rows, write_figures
from focus.files import read_npy, whole_directory
from focus.model.inference import Prediction, decode
from focus.settings import AutoencoderSettings, ConstantMask, Evaluation, Key
from focus.stages import build, paths
from focus.stages.mask_scores import ScoreSettings, scoring
from focus.stages.runner import run_one_of


@dataclass(frozen=True, kw_only=True)
class Settings(AutoencoderSettings, ScoreSettings):
    """What the stage reads."""

    preset: Annotated[str, Key("method.preset")]  # the paper's values may differ
    evaluation: Evaluation
    constant_mask: Annotated[ConstantMask, Key("constant_masks.{name}")]


def work(settings: Settings, name: str) -> None:
    """Write results/metrics/<name>."""
    variant = settings.constant_mask.variant
    rows = all_face(settings, variant) if build.has("ar") else []
    with whole_directory(paths.METRICS / name) as folder:
        write_figures(folder, name, rows, {})


def all_face(settings: Settings, variant: str) -> list[dict[str, object]]:
    """Return AR's rows for a variant's kept latents, its rendered region as the mask."""
    packed, autoencoder = build.packed("ar"), build.autoencoder(settings)
    theta = torch.from_numpy(read_npy(paths.EVALUATION / variant / "ar_theta.npy"))
    score, found = scoring(settings, "ar"), list[dict[str, object]]()
    for start in range(0, len(packed), settings.evaluation.batch):
        part = theta[start : start + settings.evaluation.batch]
        result = decode(autoencoder, autoencoder.split(part))
        prediction = Prediction(result.image, result.mask, result.mask, result.landmarks, result.parameters)
        rows = score(image_rows(packed, start, prediction), prediction)
        found += [row | {"testset": "AR"} for row in rows]
    return found


if __name__ == "__main__":
    run_one_of("constant_mask", Settings, work)
