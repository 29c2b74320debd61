"""Profile `paper` from end to end on full-size stand-ins, a few steps per training: `python scripts/paper_dry_run.py`.

In a temporary clone of the last commit (or in --work DIR, which then stays). What is full-size stays so: 224 px, batch
12, ResNet-50, the U-Net, iResNet-50, 53,149 vertices with 80 + 64 + 80 components. SHORT says what is short instead
(and FOCUS-TTA's batch is all of NoW's few pictures).
One training is killed in the middle and has to go on. Cost and findings go to benchmarks/results/paper_dry_run.json.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dry_run_checks import check_outputs, sizes
from focus.environment.cost import host
from focus.files import read_json, write_json
from focus.settings import read_yaml
from focus.stand_ins.folder import PLACES
from watch_run import Watch

PROFILE = "paper-dry-run"
OUT = Path("benchmarks/results/paper_dry_run.json")
MEMORY_MB = 8192  # that all jobs together may take

STAND_INS = {"train": 24, "val": 4, "test": 4, "ar": 2, "subjects": 2, "pictures": 2}
"""How many images; each at its full size."""

SHORT: dict[str, Any] = {
    # Two threads: beside a training of S there is memory for small stages only.
    "compute": {"threads": 2, "device": "cpu", "workers": 0},
    "detector": {"kind": "mediapipe"},  # face-alignment, which the profile names, downloads its weights
    "training": {"log_every": 1, "checkpoint_every": 2},
    "initialise": {"steps": 3},
    "pretrain": {"steps": 1},
    "em": {"rounds": 1, "segmentation_steps": 1, "reconstruction_steps": 1},
    "synthetic": {"count": 24, "holdout": 8, "steps": 1},
    "adaptation": {"start": 1, "steps": 2},
    "instance_fit": {"rounds": 1, "steps": 2},
    "reference_fit": {"steps": 2},
    "evaluation": {"celeba_unoccluded": 2, "celeba_occluded": 2, "now_pairs": 2, "bootstrap": 200, "refined": 1},
}
"""What profile `paper` has otherwise; no size of an image, network or mesh is among it."""

LONGEST_CHAIN = "results/demo_model.json"  # what ends it; hurried, so that it is not left over alone

SEGMENTATION = ("Baseline", "Neighbor", "Perceptual", "FOCUS", "FOCUS-TTA")
RESOURCES = {
    "train": f"6500 if wildcards.key in {SEGMENTATION} else 3600",
    "pretrain": 6500,
    "initialise": 3600,
    "r_syn": 3600,
    "evaluate": 1650,
    "demo_model": 3100,
}
"""MB of a job of each rule, as a Snakemake expression, where it is more than the rule says."""


def derived(profile: Mapping[str, Any], assets: Mapping[str, Path]) -> dict[str, Any]:
    """Return profile `paper` with SHORT's values in place of its own, and the paths of the stand-ins."""
    changed = {name: {**profile[name], **values} for name, values in SHORT.items()}
    return {**profile, **changed, "assets": {name: str(path) for name, path in assets.items()}}


