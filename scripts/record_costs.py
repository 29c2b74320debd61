"""Write benchmarks/results/costs.json, which `focus plan` reads: `python scripts/record_costs.py [--run FOLDER]`.

FOLDER is a checkout where a whole run of encoder "small" has left logs/cost.json. The steps of ResNet-50 are those of
`python -m benchmarks.steps --profile paper --json benchmarks/results/steps.json`. Where scripts/gpu_check.py has run on
one, its findings (--gpu) give the GPU's seconds; without them they are extrapolated from counted arithmetic.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from focus.commands.plan import FILE, Measured, Steps, trainings
from focus.files import read_json, write_json
from focus.settings import read_params, read_profile

GPU_TFLOP_S = 10.0
"""Assumed, not measured: what a data-centre GPU sustains on these networks in float32, 10^12 operations per second."""
EXTRAPOLATED = f"extrapolated from the networks' counted arithmetic at {GPU_TFLOP_S:.0f} TFLOP/s, not measured"


def small_steps(run: Path, seconds: dict[str, float]) -> Steps:
    """Return the seconds of an image in each kind of step, from a run's own trainings."""
    params = read_params(run)
    profile = read_profile(params.profile, run)
    steps = trainings(params, profile)

    def rate(stage: str, kind: str, others: float = 0.0) -> float:
        return (seconds[stage] - others) / (steps[stage][kind] * profile.training.batch)

    plain = rate("train/Backbone", "reconstruction")
    # What S adds to an R step counts as an S step's.
    others = plain * steps["train/FOCUS"]["reconstruction_masked"] * profile.training.batch
    found = {
        "initialise": rate("initialise", "initialise"),
        "pretrain": rate("pretrain", "pretrain"),
        "reconstruction": plain,
        "reconstruction_masked": plain,
        "reconstruction_without_f": rate("train/MoFA", "reconstruction_without_f"),
        "segmentation": rate("train/FOCUS", "segmentation", others),
    }
    return Steps(side=profile.image.side, cpu_s={kind: round(value, 6) for kind, value in found.items()})


def large_steps(file: Path, gpu: dict[str, float]) -> Steps:
    """Return the same from benchmarks.steps. Other R steps than with S's mask are counted as the initialisation's."""
    found = read_json(file)
    alike = dict.fromkeys(("reconstruction", "reconstruction_without_f"), found["image"]["initialise"])
    image = {**found["image"], **alike}
    return Steps(
        side=found["side"],
        cpu_s={kind: value["s"] for kind, value in image.items()},
        gpu_s=gpu or {kind: round(value["tflop"] / GPU_TFLOP_S, 6) for kind, value in image.items()},
    )


def on_gpu(file: Path) -> tuple[str, dict[str, float]]:
    """Return what scripts/gpu_check.py found: where, and an image's seconds by kind of step; {} without a file.

    An R step was measured with S's mask, an S step in EM: steps of the initialisation and of S's pre-training, which
    have less to do, are counted like them.
    """
    if not file.is_file():
        return EXTRAPOLATED, {}
    found = read_json(file)
    speed = found["speed, batch 12, float32"]
    reconstruction, segmentation = (1 / speed[kind]["images_per_s"] for kind in ("reconstruction", "segmentation"))
    r_steps = "initialise", "reconstruction", "reconstruction_masked", "reconstruction_without_f"
    kinds = dict.fromkeys(r_steps, reconstruction)
    kinds |= dict.fromkeys(("pretrain", "segmentation"), segmentation)
    where = f"steps of batch 12 as measured on one {found['machine']['device']}"
    return where, {kind: round(seconds, 7) for kind, seconds in kinds.items()}


def main() -> None:
    """Write costs.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path())
    parser.add_argument("--steps", type=Path, default=Path("benchmarks/results/steps.json"))
    parser.add_argument("--gpu", type=Path, default=Path("benchmarks/results/gpu.json"))
    wanted = parser.parse_args()
    costs = read_json(wanted.run / "logs/cost.json")["stages"]
    seconds = {name: cost["cpu_s"] for name, cost in costs.items()}
    small, host, (where, gpu) = small_steps(wanted.run, seconds), costs["initialise"], on_gpu(wanted.gpu)
    trained = ("initialise", "pretrain", "r_syn", "train")
    measured = Measured(
        machine=f"{host['machine']}, {host['cores']} cores, {host['cpu_capability']}, torch {host['torch']}",
        profile=read_params(wanted.run).profile,
        gpu=where,
        others_s=round(sum(value for name, value in seconds.items() if name.partition("/")[0] not in trained), 1),
        steps={"small": small, "resnet50": large_steps(wanted.steps, gpu)},
    )
    write_json(FILE, measured.model_dump())
    print(FILE)


if __name__ == "__main__":
    main()
