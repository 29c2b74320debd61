"""Write src/focus/planning/measured.json from a run's logs: `python scripts/record_costs.py --run FOLDER --steps FILE`.

FOLDER is a checkout in which the whole demo profile has run (its logs/cost is read, and the sizes of its outputs);
FILE the output of `python -m benchmarks.steps --profile paper --json FILE`. Where scripts/gpu_check.py has run on one,
its findings (--gpu) give the GPU's seconds; without them GPU hours are extrapolated from counted arithmetic.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from statistics import mean

from focus.files import read_json, write_json
from focus.networks import FaceEncoder, SegmentationNetwork
from focus.planning.costs import FILE, Measured, StageCost, StepCost
from focus.planning.work import Work, all_work
from focus.settings import Profile, read_params, read_profile

OUTS = {
    "face_model": "data/face_model",
    "datasets": "data/raw/{}",
    "recogniser": "models/recogniser",
    "landmarks": "data/packed/{}",
    "synthetic_faces": "data/synthetic/{}",
    "evaluate": "data/evaluation/{}",
    "misfit_prior": "models/misfit_prior/{}",
    "tables": "results/tables",
    "figures": "results/figures",
}
GROUPS = ("evaluate", "correct")  # a new variant has no costs of its own


def space(path: Path) -> int:
    """Return the bytes of all files in a folder; 0 when there is none."""
    return sum(os.path.getsize(file) for file in path.rglob("*") if file.is_file())


def logged(run: Path) -> dict[str, dict]:
    """Return the logged cost of each stage by its name in dvc.yaml."""
    costs = [read_json(path) for path in sorted((run / "logs/cost").glob("*.json"))]
    return {cost["stage"].replace("/", "@", 1): cost for cost in costs}


def stage_costs(run: Path, costs: dict[str, dict], work: dict[str, Work]) -> dict[str, StageCost]:
    """Return the cost of each stage that trains neither R nor S, those of GROUPS as one."""
    found: dict[str, StageCost] = {}
    for name, part in work.items():
        if not part.networks:
            group, _, item = name.partition("@")
            size = space(run / OUTS[group].format(item)) if group in OUTS else 0
            found[name] = StageCost(amount=part.amount, cpu_s=costs[name]["cpu_s"], pixels=part.pixels, space=size)
    for group in GROUPS:
        parts = [found.pop(name) for name in list(found) if name.startswith(f"{group}@")]
        found[group] = parts[0].model_copy(
            update={
                "cpu_s": round(mean(part.cpu_s for part in parts), 2),
                "space": round(mean(part.space for part in parts)),
            }
        )
    return found


def small_steps(profile: Profile, run: Path, costs: dict[str, dict], work: dict[str, Work], start: float) -> StepCost:
    """Return the cost of an image in each kind of step, from the run's own trainings."""

    def rate(name: str, kind: str, other: float = 0.0) -> float:
        return (costs[name]["cpu_s"] - start - other) / dict(work[name].images)[kind]

    backbone = rate("train@Backbone", "reconstruction")
    others = dict(work["train@FOCUS"].images)["reconstruction_masked"] * backbone  # S's forward pass counts as S's step
    seconds = {
        "initialise": rate("initialise", "initialise"),
        "pretrain": rate("pretrain", "pretrain"),
        "reconstruction": backbone,
        "reconstruction_masked": backbone,
        "segmentation": rate("train@FOCUS", "segmentation", others),
    }
    return StepCost(
        side=profile.image.side,
        seconds={kind: round(value, 6) for kind, value in seconds.items()},
        without_perceptual=round(rate("train@MoFA", "reconstruction") / backbone, 3),
        tflop={},
        space=space(run / "models/FOCUS"),
    )


def large_steps(file: Path, without_perceptual: float) -> StepCost:
    """Return the cost of an image in each kind of step, from benchmarks.steps."""
    found = read_json(file)
    profile = read_profile(found["profile"])
    plan = profile.face_model
    outputs = plan.shape + plan.expression + plan.albedo + 27 + 6
    networks = (
        FaceEncoder(outputs, profile.encoder.architecture, profile.image.side, profile.encoder.width),
        SegmentationNetwork(profile.segmentation.width, profile.segmentation.poolings),
    )
    # An R step whose mask is not S's: no network more or less than in the initialisation.
    image = {**found["image"], "reconstruction": found["image"]["initialise"]}
    return StepCost(
        side=found["side"],
        seconds={kind: value["s"] for kind, value in image.items()},
        without_perceptual=without_perceptual,
        tflop={kind: value["tflop"] for kind, value in image.items()},
        space=4 * sum(weight.numel() for network in networks for weight in network.state_dict().values()),
    )


def on_gpu(file: Path) -> tuple[str | None, dict[str, float]]:
    """Return the GPU of scripts/gpu_check.py and an image's seconds by kind of step in float32; none without a file.

    An R step was measured with S's mask, an S step in EM: steps of the initialisation and of S's pre-training, which
    have less to do, are counted like them.
    """
    if not file.is_file():
        return None, {}
    found = read_json(file)
    speed = found["speed, batch 12, float32"]
    reconstruction, segmentation = (1 / speed[kind]["images_per_s"] for kind in ("reconstruction", "segmentation"))
    kinds = dict.fromkeys(("initialise", "reconstruction", "reconstruction_masked"), reconstruction)
    kinds |= dict.fromkeys(("pretrain", "segmentation"), segmentation)
    return found["machine"]["device"], {kind: round(seconds, 7) for kind, seconds in kinds.items()}


def main() -> None:
    """Write measured.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path())
    parser.add_argument("--steps", type=Path, default=Path("benchmarks/results/steps.json"))
    parser.add_argument("--gpu", type=Path, default=Path("benchmarks/results/gpu.json"))
    wanted = parser.parse_args()
    params = read_params(wanted.run)
    profile = read_profile(params.profile, wanted.run)
    costs, work = logged(wanted.run), all_work(params, profile)
    start = costs["headline"]["cpu_s"]  # the least of all stages
    small = small_steps(profile, wanted.run, costs, work, start)
    host = costs["headline"]
    gpu, gpu_seconds = on_gpu(wanted.gpu)
    large = large_steps(wanted.steps, small.without_perceptual).model_copy(update={"gpu_seconds": gpu_seconds})
    measured = Measured(
        machine=f"{host['machine']}, {host['cores']} cores, {host['cpu_capability']}, torch {host['torch']}",
        gpu=gpu,
        profile=params.profile,
        start_s=start,
        stages=stage_costs(wanted.run, costs, work),
        steps={"small": small, "resnet50": large},
    )
    write_json(FILE, measured.model_dump())
    print(FILE)


if __name__ == "__main__":
    main()
