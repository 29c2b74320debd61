"""Two tiny EM rounds with all that has a state, and the same as a stage that a test can kill at a chosen moment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import torch

import tiny
from focus.datasets.packed import PackedSet
from focus.masks.sources import mask_source
from focus.methods.em import LossPlan, ReconstructionObjective, SegmentationObjective
from focus.networks.store import save_networks
from focus.training.batches import OCCLUSIONS, Batches
from focus.training.checkpoint import Checkpoint
from focus.training.loop import Plan, train
from focus.training.turns import Turn

tiny.face_model()  # made once and kept: children forked after this import have it

TURNS = [Turn("segmentation", 2), Turn("reconstruction", 3)] * 2
R_TERMS = {"pixel": 0.5, "perceptual": 0.25, "landmarks": 0.001, "regularisation": 0.1}
S_TERMS = {"neighbour": 15.0, "distance": 3.0, "area": 0.5, "preservation": 0.25, "binary": 10.0}


class StoppedError(Exception):
    """Stands for Ctrl-C or a killed machine."""


def em(packed, checkpoint: Checkpoint | None = None, stop_at: int | None = None, turns=TURNS, batch: int = 3) -> Plan:
    """Return two EM rounds with all that has a state: Adam, batch norm, dropout, augmentation, cutmix."""
    autoencoder, mask_network, seen = tiny.autoencoder(), tiny.segmentation(), tiny.perception()
    batches = Batches(packed, batch, 0, tiny.augmentation())
    reconstruction = ReconstructionObjective(
        autoencoder,
        batches,
        LossPlan(R_TERMS, {}),
        mask_source("segmentation"),
        mask_network,
        seen,
        OCCLUSIONS["cutmix"],
    )
    segmentation = SegmentationObjective(
        autoencoder, mask_network, batches, LossPlan(S_TERMS, {}, neighbourhood=1), seen
    )

    def stopping(objective):
        def call(step):
            if step == stop_at:
                raise StoppedError
            return objective(step)

        return call

    return Plan(
        networks={"reconstruction": autoencoder.encoder, "segmentation": mask_network},
        objectives={"reconstruction": stopping(reconstruction), "segmentation": stopping(segmentation)},
        optimisers={
            "reconstruction": tiny.optimiser("adam", 1e-2, warmup=2, clip=5.0),
            "segmentation": tiny.optimiser("adam", 1e-2, final=0.1),
        },
        turns=turns,
        seed=4,
        log_every=3,
        checkpoint=checkpoint,
    )


def weights(plan: Plan) -> dict[str, torch.Tensor]:
    return {f"{name}.{key}": value for name, net in plan.networks.items() for key, value in net.state_dict().items()}


def stage(folder: Path, key: str = "key", at_event: Callable[[str], None] = lambda event: None) -> None:
    """Train as a stage does: from `folder`/set to model.safetensors and curve.csv, a checkpoint every two steps.

    `at_event` is called before each step and around each write: what a kill may fall between.
    """
    torch.set_num_threads(1)
    checkpoint = Checkpoint(folder / ".checkpoints" / "train" / "checkpoint.pt", key, 2)
    plan = em(PackedSet(folder / "set"), checkpoint)
    plan.objectives = {name: _announced(name, each, at_event) for name, each in plan.objectives.items()}
    _announce_writes(at_event)
    train(plan, folder / "curve.csv")
    save_networks(folder / "model.safetensors", plan.networks, {})
    at_event("before the checkpoint goes")
    checkpoint.remove()


def killed_stage(folder: Path, moment: int, log: Path | None = None) -> None:
    """Run the stage and end the process by SIGKILL at the event of that number; note the events in `log`."""
    events = []

    def at_event(event: str) -> None:
        events.append(event)
        if log is not None:
            log.write_text("\n".join(events))
        if len(events) - 1 == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    stage(folder, at_event=at_event)


def _announced(name: str, objective: Callable, at_event: Callable[[str], None]) -> Callable:
    def call(step: int):
        at_event(f"{name} step")
        result = objective(step)
        at_event(f"{name} before the optimiser")
        return result

    return call


def _announce_writes(at_event: Callable[[str], None]) -> None:
    """Announce each atomic write of this process while half of it is on the disk, before and after the rename."""
    sync, replace = os.fsync, Path.replace

    def half_written(descriptor: int) -> None:
        length = os.fstat(descriptor).st_size
        if os.path.isfile(f"/proc/self/fd/{descriptor}"):
            whole = os.pread(os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY), length, 0)
            os.ftruncate(descriptor, length // 2)
            at_event("half written")
            os.pwrite(descriptor, whole, 0)
        sync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        at_event(f"before {target.name} is there")
        result = replace(self, target)
        at_event(f"after {target.name} is there")
        return result

    os.fsync, Path.replace = half_written, renamed
