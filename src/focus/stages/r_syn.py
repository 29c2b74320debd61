"""R_syn (Sec. 3.4): a face autoencoder of R's structure, trained on synthetic faces with Eq. 8 and no mask."""

from __future__ import annotations

import sys
from functools import partial
from types import SimpleNamespace

from focus.datasets.packed import PackedSet
from focus.masks import mask_source
from focus.networks.store import load_networks, save_networks
from focus.stages import build, paths
from focus.stages.runner import run
from focus.training.batches import Batches
from focus.training.loop import Plan, Turn, train
from focus.training.objectives import ReconstructionObjective

SECTIONS = ("image", "recogniser", "encoder", "segmentation", "render", "losses", "training", "synthetic")
PARAMS = ("seeds", "method")
TERMS = ["pixel", "perceptual", "landmarks", "regularisation"]


def work(settings: SimpleNamespace, kind: str) -> None:
    """Train R_syn from the initialised R on all but the held-out faces; write models/r_syn/<kind>."""
    seed, faces = settings.seeds.training, paths.SYNTHETIC / kind / "faces"
    autoencoder = build.autoencoder(settings)
    load_networks(paths.network("initialise"), {"encoder": autoencoder.encoder})
    objective = ReconstructionObjective(
        autoencoder,
        Batches(
            PackedSet(faces), settings.training.batch, seed, build.augmentation(settings), settings.synthetic.count
        ),
        build.loss_plan(settings, TERMS, {"landmarks": "landmarks_em"}),
        mask_source("ones"),
        perception=build.perception(settings),
    )
    inputs = [paths.FACE_MODEL, faces, paths.RECOGNISER, paths.network("initialise")]
    checkpoint = build.checkpoint(f"r_syn/{kind}", settings, inputs)
    plan = Plan(
        networks={"reconstruction": autoencoder.encoder},
        objectives={"reconstruction": objective},
        optimisers={"reconstruction": build.optimiser(settings.synthetic.optimiser)},
        turns=[Turn("reconstruction", settings.synthetic.steps)],
        seed=seed,
        log_every=settings.training.log_every,
        checkpoint=checkpoint,
        title=f"train R_syn, {kind}",
    )
    train(plan, paths.CURVES / f"r_syn_{kind}.csv")
    networks = {"encoder": autoencoder.encoder, "segmentation": build.segmentation(settings)}
    save_networks(paths.network(f"r_syn/{kind}"), networks, {"stage": "r_syn", "kind": kind})
    checkpoint.remove()


if __name__ == "__main__":
    chosen = sys.argv[1]
    run(f"r_syn/{chosen}", SECTIONS, PARAMS, partial(work, kind=chosen))
