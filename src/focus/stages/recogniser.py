"""The face recogniser F: an iResNet trained with the ArcFace loss on emulated identities, or the ms1mv3 weights.

The paper takes a finished one, so its seed is the world's: all trainings in a world have the same F.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch

from focus import device
from focus.errors import FocusError
from focus.files import read_npy, write_text
from focus.networks import ArcFaceHead, FaceRecogniser, align_faces
from focus.networks.store import save_networks
from focus.seeds import derive
from focus.settings import Assets, Key, RecogniserSettings, TrainingSettings
from focus.settings.assets import ASSETS
from focus.stages import build, paths
from focus.stages.runner import run
from focus.stages.training import Trained, run_training
from focus.training.optimisers import OptimiserPlan
from focus.training.recogniser import Identities, RecogniserObjective, RecogniserTraining, verification_auc
from focus.training.turns import Turn


@dataclass(frozen=True, kw_only=True)
class Settings(RecogniserSettings, TrainingSettings):
    """What the stage reads."""

    assets: Assets
    data_seed: Annotated[int, Key("seeds.data")]


def work(settings: Settings) -> None:
    """Write models/recogniser and its training curve."""
    torch.manual_seed(derive(settings.data_seed, "weights", "recogniser"))
    network = build.recogniser(settings)
    if settings.assets.arcface is not None:
        network.load_backbone(settings.assets.arcface)
        save(network, {"weights": settings.assets.arcface.name})
        write_text(paths.CURVES / "recogniser.csv", "step,network,loss\n")  # nothing was trained
        return
    if (paths.RAW / "identities" / paths.MISSING).is_file():
        raise FocusError(ASSETS["arcface"].missing())
    train_recogniser(settings, network)


def train_recogniser(settings: Settings, network: FaceRecogniser) -> None:
    """Train F with the ArcFace loss, and measure it on identities that it has not seen."""
    plan = settings.recogniser
    train_set, held_out = identities(plan.side)
    head = ArcFaceHead(plan.embedding, train_set.count, margin=plan.margin, scale=plan.scale)
    model = RecogniserTraining(network, head).to(device.choose(settings.compute.device))
    objective = RecogniserObjective(model, train_set, plan.batch, plan.steps, settings.data_seed)
    run_training(
        "recogniser",
        settings,
        {"recogniser": Trained(model, objective, OptimiserPlan(plan.optimiser))},
        [Turn("recogniser", plan.steps)],
        inputs=[paths.RAW / "identities"],
        seed=settings.data_seed,
        curve="recogniser",
        save=lambda: save(
            network, {"unseen_identities_auc": round(verification_auc(network, held_out.to(objective.device)), 4)}
        ),
    )


def save(network: FaceRecogniser, facts: dict[str, object]) -> None:
    """Write models/recogniser."""
    save_networks(paths.RECOGNISER, {"recogniser": network}, {"stage": "recogniser", **facts})


def identities(size: int) -> tuple[Identities, Identities]:
    """Return aligned crops of the emulated identities: nine tenths to train on, a tenth never seen in training."""
    root = paths.RAW / "identities"
    names = ("images", "landmarks", "labels")
    images, landmarks, labels = (torch.from_numpy(read_npy(root / f"{name}.npy")) for name in names)
    parts = [
        align_faces(chunk.float().div(255), points, size)
        for chunk, points in zip(images.permute(0, 3, 1, 2).split(256), landmarks.split(256), strict=True)
    ]
    aligned, count = torch.cat(parts), int(labels.max()) + 1
    seen = labels < max(1, min(count - 2, int(0.9 * count)))
    return Identities(aligned[seen], labels[seen]), Identities(aligned[~seen], labels[~seen])


if __name__ == "__main__":
    run("recogniser", Settings, work)
