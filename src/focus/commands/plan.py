"""`focus plan`: what a profile will cost, before anything starts: training steps times measured seconds per step."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from focus.methods.em import turns
from focus.settings import Params, Profile, Variant, validate

FILE = Path("benchmarks/results/costs.json")


class Steps(BaseModel):
    """Seconds of one image of `side` px in each kind of step, for one encoder: of a CPU thread; of a GPU, if known."""

    side: int
    cpu_s: dict[str, float]
    gpu_s: dict[str, float] = {}


class Measured(BaseModel):
    """benchmarks/results/costs.json; others_s: CPU seconds of all stages that train neither R nor S, in that run."""

    machine: str
    profile: str
    gpu: str
    others_s: float
    steps: dict[str, Steps]


class Cost(NamedTuple):
    """What the steps of a training stage cost, in s; None: not known."""

    stage: str
    steps: int
    cpu_s: float | None
    gpu_s: float | None


def read_measured(root: Path = Path()) -> Measured:
    """Read the measured costs of a project. Raises FocusError that names the first wrong key."""
    return validate(root / FILE, Measured)


def trainings(params: Params, profile: Profile) -> dict[str, Counter[str]]:
    """Return, for every stage that trains R or S, its steps by kind."""
    found = {kind: Counter({kind: getattr(profile, kind).steps}) for kind in ("initialise", "pretrain")}
    found |= {f"r_syn/{kind}": Counter(reconstruction=profile.synthetic.steps) for kind in ("plain", "composited")}
    return found | {f"train/{name}": _variant(variant, profile) for name, variant in params.variants.items()}


def _variant(variant: Variant, profile: Profile) -> Counter[str]:
    """Return a variant's steps: R's cost more where S gives the mask, and less without F."""
    kind = "reconstruction_masked" if variant.training_mask == "segmentation" else "reconstruction"
    kinds = {"reconstruction": kind if "perceptual" in variant.reconstruction else "reconstruction_without_f"}
    kinds |= {"segmentation": "segmentation"} if variant.segmentation else {}
    steps: Counter[str] = Counter()
    for turn in turns(profile, variant.schedule, variant.rounds):
        if turn.network in kinds:
            steps[kinds[turn.network]] += turn.steps
    return steps


def plan(params: Params, profile: Profile, measured: Measured, runs: int = 1) -> list[Cost]:
    """Return the costs of all trainings of so many runs, which grow with steps, batch and pixels."""
    known = measured.steps.get(profile.encoder.architecture, Steps(side=1, cpu_s={}))
    images = runs * profile.training.batch * (profile.image.side / known.side) ** 2

    def seconds(steps: Counter[str], rates: dict[str, float]) -> float | None:
        return sum(images * count * rates[kind] for kind, count in steps.items()) if rates else None

    return [
        Cost(stage, runs * steps.total(), seconds(steps, known.cpu_s), seconds(steps, known.gpu_s))
        for stage, steps in trainings(params, profile).items()
    ]


def print_plan(title: str, costs: list[Cost], measured: Measured, runs: int = 1) -> None:
    """Print the trainings and their sum, and what the values rest on."""
    table = Table("training", title=title, title_justify="left")
    for name in ("steps", "CPU h", "GPU h"):
        table.add_column(name, justify="right")
    steps, *sums = (None if None in part else sum(part) for part in zip(*(each[1:] for each in costs), strict=True))
    for each in [*costs, Cost("all trainings", int(steps or 0), *sums)]:
        table.add_row(each.stage, f"{each.steps:,}", _hours(each.cpu_s), _hours(each.gpu_s))
    console = Console(highlight=False, width=100)
    console.print(table)
    several = f" at most in {runs} runs" if runs > 1 else ""
    console.print(
        f"CPU h: one thread, by the seconds of a step ({measured.machine}); a training takes the CPU's or the GPU's.\n"
        f"GPU h: {measured.gpu}.\n"
        f"All other stages took {runs * measured.others_s / 3600:.2f} CPU h{several} with profile {measured.profile}; "
        "here they grow with the images and their pixels.",
        soft_wrap=True,
    )


def _hours(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 3600:,.2f}"