def prepare(root: Path, clone: Path, stand_ins: Path) -> None:
    """Clone the project and make profile `paper-dry-run` its profile, with nothing run yet."""
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", root, clone], check=True)
    assets = {name: stand_ins / place for name, place in PLACES.items()}
    text = yaml.safe_dump(derived(read_yaml(clone / "profiles/paper.yaml"), assets), sort_keys=False)
    (clone / f"profiles/{PROFILE}.yaml").write_text(text, encoding="utf-8")
    params = (clone / "params.yaml").read_text(encoding="utf-8")
    for key, value in (("profile", PROFILE), ("remote", "private")):
        params = re.sub(rf"(?m)^{key}: \S+", f"{key}: {value}", params, count=1)
    (clone / "params.yaml").write_text(params, encoding="utf-8")
    (clone / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(clone / "results")


def environment() -> dict[str, str]:
    """Return the variables of a run: this interpreter first, the clone's code, threads that wait without spinning."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    own = {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    return {**os.environ, "PATH": path, **own}


class Steps:
    """Runs commands in the clone, each in a session of its own, and notes what each cost."""

    def __init__(self, clone: Path) -> None:
        self.clone = clone
        self.costs: dict[str, dict[str, float]] = {}
        self.step_seconds: dict[str, list[float]] = {}

    def run(self, title: str, command: list[str]) -> None:
        """Run a command to its end; exits when it fails."""
        log = self.clone / "logs" / f"dry_run_{title}.log"
        log.parent.mkdir(exist_ok=True)
        print(f"{title}: {' '.join(command)[:100]}", flush=True)
        began, used = time.monotonic(), _children_seconds()
        with log.open("w") as stream:
            process = self._start(command, stream)
            with Watch(process.pid, self.clone / "logs") as watch:
                status = process.wait()
        self._note(title, began, used, watch)
        if status:
            sys.exit(f"{title}: ended with {status}; see {log}\n{log.read_text()[-2000:]}")

    def kill_in_training(self, stage: str) -> int:
        """Start a training, kill it after its first checkpoint; return the checkpoint's bytes."""
        log, checkpoint = self.clone / "logs/dry_run_killed.log", self.clone / ".checkpoints" / stage / "checkpoint.pt"
        began, used = time.monotonic(), _children_seconds()
        with log.open("w") as stream:
            process = self._start([sys.executable, "-m", f"focus.stages.{stage}"], stream)
            with Watch(process.pid, self.clone / "logs") as watch:
                while not checkpoint.is_file():
                    if process.poll() is not None:
                        sys.exit(f"{stage}: ended before its first checkpoint\n{log.read_text()[-2000:]}")
                    time.sleep(0.1)
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._note("killed", began, used, watch)
        return checkpoint.stat().st_size

    def _start(self, command: list[str], stream) -> subprocess.Popen:
        return subprocess.Popen(
            command, cwd=self.clone, env=environment(), stdout=stream, stderr=stream, start_new_session=True
        )

    def _note(self, title: str, began: float, used: float, watch: Watch) -> None:
        self.costs[title] = {
            "wall_s": round(time.monotonic() - began, 1),
            "cpu_s": round(_children_seconds() - used, 1),
            "peak_together_mib": round(watch.peak_mib),
        }
        for name, seconds in watch.steps.items():
            self.step_seconds.setdefault(name, []).extend(seconds)


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def snakemake(cores: int, *targets: str, first: str | None = None) -> list[str]:
    """Return the command that runs the DAG, so that all jobs together stay below MEMORY_MB; `first`: what to hurry."""
    memory = [f"{rule}:mem_mb={value}" for rule, value in RESOURCES.items()]
    engine = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--resources", f"mem_mb={MEMORY_MB}"]
    hurry = [] if first is None else ["--prioritize", first]
    return [*engine, *hurry, "--set-resources", *memory, "--", *targets]


def dry_run(root: Path, work: Path, cores: int) -> dict[str, Any]:
    """Run everything below `work`; return the figures."""
    clone, stand_ins = work / "clone", work / "stand-ins"
    prepare(root, clone, stand_ins)
    steps = Steps(clone)
    amounts = [word for name, count in STAND_INS.items() for word in (f"--{name}", str(count))]
    steps.run("emulate", [sys.executable, "-m", "focus.cli", "emulate", "--full-size", str(stand_ins), *amounts])
    steps.run("inputs", snakemake(cores, "data/face_model", "data/packed/celeba_train", "models/recogniser"))
    checkpoint = steps.kill_in_training("initialise")
    steps.run("stages", snakemake(cores, first=LONGEST_CHAIN))
    portrait = stand_ins / PLACES["celeba_hq"] / "CelebA-HQ-img/0.jpg"
    landmarks = stand_ins / PLACES["celeba_hq"] / "landmarks.csv"
    export = [
        "reconstruct",
        str(portrait),
        "--landmarks",
        str(landmarks),
        "--model",
        "models/demo/model.safetensors",
        "--fit",
        "2",
    ]
    steps.run("export", [sys.executable, "-m", "focus.cli", *export, "--out", "export"])
    checks = check_outputs(clone, stand_ins)
    return figures(clone, steps, cores) | {
        "checks": checks,
        "bytes": {"checkpoint of initialise": checkpoint, **sizes(clone, stand_ins)},
    }


def figures(clone: Path, steps: Steps, cores: int) -> dict[str, Any]:
    """Return what was run on what machine, and the cost of each step and stage."""
    stages = read_json(clone / "logs/cost.json")["stages"]
    costs = {
        name: {key: cost[key] for key in ("wall_s", "cpu_s", "peak_rss_mib")} for name, cost in sorted(stages.items())
    }
    return {
        "profile": PROFILE,
        "instead_of_papers": SHORT,
        "stand_ins": STAND_INS,
        "machine": {**host(), "cpu": _cpu(), "jobs": cores, "load": [round(x, 1) for x in os.getloadavg()]},
        "total": {key: round(sum(c[key] for c in steps.costs.values()), 1) for key in ("wall_s", "cpu_s")}
        | {"peak_together_mib": max(cost["peak_together_mib"] for cost in steps.costs.values())}
        | {"peak_of_a_stage_mib": max(cost["peak_rss_mib"] for cost in costs.values())},
        "parts": steps.costs,
        "stages": costs,
        "seconds_a_step": dict(sorted(steps.step_seconds.items())),
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def main() -> None:
    """Run, and write or print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cores", type=int, default=2, help="jobs side by side, a thread each")
    parser.add_argument("--work", type=Path, help="a new folder for clone and stand-ins (8 GB), which then stays")
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="focus-paper-") as temporary:
        work = (wanted.work or Path(temporary)).resolve()
        found = dry_run(Path().resolve(), work, wanted.cores)
    write_json(wanted.out, found)
    print(f"{wanted.out}: {found['total']}")


if __name__ == "__main__":
    main()
