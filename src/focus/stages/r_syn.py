"""R_syn (Sec. 3.4): a face autoencoder of R's structure, trained on synthetic faces with Eq. 8 and no mask."""

from __future__ import annotations

from dataclasses import dataclass

from focus.datasets.packed import PackedSet
from focus.masks.sources import mask_source
from focus.methods.em import ReconstructionObjective
from focus.networks.store import load_networks
from focus.settings import BatchSettings, LossSettings, NetworkSettings, RecogniserSettings, Synthetic
from focus.stages import build, paths
from focus.stages.runner import run_one_of
from focus.stages.shared import shared
from focus.stages.training import Trained, batches, loss_plan, run_training, save_focus_networks
from focus.training.optimisers import OptimiserPlan
from focus.training.turns import Turn

TERMS = ["pixel", "perceptual", "landmarks", "regularisation"]


@dataclass(frozen=True, kw_only=True)
class Settings(NetworkSettings, RecogniserSettings, BatchSettings, LossSettings):
    """What the stage reads."""

    synthetic: Synthetic


def work(settings: Settings, kind: str) -> None:
    """Train R_syn from the initialised R on all but the held-out faces; write models/r_syn/<kind>."""
    faces = paths.SYNTHETIC / kind / "faces"
    autoencoder = build.autoencoder(settings)
    load_networks(paths.network("initialise"), {"encoder": autoencoder.encoder})
    objective = ReconstructionObjective(
        autoencoder,
        batches(settings, PackedSet(faces), settings.synthetic.count),
        loss_plan(settings, "reconstruction", TERMS),
        mask_source("ones"),
        perception=build.perception(settings),
    )
    facts = {"stage": "r_syn", "kind": kind}
    run_training(
        f"r_syn/{kind}",
        settings,
        {"reconstruction": Trained(autoencoder.encoder, objective, OptimiserPlan(settings.synthetic.optimiser))},
        [Turn("reconstruction", settings.synthetic.steps)],
        seed=settings.training_seed,
        inputs=[paths.FACE_MODEL, faces, paths.RECOGNISER, paths.network("initialise")],
        curve=f"r_syn_{kind}",
        save=lambda: save_focus_networks(f"r_syn/{kind}", autoencoder, build.segmentation(settings), facts),
    )


if __name__ == "__main__":
    run_one_of("r_syn", Settings, shared(work))
