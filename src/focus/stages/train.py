"""One variant: EM rounds (Sec. 3.2), R steps alone (the baselines), or none (a reference row)."""

from __future__ import annotations

import sys
from functools import partial
from types import SimpleNamespace

from focus.masks import mask_source
from focus.networks.store import save_networks
from focus.settings import Variant
from focus.stages import build, paths
from focus.stages.runner import run
from focus.training.batches import Batches
from focus.training.loop import Plan, Turn, train
from focus.training.objectives import OCCLUSIONS, ReconstructionObjective, SegmentationObjective

SECTIONS = (
    "image",
    "recogniser",
    "encoder",
    "segmentation",
    "render",
    "losses",
    "training",
    "initialise",
    "em",
    "adaptation",
)
PARAMS = ("seeds", "method", "variants.{name}")


def turns(settings: SimpleNamespace, schedule: str) -> list[Turn]:
    """Return whose steps come when: each EM round trains S, then R; a baseline trains R for as many steps."""
    if schedule == "none":
        return []
    size = settings.adaptation if schedule == "adaptation" else settings.em
    segmentation = [] if schedule == "reconstruction" else [Turn("segmentation", size.segmentation_steps)]
    return [*segmentation, Turn("reconstruction", size.reconstruction_steps)] * size.rounds


def work(settings: SimpleNamespace, name: str) -> None:
    """Train a variant from models/<start>; write models/<name>."""
    variant: Variant = settings.variants[name]
    seed, images = settings.seeds.training, paths.PACKED / variant.images
    start = paths.network(variant.start)
    autoencoder, segmentation = build.focus_networks(settings, start)
    order = turns(settings, variant.schedule)
    checkpoint = build.checkpoint(f"train/{name}", settings, [paths.FACE_MODEL, images, paths.RECOGNISER, start])
    share = settings.adaptation.lr_share if variant.schedule == "adaptation" else 1.0
    plan = Plan(
        networks={"reconstruction": autoencoder.encoder, "segmentation": segmentation},
        objectives=objectives(settings, variant, autoencoder, segmentation) if order else {},
        optimisers={
            "reconstruction": build.optimiser(settings.em.reconstruction, lr_share=share),
            "segmentation": build.optimiser(settings.em.segmentation, lr_share=share),
        },
        turns=order,
        seed=seed,
        log_every=settings.training.log_every,
        checkpoint=checkpoint,
        title=f"train {name}",
    )
    train(plan, paths.CURVES / f"{name}.csv")
    save_networks(
        paths.network(name),
        {"encoder": autoencoder.encoder, "segmentation": segmentation},
        {"stage": "train", "variant": {name: variant.model_dump(mode="json")}},
    )
    checkpoint.remove()


def objectives(settings: SimpleNamespace, variant: Variant, autoencoder, segmentation) -> dict:
    """Return the objectives of the variant's R and S steps."""
    packed = build.packed(variant.images)
    batches = Batches(packed, settings.training.batch, settings.seeds.training, build.augmentation(settings))
    perception = build.perception(settings)
    reconstruction = ReconstructionObjective(
        autoencoder,
        batches,
        build.loss_plan(settings, variant.reconstruction, {"landmarks": "landmarks_em"}),
        mask_source(variant.training_mask, xi=settings.initialise.xi),
        segmentation=segmentation,
        perception=perception,
        occlude=OCCLUSIONS[variant.augmentation],
        mask_gradient=settings.method.mask_gradient,
    )
    if not variant.segmentation:
        return {"reconstruction": reconstruction}
    plan = build.loss_plan(settings, variant.segmentation, {"pixel": "pixel_segmentation"})
    return {
        "reconstruction": reconstruction,
        "segmentation": SegmentationObjective(autoencoder, segmentation, batches, plan, perception),
    }


if __name__ == "__main__":
    chosen = sys.argv[1]
    run(f"train/{chosen}", SECTIONS, tuple(key.format(name=chosen) for key in PARAMS), partial(work, name=chosen))
