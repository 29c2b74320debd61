"""The trainings of a profile, and their steps times the seconds that a step was seen to take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from focus.files import read_json
from focus.settings import Params, Profile
from focus.stages.train import turns

FILE = Path("benchmarks/results/costs.json")


class Steps(BaseModel):
    """What an image of side `side` px costs in each kind of step, for one encoder.

    Seconds of one CPU thread; of a GPU, {} where none was seen. without_perceptual: the share of an R step without F.
    """

    model_config = ConfigDict(frozen=True)

    side: int
    cpu_s: dict[str, float]
    gpu_s: dict[str, float] = {}
    without_perceptual: float


class Measured(BaseModel):
    """benchmarks/results/costs.json; others_s: CPU seconds of all stages that train neither R nor S, in that run."""

    model_config = ConfigDict(frozen=True)

    machine: str
    profile: str
    gpu: str
    others_s: float
    steps: dict[str, Steps]


@dataclass(frozen=True)
class Training:
    """A training stage: its steps by kind, and whether its R steps see F; CPU and GPU seconds, None: not known."""

    stage: str
    steps: Counter[str]
    perceptual: bool = True
    cpu_s: float | None = None
    gpu_s: float | None = None


def read_measured(root: Path = Path()) -> Measured:
    """Read the measured costs of a project."""
    return Measured.model_validate(read_json(root / FILE))


def trainings(params: Params, profile: Profile) -> Iterator[Training]:
    """Yield every stage that trains R or S. An R step costs more where S gives the mask."""
    yield Training("initialise", Counter(initialise=profile.initialise.steps))
    yield Training("pretrain", Counter(pretrain=profile.pretrain.steps))
    for kind in ("plain", "composited"):
        yield Training(f"r_syn/{kind}", Counter(reconstruction=profile.synthetic.steps))
    for name, variant in params.variants.items():
        kinds = {"reconstruction": "reconstruction", "segmentation": "segmentation" if variant.segmentation else ""}
        if variant.training_mask == "segmentation":
            kinds["reconstruction"] = "reconstruction_masked"
        steps: Counter[str] = Counter()
        for turn in turns(profile, variant.schedule, variant.rounds):
            steps[kinds[turn.network]] += turn.steps
        del steps[""]  # of an S that is not trained
        yield Training(f"train/{name}", steps, "perceptual" in variant.reconstruction)


def plan(params: Params, profile: Profile, measured: Measured, runs: int = 1) -> list[Training]:
    """Return the trainings of so many runs with their costs, which grow with steps, batch and pixels."""
    steps = measured.steps.get(profile.encoder.architecture)
    return [_costed(each, profile, steps, runs) for each in trainings(params, profile)]


def _costed(each: Training, profile: Profile, measured: Steps | None, runs: int) -> Training:
    counts = Counter({kind: runs * count for kind, count in each.steps.items()})
    if measured is None:
        return Training(each.stage, counts, each.perceptual)
    images = profile.training.batch * (profile.image.side / measured.side) ** 2
    images *= 1.0 if each.perceptual else measured.without_perceptual
    cpu, gpu = (
        sum(images * count * seconds[kind] for kind, count in counts.items()) if seconds else None
        for seconds in (measured.cpu_s, measured.gpu_s)
    )
    return Training(each.stage, counts, each.perceptual, cpu, gpu)


def print_plan(title: str, found: list[Training], measured: Measured, runs: int = 1) -> None:
    """Print the trainings and their sum, and what the figures rest on."""
    table = Table(title=title, title_justify="left")
    for name in ("training", "steps", "CPU h", "GPU h"):
        table.add_column(name, justify="left" if name == "training" else "right", no_wrap=True)
    for each in found:
        table.add_row(each.stage, f"{each.steps.total():,}", _hours(each.cpu_s), _hours(each.gpu_s))
    table.add_section()
    cpu, gpu = ([getattr(each, kind) for each in found] for kind in ("cpu_s", "gpu_s"))
    sums = (None if None in part else sum(part) for part in (cpu, gpu))
    table.add_row("all trainings", f"{sum(each.steps.total() for each in found):,}", *map(_hours, sums))
    console = Console(highlight=False, width=100)
    console.print(table)
    for line in notes(measured, runs):
        console.print(line, soft_wrap=True)


def notes(measured: Measured, runs: int) -> list[str]:
    """Return what the figures rest on, a sentence a line."""
    others = runs * measured.others_s / 3600
    return [
        f"CPU h: one thread, by the seconds of a step ({measured.machine}); a training takes the CPU's or the GPU's.",
        f"GPU h: {measured.gpu}.",
        f"All other stages took {others:.2f} CPU h{f' at most in {runs} runs' if runs > 1 else ''} with profile "
        f"{measured.profile}; here they grow with the images and their pixels.",
    ]


def _hours(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds / 3600:.2f}"
