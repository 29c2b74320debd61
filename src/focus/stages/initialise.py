"""Unsupervised initialisation of R (Sec. 3.3): Eq. 8 with the preliminary mask of Eq. 10, found in the forward pass."""

from __future__ import annotations

from dataclasses import dataclass

from focus.environment.assets import check_resnet50
from focus.masks.sources import mask_source
from focus.methods.em import ReconstructionObjective
from focus.settings import Assets, BatchSettings, Initialise, LossSettings, NetworkSettings, RecogniserSettings
from focus.stages import build, paths
from focus.stages.runner import run
from focus.stages.shared import shared
from focus.stages.training import Trained, batches, loss_plan, run_training, save_focus_networks
from focus.training.optimisers import OptimiserPlan
from focus.training.turns import Turn

COLOUR = {"paper": "pixel", "released": "likelihood"}
"""The term that compares colours, by method.forms.initialisation: Eq. 5, or the negative of Eq. 9."""


@dataclass(frozen=True, kw_only=True)
class Settings(NetworkSettings, RecogniserSettings, BatchSettings, LossSettings):
    """What the stage reads."""

    assets: Assets
    initialise: Initialise


def work(settings: Settings) -> None:
    """Train R from the mean face; write models/initialise, its S still untrained."""
    backbone = settings.assets.resnet50
    if backbone is not None:
        check_resnet50(backbone)
    autoencoder = build.autoencoder(settings, purpose="initialise", seed=settings.training_seed, backbone=backbone)
    form = settings.method.form("initialisation", settings.losses.paper_forms)
    terms = [COLOUR[form], "perceptual", "landmarks", "regularisation"]
    objective = ReconstructionObjective(
        autoencoder,
        batches(settings, build.packed("celeba_train")),
        loss_plan(settings, "initialise", terms),
        mask_source("robust", xi=settings.initialise.xi),
        perception=build.perception(settings),
    )
    facts = {"stage": "initialise", "segmentation": "untrained"}
    run_training(
        "initialise",
        settings,
        {"reconstruction": Trained(autoencoder.encoder, objective, OptimiserPlan(settings.initialise.optimiser))},
        [Turn("reconstruction", settings.initialise.steps)],
        seed=settings.training_seed,
        inputs=[paths.FACE_MODEL, paths.PACKED / "celeba_train", paths.RECOGNISER],
        curve="initialise",
        save=lambda: save_focus_networks("initialise", autoencoder, build.segmentation(settings), facts),
    )


if __name__ == "__main__":
    run("initialise", Settings, shared(work))
