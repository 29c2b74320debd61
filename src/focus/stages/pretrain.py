"""Pre-training of S on the preliminary masks of Eq. 10 (Sec. 3.3), with R as initialised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from focus.methods.initialise import PretrainingObjective
from focus.networks.store import load_networks
from focus.settings import BatchSettings, Key, NetworkSettings, Pretrain
from focus.stages import build, paths
from focus.stages.runner import run
from focus.stages.shared import shared
from focus.stages.training import Trained, batches, run_training, save_focus_networks
from focus.training.optimisers import OptimiserPlan
from focus.training.turns import Turn


@dataclass(frozen=True, kw_only=True)
class Settings(NetworkSettings, BatchSettings):
    """What the stage reads."""

    pretrain: Pretrain
    preset: Annotated[str, Key("method.preset")]  # the paper's values may differ


def work(settings: Settings) -> None:
    """Train S; write models/pretrain with R unchanged."""
    autoencoder = build.autoencoder(settings)
    load_networks(paths.network("initialise"), {"encoder": autoencoder.encoder})
    autoencoder.encoder.eval().requires_grad_(False)
    segmentation = build.segmentation(settings, purpose="pretrain", seed=settings.training_seed)
    images = batches(settings, build.packed("celeba_train"))
    objective = PretrainingObjective(autoencoder, segmentation, images, settings.pretrain.xi)
    run_training(
        "pretrain",
        settings,
        {"segmentation": Trained(segmentation, objective, OptimiserPlan(settings.pretrain.optimiser))},
        [Turn("segmentation", settings.pretrain.steps)],
        seed=settings.training_seed,
        inputs=[paths.FACE_MODEL, paths.PACKED / "celeba_train", paths.network("initialise")],
        curve="pretrain",
        save=lambda: save_focus_networks("pretrain", autoencoder, segmentation, {"stage": "pretrain"}),
    )


if __name__ == "__main__":
    run("pretrain", Settings, shared(work))
