"""The face recogniser F: an iResNet trained with the ArcFace loss on emulated identities, or the ms1mv3 weights."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from focus.assets import ASSETS
from focus.errors import FocusError
from focus.files import read_npy
from focus.networks import ArcFaceHead, align_faces
from focus.networks.store import save_networks
from focus.seeds import derive
from focus.stages import build, paths
from focus.stages.runner import run
from focus.training.loop import Plan, Turn, train
from focus.training.recogniser import Identities, RecogniserObjective, RecogniserTraining, verification_auc

SECTIONS = ("assets", "recogniser", "training")
PARAMS = ("seeds",)


def work(settings: SimpleNamespace) -> None:
    """Write models/recogniser and its training curve."""
    plan, seed = settings.recogniser, settings.seeds.training
    torch.manual_seed(derive(seed, "weights", "recogniser"))
    network = build.recogniser(plan)
    if settings.assets.arcface is not None:
        network.load_backbone(settings.assets.arcface)
        plan_metadata, turns, objective = {"weights": settings.assets.arcface.name}, [], None
    elif (paths.RAW / "identities" / paths.MISSING).is_file():
        raise FocusError(ASSETS["arcface"].missing())
    else:
        train_set, held_out = identities(plan.side)
        head = ArcFaceHead(plan.embedding, train_set.count, margin=plan.margin, scale=plan.scale)
        model = RecogniserTraining(network, head)
        objective = RecogniserObjective(model, train_set, plan.batch, plan.steps, seed)
        turns, plan_metadata = [Turn("recogniser", plan.steps)], {}
    checkpoint = build.checkpoint("recogniser", settings, [paths.RAW / "identities"])
    training = Plan(
        networks={"recogniser": network if objective is None else objective.model},
        objectives={} if objective is None else {"recogniser": objective},
        optimisers={"recogniser": build.optimiser(plan.optimiser)},
        turns=turns,
        seed=seed,
        log_every=settings.training.log_every,
        checkpoint=checkpoint,
        title="train the recogniser",
    )
    train(training, paths.CURVES / "recogniser.csv")
    if objective is not None:
        plan_metadata = {"unseen_identities_auc": round(verification_auc(network, held_out), 4)}
    save_networks(paths.RECOGNISER, {"recogniser": network}, {"stage": "recogniser", **plan_metadata})
    checkpoint.remove()


def identities(size: int) -> tuple[Identities, Identities]:
    """Return aligned crops of the emulated identities: nine tenths to train on, a tenth never seen in training."""
    root = paths.RAW / "identities"
    images = torch.from_numpy(read_npy(root / "images.npy")).permute(0, 3, 1, 2)
    landmarks, labels = (
        torch.from_numpy(read_npy(root / "landmarks.npy")),
        torch.from_numpy(read_npy(root / "labels.npy")),
    )
    parts = [
        align_faces(chunk.float().div(255), points, size)
        for chunk, points in zip(images.split(256), landmarks.split(256), strict=True)
    ]
    aligned, count = torch.cat(parts), int(labels.max()) + 1
    seen = labels < max(1, min(count - 2, int(0.9 * count)))
    return Identities(aligned[seen], labels[seen]), Identities(aligned[~seen], labels[~seen])


if __name__ == "__main__":
    run("recogniser", SECTIONS, PARAMS, work)
