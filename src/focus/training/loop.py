"""The one training loop: networks take turns, the inactive ones frozen and in eval mode.

Every step's randomness (batch, augmentation, dropout) is a function of the seed and the step's number, so a resumed
training goes on bit for bit from networks, optimisers and the step count alone. Processes that share a training do the
same steps, on their own rows of each batch, and have the same weights; the first of them writes.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from focus.errors import FocusError
from focus.files import write_csv
from focus.seeds import derive
from focus.training import processes
from focus.training.checkpoint import Checkpoint
from focus.training.finite import Finite
from focus.training.optimisers import OptimiserPlan
from focus.training.turns import Turn

logger = logging.getLogger(__name__)

Objective = Callable[[int], tuple[Tensor, Mapping[str, Tensor]]]


@dataclass
class Plan:
    """A training: networks, their objectives and optimisers, and whose turn it is when.

    An objective takes the step's number and returns the loss and its terms (detached scalars). Steps count over all
    turns, and learning rates fall with them, whoever is in turn (Step4_UNet_MoFA_EM.py:390-413). So a baseline that
    leaves out S's turns makes its R steps with the batches and rates of the full method.
    """

    networks: dict[str, nn.Module]
    objectives: dict[str, Objective]
    optimisers: dict[str, OptimiserPlan]
    turns: list[Turn]
    seed: int
    log_every: int = 10
    checkpoint: Checkpoint | None = None
    title: str = "training"
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """All steps of all turns."""
        return sum(turn.steps for turn in self.turns)

    def order(self) -> Iterator[tuple[int, str]]:
        """Yield the number of each step that trains a network, and that network."""
        names = (turn.network for turn in self.turns for _ in range(turn.steps))
        return ((step, name) for step, name in enumerate(names) if name in self.objectives)

    def logged(self, step: int) -> bool:
        """Tell whether a step's terms become a row of the curve."""
        return step % self.log_every == 0 or step == self.total - 1

    def saved(self, step: int) -> bool:
        """Tell whether a checkpoint follows a step."""
        return self.checkpoint is not None and self.checkpoint.due(step + 1, self.total)


def train(plan: Plan, curve: Path | None = None) -> None:
    """Run a plan to its end, from its checkpoint if there is one; write the training curve as CSV.

    Raises FocusError when a loss or a gradient is not finite, on a GPU at the next step that is logged or saved; the
    last good checkpoint stays.
    """
    for network in plan.networks.values():
        processes.convert(network)
    optimisers = {name: plan.optimisers[name].build(plan.networks[name]) for name in plan.optimisers}
    weights = {name: [w for w in net.parameters() if w.requires_grad] for name, net in plan.networks.items()}
    start, finite = _resume(plan, optimisers), Finite()
    with _progress() as bar:
        task = bar.add_task(plan.title, total=plan.total, completed=start)
        for step, name in plan.order():
            if step < start:
                continue
            _activate(plan.networks, weights, name)
            torch.manual_seed(derive(plan.seed, "dropout", step))
            for group in optimisers[name].param_groups:
                group["lr"] = plan.optimisers[name].rate(step, plan.total)
            terms = _one_step(plan, optimisers[name], name, step, finite)
            if plan.logged(step):
                _log(plan, step, name, terms)
            if plan.saved(step):
                _save(plan, optimisers, step + 1)
            bar.update(task, completed=step + 1)
    for network in plan.networks.values():
        network.eval()
    if curve is not None and processes.first():
        write_csv(curve, pd.DataFrame(plan.rows), "%.6g")


def _one_step(
    plan: Plan, optimiser: torch.optim.Optimizer, name: str, step: int, finite: Finite
) -> Mapping[str, Tensor]:
    loss, terms = plan.objectives[name](step)
    terms = processes.means({"loss": loss.detach(), **terms})  # the same in all, so that all stop or none
    finite.note("the loss", terms["loss"])
    _stop_if_broken(plan, step, terms, finite)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    processes.average_gradients(plan.networks[name])
    clip = plan.optimisers[name].settings.clip or math.inf  # infinity: gradients stay as they are, to the bit
    finite.note("the gradient's norm", nn.utils.clip_grad_norm_(plan.networks[name].parameters(), clip))
    _stop_if_broken(plan, step, terms, finite)
    optimiser.step()
    return terms


def _stop_if_broken(plan: Plan, step: int, terms: Mapping[str, Tensor], finite: Finite) -> None:
    at_once = terms["loss"].device.type == "cpu"  # no one waits there
    if not (at_once or plan.logged(step) or plan.saved(step)):
        return
    what = finite.broken()
    if what is None:
        return
    values = ", ".join(f"{key} {float(value):.4g}" for key, value in terms.items() if key != "loss")
    kept = plan.checkpoint.path if plan.checkpoint and plan.checkpoint.path.is_file() else "none"
    when = f"at step {step}" if at_once else f"at step {step} or before"
    raise FocusError(
        f"{plan.title}: {what} is not finite {when} ({values}); expected a number. Last checkpoint: {kept}"
    )


def _activate(networks: Mapping[str, nn.Module], weights: Mapping[str, list[nn.Parameter]], active: str) -> None:
    """Put the active network in training mode; freeze the others and put them in eval mode."""
    for name, network in networks.items():
        if network.training != (name == active):
            network.train(name == active)
        for weight in weights[name]:
            weight.requires_grad_(name == active)


def _log(plan: Plan, step: int, name: str, terms: Mapping[str, Tensor]) -> None:
    if processes.first() and not sys.stderr.isatty():  # a log file gets lines instead of a bar
        loss = float(terms["loss"])
        logger.info("%s: step %d of %d, %s, loss %.4g", plan.title, step, plan.total, name, loss)
    plan.rows.append({"step": step, "network": name, **{key: float(value) for key, value in terms.items()}})


def _save(plan: Plan, optimisers: Mapping[str, torch.optim.Optimizer], step: int) -> None:
    if plan.checkpoint is None or not processes.first():
        return
    plan.checkpoint.save(
        {
            "step": step,
            "networks": {name: network.state_dict() for name, network in plan.networks.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in optimisers.items()},
            "rows": plan.rows,
        }
    )


def _resume(plan: Plan, optimisers: Mapping[str, torch.optim.Optimizer]) -> int:
    state = plan.checkpoint.load() if plan.checkpoint else None
    if state is None:
        return 0
    for name, network in plan.networks.items():
        network.load_state_dict(state["networks"][name])
    for name, optimiser in optimisers.items():
        optimiser.load_state_dict(state["optimisers"][name])
    plan.rows[:] = state["rows"]
    step: int = state["step"]
    if processes.first():
        logger.info("%s: resuming from step %d of %d", plan.title, step, plan.total)
    return step


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = processes.first() and sys.stderr.isatty()
    return Progress(*columns, transient=True, disable=not shown, console=Console(stderr=True))
