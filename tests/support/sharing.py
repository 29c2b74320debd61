"""Tiny trainings by one process or by several, with every term in both forms, for a test to compare."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import distributed as dist
from torch import nn

import tiny
from em_training import StoppedError, em, weights
from focus.datasets.packed import PackedSet
from focus.errors import FocusError
from focus.masks.sources import mask_source
from focus.methods.em import LossPlan, ReconstructionObjective, SegmentationObjective
from focus.methods.initialise import PretrainingObjective
from focus.networks.store import save_networks
from focus.training import processes
from focus.training.batches import OCCLUSIONS, Batches
from focus.training.checkpoint import Checkpoint
from focus.training.loop import Plan, train
from focus.training.optimisers import OptimiserPlan
from focus.training.turns import Turn

BATCH = 4
PAPER = dict.fromkeys(("neighbour", "distance", "area", "preservation", "pixel"), "paper")
PAPER |= dict.fromkeys(("landmarks", "regularisation", "binary"), "paper")
R_TERMS = {"pixel": 0.5, "perceptual": 0.25, "landmarks": 1e-3, "regularisation": 0.1, "area": 0.06}
S_TERMS = {"neighbour": 15.0, "distance": 3.0, "area": 0.5, "preservation": 0.25, "binary": 10.0, "pixel": 1.0}
CASES = {
    "released": (R_TERMS, {}, "segmentation", "cutout"),
    "paper": (R_TERMS, PAPER, "segmentation", "cutmix"),
    "initialisation": ({"likelihood": 1e-2, "landmarks": 1e-3}, {}, "robust", "none"),
}
"""Terms of R's steps, forms of all terms, mask and occlusion."""


class Descent(OptimiserPlan):
    """Gradient descent; Adam divides by a gradient's size, which makes steps of the rounding errors of a zero one."""

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.SGD(network.parameters(), self.lr, momentum=0.9)


def steps(case: str, packed: PackedSet) -> Plan:
    """Return a training of 3 S steps and 3 R steps, its batch norm and dropout on, each step in the curve."""
    terms, forms, mask, occlusion = CASES[case]
    autoencoder, network, seen = tiny.autoencoder(head=0.02), tiny.segmentation(), tiny.perception()
    batches = Batches(packed, BATCH, 0, tiny.augmentation())
    plan = LossPlan(terms, forms)
    source = mask_source(mask)
    r = ReconstructionObjective(autoencoder, batches, plan, source, network, seen, OCCLUSIONS[occlusion])
    s = SegmentationObjective(autoencoder, network, batches, LossPlan(S_TERMS, forms, neighbourhood=1), seen)
    if case == "initialisation":
        s = PretrainingObjective(autoencoder, network, batches, 0.17)
    return Plan(
        networks={"reconstruction": autoencoder.encoder, "segmentation": network},
        objectives={"reconstruction": r, "segmentation": s},
        optimisers={
            "reconstruction": Descent(tiny.optimiser("adam", 1e-4, clip=5.0).settings),
            "segmentation": Descent(
                tiny.optimiser("adam", 5e-4).settings
            ),  # larger steps make rounding errors grow a hundredfold each
        },
        turns=[Turn("segmentation", 3), Turn("reconstruction", 3)],
        seed=4,
        log_every=1,
    )


def run_cases(folder: Path) -> None:
    """Train every case; write <case>-<rank>.safetensors and, by the first process, <case>.csv."""
    torch.set_num_threads(1)
    packed = PackedSet(folder / "set")
    for case in CASES:
        plan = steps(case, packed)
        train(plan, folder / f"{case}.csv")
        save_networks(folder / f"{case}-{processes.rank()}.safetensors", plan.networks, {})


def run_em(folder: Path, stop_at: int | None = None, trouble: str = "", at: int | None = None) -> None:
    """Train two EM rounds with a checkpoint per step; write weights-<rank>.pt, or error-<rank>.

    At step `at` the second process has `trouble`: its loss is "nan", or it is "gone".
    """
    torch.set_num_threads(1)
    plan = em(PackedSet(folder / "set"), Checkpoint(folder / "c" / "checkpoint.pt", "key", 1), stop_at, batch=BATCH)
    for name, objective in plan.objectives.items():

        def troubled(step: int, objective: Callable = objective):
            loss, terms = objective(step)
            if step == at and processes.rank() == 1:
                if trouble == "gone":
                    os._exit(5)
                loss = loss * float("nan")
            return loss, terms

        plan.objectives[name] = troubled
    try:
        train(plan, folder / "curve.csv")
    except (FocusError, StoppedError) as error:
        (folder / f"error-{processes.rank()}").write_text(f"{type(error).__name__}: {error}")
        return
    torch.save(weights(plan), folder / f"weights-{processes.rank()}.pt")


def in_group(work: Callable, count: int, *arguments: object, folder: Path) -> list[int]:
    """Run `work(*arguments)` in `count` processes of one gloo group that meet in `folder`; return their exit status."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sharing"])  # torch is loaded once, not by each process
    meeting = folder / f"meeting-{len(list(folder.glob('meeting-*')))}"
    children = [context.Process(target=_member, args=(work, rank, count, meeting, arguments)) for rank in range(count)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    return [child.exitcode for child in children]


def _member(work: Callable, rank: int, count: int, meeting: Path, arguments: tuple) -> None:
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=count)
    work(*arguments)
    dist.destroy_process_group()
