"""Unsupervised initialisation of R (Sec. 3.3): Eq. 8 with the preliminary mask of Eq. 10, found in the forward pass."""

from __future__ import annotations

from types import SimpleNamespace

from focus.masks import mask_source
from focus.networks.store import save_networks
from focus.stages import build, paths
from focus.stages.runner import run
from focus.training.batches import Batches
from focus.training.loop import Plan, Turn, train
from focus.training.objectives import ReconstructionObjective

SECTIONS = ("assets", "image", "recogniser", "encoder", "segmentation", "render", "losses", "training", "initialise")
PARAMS = ("seeds", "method")
TERMS = ["pixel", "perceptual", "landmarks", "regularisation"]


def work(settings: SimpleNamespace) -> None:
    """Train R from the mean face; write models/initialise."""
    seed, images = settings.seeds.training, paths.PACKED / "celeba_train"
    autoencoder = build.autoencoder(settings, purpose="initialise", seed=seed)
    if settings.assets.resnet50 is not None:
        autoencoder.encoder.load_backbone(settings.assets.resnet50)
    objective = ReconstructionObjective(
        autoencoder,
        Batches(build.packed("celeba_train"), settings.training.batch, seed, build.augmentation(settings)),
        build.loss_plan(settings, TERMS),
        mask_source("robust", xi=settings.initialise.xi),
        perception=build.perception(settings),
    )
    checkpoint = build.checkpoint("initialise", settings, [paths.FACE_MODEL, images, paths.RECOGNISER])
    plan = Plan(
        networks={"reconstruction": autoencoder.encoder},
        objectives={"reconstruction": objective},
        optimisers={"reconstruction": build.optimiser(settings.initialise.optimiser)},
        turns=[Turn("reconstruction", settings.initialise.steps)],
        seed=seed,
        log_every=settings.training.log_every,
        checkpoint=checkpoint,
        title="initialise R",
    )
    train(plan, paths.CURVES / "initialise.csv")
    networks = {"encoder": autoencoder.encoder, "segmentation": build.segmentation(settings)}
    save_networks(paths.network("initialise"), networks, {"stage": "initialise", "segmentation": "untrained"})
    checkpoint.remove()


if __name__ == "__main__":
    run("initialise", SECTIONS, PARAMS, work)
