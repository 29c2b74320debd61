"""What the training stages share: from settings to objectives, optimisers and checkpoints, and one run of the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import nn

from focus import device, fingerprints
from focus.autoencoder import Autoencoder
from focus.datasets.augmentation import Augmentation
from focus.datasets.packed import PackedSet
from focus.errors import FocusError
from focus.networks.store import save_networks
from focus.settings import (
    BatchSettings,
    LossSettings,
    Optimiser,
    Section,
    TrainingSettings,
)
from focus.stages import paths
from focus.training import processes
from focus.training.batches import Batches
from focus.training.checkpoint import Checkpoint, fingerprint
from focus.training.loop import Objective, Plan, train
from focus.training.objectives import LossPlan
from focus.training.optimisers import OptimiserPlan
from focus.training.turns import Turn


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
    """Return the augmented training batches of a packed set; `count`: only so many of its first images."""
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
    plan = settings.training.augmentation
    if not any((plan.shift, plan.scale, plan.rotation, plan.flip)):
        return None
    return Augmentation(settings.image.side, **plan.model_dump())


def loss_plan(settings: LossSettings, terms: Sequence[str], weight_of: dict[str, str] | None = None) -> LossPlan:
    """Return the weights and forms of the named terms.

    `weight_of` names the setting of a term's weight where it is not the term's own name.
    """
    if not terms:
        raise FocusError("variants: found no loss terms, expected at least one")
    weights = {term: getattr(settings.losses, (weight_of or {}).get(term, term)) for term in terms}
    method = settings.method
    forms = {term: method.form(term, settings.losses.paper_forms) for term in type(method.forms).model_fields}
    forms |= {"distance": forms["features"], "preservation": forms["features"], "pixel_segmentation": forms["pixel"]}
    return LossPlan(weights, forms, method.reduced, settings.losses.neighbourhood)


def optimiser(plan: Optimiser, *, lr_share: float = 1.0, start: int = 0) -> OptimiserPlan:
    """Return an optimiser plan, its learning rate scaled by `lr_share`, gone on with from step `start`."""
    return OptimiserPlan(**{**plan.model_dump(), "lr": plan.lr * lr_share, "start": start})


def checkpoint_of(stage: str, settings: TrainingSettings, inputs: list[Path]) -> Checkpoint:
    """Return a stage's checkpoint, tied to its code, its settings and its inputs' bytes."""
    chosen = {field.name: _plain(getattr(settings, field.name)) for field in fields(settings)}
    key = fingerprint(stage, chosen, fingerprints.file(stage), *inputs)
    return Checkpoint(paths.checkpoint(stage), key, settings.training.checkpoint_every)


def _plain(value: object) -> object:
    return value.model_dump(mode="json") if isinstance(value, Section) else value
