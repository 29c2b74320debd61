"""One variant: EM rounds (Sec. 3.2), R steps alone (the baselines), or none (a reference row)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Annotated, Any

from torch import nn

from focus.masks.sources import mask_source
from focus.methods.em import ReconstructionObjective, SegmentationObjective, turns
from focus.model.autoencoder import Autoencoder
from focus.settings import (
    EM,
    Adaptation,
    BatchSettings,
    Initialise,
    Key,
    LossSettings,
    NetworkSettings,
    RecogniserSettings,
    Variant,
)
from focus.stages import build, paths
from focus.stages.runner import run_one_of
from focus.stages.shared import shared
from focus.stages.training import Trained, batches, loss_plan, run_training, save_focus_networks
from focus.training.batches import OCCLUSIONS
from focus.training.loop import Objective
from focus.training.optimisers import OptimiserPlan

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings(NetworkSettings, RecogniserSettings, BatchSettings, LossSettings):
    """What the stage reads."""

    initialise: Initialise
    em: EM
    adaptation: Adaptation
    variant: Annotated[Variant, Key("variants.{name}")]


def work(settings: Settings, name: str) -> None:
    """Train a variant from models/<start>; write models/<name>."""
    variant = settings.variant
    start = build.start(variant.start)
    autoencoder, segmentation = build.focus_networks(settings, start)
    order = turns(settings, variant.schedule, variant.rounds)
    if order and variant.schedule == "adaptation" and not build.has(variant.images):
        logger.warning("train/%s: %s is missing: nothing to adapt to, the weights stay", name, variant.images)
        order = []
    found = objectives(settings, variant, autoencoder, segmentation) if order else {}
    rates: dict[str, Any] = {}
    if variant.schedule == "adaptation":
        rates = {"lr_share": settings.adaptation.lr_share, "start": settings.adaptation.start}
    networks = {"reconstruction": autoencoder.encoder, "segmentation": segmentation}
    trained = {
        part: Trained(network, found.get(part), OptimiserPlan(getattr(settings.em, part), **rates))
        for part, network in networks.items()
    }
    facts = {"stage": "train", "variant": {name: variant.model_dump(mode="json")}}
    run_training(
        f"train/{name}",
        settings,
        trained,
        order,
        seed=settings.training_seed,
        inputs=[paths.FACE_MODEL, paths.PACKED / variant.images, paths.RECOGNISER, start],
        curve=name,
        save=lambda: save_focus_networks(name, autoencoder, segmentation, facts),
    )


def overridden(settings: Settings, variant: Variant) -> Settings:
    """Return the settings with the forms and weights that a variant has of its own."""
    method, losses = settings.method, settings.losses
    own = {"preset": variant.preset or method.preset, "forms": {**method.forms, **variant.forms}}
    weights = {
        "reconstruction": {**losses.reconstruction, **variant.reconstruction_weights},
        "segmentation": {**losses.segmentation, **variant.segmentation_weights},
    }
    return replace(settings, method=method.model_copy(update=own), losses=losses.model_copy(update=weights))


def objectives(
    settings: Settings, variant: Variant, autoencoder: Autoencoder, segmentation: nn.Module
) -> dict[str, Objective]:
    """Return the objectives of the variant's R and S steps."""
    images, perception = batches(settings, build.packed(variant.images)), build.perception(settings)
    chosen = overridden(settings, variant)
    reconstruction = ReconstructionObjective(
        autoencoder,
        images,
        loss_plan(chosen, "reconstruction", variant.reconstruction),
        mask_source(variant.training_mask, xi=settings.initialise.xi),
        segmentation=segmentation,
        perception=perception,
        occlude=OCCLUSIONS[variant.augmentation],
        mask_gradient=settings.losses.mask_gradient,
    )
    if not variant.segmentation:
        return {"reconstruction": reconstruction}
    plan = loss_plan(chosen, "segmentation", variant.segmentation)
    return {
        "reconstruction": reconstruction,
        "segmentation": SegmentationObjective(autoencoder, segmentation, images, plan, perception),
    }


if __name__ == "__main__":
    run_one_of("train", Settings, shared(work))
