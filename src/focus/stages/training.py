"""What the training stages share: from settings to objectives, optimisers and checkpoints, and one run of the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from torch import nn

from focus import device, fingerprints
from focus.datasets.augmentation import Augmentation
from focus.datasets.packed import PackedSet
from focus.errors import FocusError
from focus.methods.em import LossPlan
from focus.model.autoencoder import Autoencoder
from focus.networks.store import save_networks
from focus.settings import (
    BatchSettings,
    LossSettings,
    Section,
    TrainingSettings,
)
from focus.settings.terms import SWITCHES
from focus.stages import paths
from focus.training import processes
from focus.training.batches import Batches
from focus.training.checkpoint import Checkpoint, fingerprint
from focus.training.loop import Objective, Plan, train
from focus.training.optimisers import OptimiserPlan
from focus.training.turns import Turn

Step = Literal["initialise", "reconstruction", "segmentation"]


@dataclass(frozen=True)
class Trained:
    """A network, what its steps minimise (None: it is never in turn), and its optimiser."""

    network: nn.Module
    objective: Objective | None
    optimiser: OptimiserPlan


def run_training(
    stage: str,
    settings: TrainingSettings,
    trained: dict[str, Trained],
    turns: list[Turn],
    *,
    seed: int,
    inputs: list[Path],
    curve: str | None,
    save: Callable[[], None],
) -> None:
    """Train networks in turns from the stage's checkpoint, if there is one; write the curve; then `save` the result.

    `seed` is of the steps' draws; `inputs` are the files and folders that the checkpoint is tied to, besides all
    settings; `curve` names the CSV in results/curves.
    """
    checkpoint = checkpoint_of(stage, settings, inputs)
    plan = Plan(
        networks={name: part.network for name, part in trained.items()},
        objectives={name: part.objective for name, part in trained.items() if part.objective is not None},
        optimisers={name: part.optimiser for name, part in trained.items()},
        turns=turns,
        seed=seed,
        log_every=settings.training.log_every,
        checkpoint=checkpoint,
        title=stage,
    )
    train(plan, None if curve is None else paths.CURVES / f"{curve}.csv")
    if processes.first():
        save()
        checkpoint.remove()
    processes.wait()  # none ends well before the result is there


def save_focus_networks(name: str, autoencoder: Autoencoder, segmentation: nn.Module, facts: dict[str, Any]) -> None:
    """Write models/<name>: R's encoder and S."""
    networks = {"encoder": autoencoder.encoder, "segmentation": segmentation}
    save_networks(paths.network(name), networks, facts)


def batches(settings: BatchSettings, packed: PackedSet, count: int | None = None) -> Batches:
    """Return the augmented training batches of a packed set; `count`: only so many of its first images.

    Raises FocusError for a set of one image: batch norm has no variance of it.
    """
    if len(packed) < 2:
        raise FocusError(f"{packed.folder}: found {len(packed)} image to train on, expected at least 2")
    return Batches(
        packed,
        settings.training.batch,
        settings.training_seed,
        augmentation(settings),
        count,
        device=device.choose(settings.compute.device),
        workers=settings.compute.workers,
    )


def augmentation(settings: BatchSettings) -> Augmentation | None:
    """Return the augmentation of training images, None where all is zero."""
    changes = settings.training.augmentation
    moves = changes.shift, changes.scale, changes.rotation, changes.flip
    return Augmentation(settings.image.side, changes) if any(moves) else None


def loss_plan(settings: LossSettings, step: Step, terms: Sequence[str]) -> LossPlan:
    """Return the weights and forms of the named terms of one kind of step. Raises FocusError for one without weight."""
    if not terms:
        raise FocusError("variants: found no loss terms, expected at least one")
    weights: dict[str, float] = getattr(settings.losses, step)
    for term in terms:
        if term not in weights:
            raise FocusError(f"losses.{step}: found no weight of {term}, expected one, as a variant uses the term")
    method = settings.method
    forms = {term.name: method.form(term.name, settings.losses.paper_forms) for term in SWITCHES}
    return LossPlan({term: weights[term] for term in terms}, forms, method.reduced, settings.losses.neighbourhood)


def checkpoint_of(stage: str, settings: TrainingSettings, inputs: list[Path]) -> Checkpoint:
    """Return a stage's checkpoint, tied to its code, its settings and its inputs' bytes."""
    chosen = {field.name: _plain(getattr(settings, field.name)) for field in fields(settings)}
    key = fingerprint(stage, chosen, fingerprints.file(stage), *inputs)
    return Checkpoint(paths.checkpoint(stage), key, settings.training.checkpoint_every)


def _plain(value: object) -> object:
    return value.model_dump(mode="json") if isinstance(value, Section) else value
