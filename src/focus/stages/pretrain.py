"""Pre-training of S on the preliminary masks of Eq. 10 (Sec. 3.3), with R as initialised."""

from __future__ import annotations

from types import SimpleNamespace

from focus.networks.store import load_networks, save_networks
from focus.stages import build, paths
from focus.stages.runner import run
from focus.training.batches import Batches
from focus.training.loop import Plan, Turn, train
from focus.training.objectives import PretrainingObjective

SECTIONS = ("image", "encoder", "segmentation", "render", "training", "pretrain")
PARAMS = ("seeds",)


def work(settings: SimpleNamespace) -> None:
    """Train S; write models/pretrain with R unchanged."""
    seed, images = settings.seeds.training, paths.PACKED / "celeba_train"
    autoencoder = build.autoencoder(settings)
    load_networks(paths.network("initialise"), {"encoder": autoencoder.encoder})
    autoencoder.encoder.eval().requires_grad_(False)
    segmentation = build.segmentation(settings, purpose="pretrain", seed=seed)
    batches = Batches(build.packed("celeba_train"), settings.training.batch, seed, build.augmentation(settings))
    checkpoint = build.checkpoint("pretrain", settings, [paths.FACE_MODEL, images, paths.network("initialise")])
    plan = Plan(
        networks={"segmentation": segmentation},
        objectives={"segmentation": PretrainingObjective(autoencoder, segmentation, batches, settings.pretrain.xi)},
        optimisers={"segmentation": build.optimiser(settings.pretrain.optimiser)},
        turns=[Turn("segmentation", settings.pretrain.steps)],
        seed=seed,
        log_every=settings.training.log_every,
        checkpoint=checkpoint,
        title="pre-train S",
    )
    train(plan, paths.CURVES / "pretrain.csv")
    networks = {"encoder": autoencoder.encoder, "segmentation": segmentation}
    save_networks(paths.network("pretrain"), networks, {"stage": "pretrain"})
    checkpoint.remove()


if __name__ == "__main__":
    run("pretrain", SECTIONS, PARAMS, work)
