"""Everything that a GPU can tell in ten minutes: `python scripts/gpu_check.py --minutes 9 --out FILE`.

1. Parity: every part on the device and on the CPU, forward and backward (benchmarks/gpu/parity.py).
2. Speed: R and S steps in float32, TF32, bfloat16, channels last and compiled; what takes the time; the distance to the
   device's own floor (benchmarks/gpu/speed.py).
3. Profile `medium`, trained as long as time is left: MoFA, Backbone and FOCUS beside the reference rows. Its data are
   drawn on the other cores while 1 and 2 run (benchmarks/gpu/pipeline.py).

Each finding is written to FILE as soon as it is there: a run that is cut off tells what it has. Needs the source tree,
torch, and the packages of scripts/gpu_wheels.py where they are not installed (`--wheels DIR`; it installs nothing).
`--device cpu --tiny` does the same in small, for tests.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import threading
import time
import traceback
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
METHODS = ("MoFA", "Backbone", "FOCUS")
SHARES = {"parity": 1 / 9, "speed": 2 / 9}  # of the minutes; the rest is the run's
RUN_SHARES = {"initialise": 0.38, "pretrain": 0.1, "MoFA": 0.1, "Backbone": 0.12, "FOCUS": 0.3}  # of its training time
LEFT_FOR_EVALUATION = 0.2  # of the run's time
DATA_STAGES = ("code", "face_model", "datasets", "landmarks", "subsets")  # drawn while parts 1 and 2 run
ON_GPU = frozenset({"recogniser", "initialise", "pretrain", "train", "evaluate"})


class Findings:
    """What has been found, written to its file after each addition."""

    def __init__(self, path: Path) -> None:
        from focus.files import write_json

        self.path, self.values, self._write = path, {}, write_json

    def add(self, name: str, work: Callable[[], Any]) -> Any:
        """Keep and return what `work` returns; an exception is kept as its last line, and what follows goes on."""
        began = time.monotonic()
        try:
            found = work()
        except Exception as error:
            traceback.print_exc()
            found = {"error": f"{type(error).__name__}: {error}"[:500]}
        self.values[name] = found
        self._write(self.path, self.values)
        print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
        return found


def machine(device: Any) -> dict[str, Any]:
    """Return what the values were measured on."""
    import torch

    gpu = torch.cuda.get_device_properties(device) if device.type == "cuda" else None
    return {
        "device": gpu.name if gpu else platform.processor() or platform.machine(),
        "memory_mib": gpu.total_memory >> 20 if gpu else None,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
    }


def parity(findings: Findings, device: Any, tiny: bool, deadline: float) -> None:
    """Part 1, at 64 and at 224 px."""
    from benchmarks.gpu.parity import compare

    from focus.settings import read_profile

    for name, batch in (("smoke", 2),) if tiny else (("demo", 8), ("medium", 4)):
        if time.monotonic() < deadline:
            findings.add(
                f"parity {name}", lambda name=name, batch=batch: compare(read_profile(name, ROOT), batch, device)
            )


def speed(findings: Findings, device: Any, tiny: bool, deadline: float) -> dict[str, float]:
    """Part 2; return the seconds of an R and an S step as the run of part 3 has them."""
    from benchmarks.gpu import speed as parts

    from focus.settings import read_profile

    profile = read_profile("smoke" if tiny else "paper", ROOT)
    batches, ways = ((2,), parts.WAYS[:3]) if tiny else ((64, 12), parts.WAYS)
    rates = findings.add("ceilings", lambda: parts.ceilings(device, *((256, 4) if tiny else ())))
    seconds = {}
    for batch in batches:
        flops = findings.add(f"arithmetic, batch {batch}", lambda batch=batch: parts.arithmetic(profile, batch, device))
        for way in ways:
            left = deadline - time.monotonic()
            if left < 0:
                findings.add(f"speed, batch {batch}, {way.name}", lambda: {"left out": "no time"})
                continue

            measured = partial(with_floor, profile, batch, device, way, min(6.0, left), flops, rates)
            found = findings.add(f"speed, batch {batch}, {way.name}", measured)
            if batch == batches[0] and way.name == "bfloat16" and "error" not in found:
                seconds = {kind: step["s"] for kind, step in found.items()}
    for way in (ways[0], ways[2]):
        if time.monotonic() < deadline:
            findings.add(
                f"shares, batch {batches[0]}, {way.name}",
                lambda way=way: parts.shares(profile, batches[0], device, way, 3),
            )
    if time.monotonic() < deadline and not tiny:
        findings.add("renderers, ms", lambda: parts.backends(device, 0.3))
    return seconds


def with_floor(
    profile: Any, batch: int, device: Any, way: Any, budget: float, flops: dict[str, float], rates: dict[str, float]
) -> dict[str, Any]:
    """Return the times of both kinds of step beside the least that they can take, and the share of it in the time."""
    from benchmarks.gpu import speed as parts

    found = parts.step_times(profile, batch, device, way, budget)
    for kind, step in found.items():
        floor = parts.floor_seconds(profile, batch, kind, flops[kind], rates, way)
        step |= {"floor_s": float(f"{floor:.4g}"), "floor_share": round(floor / step["s"], 3)}
    return found


def scheduled(profile: dict[str, Any], seconds: dict[str, float], budget: float) -> dict[str, Any]:
    """Return a profile whose trainings take `budget` seconds together, by the measured seconds of a step.

    A step of the initialisation is counted as an R step, one of S's pre-training as an S step.
    """
    r, s = seconds["reconstruction"], seconds["segmentation"]
    steps = {name: budget * share / r for name, share in RUN_SHARES.items()}
    rounds = profile["em"]["rounds"]
    # FOCUS has one S step for every two R steps; MoFA and Backbone train as many R steps as FOCUS does.
    em_r = min(steps["MoFA"], steps["Backbone"], 2 * budget * RUN_SHARES["FOCUS"] / (2 * r + s))
    return {
        **profile,
        "initialise": {**profile["initialise"], "steps": max(4, int(steps["initialise"]))},
        "pretrain": {**profile["pretrain"], "steps": max(2, int(budget * RUN_SHARES["pretrain"] / s))},
        "em": {
            **profile["em"],
            "reconstruction_steps": max(2, int(em_r / rounds)),
            "segmentation_steps": max(1, int(em_r / rounds / 2)),
        },
    }


class Medium:
    """Part 3: profile `medium` (or `smoke`) in a folder of its own."""

    def __init__(self, folder: Path, tiny: bool, device: Any) -> None:
        from benchmarks.gpu.pipeline import Run, stages

        from focus.settings import read_yaml

        self.folder, self.name = folder, "smoke" if tiny else "medium"
        folder.mkdir()
        for part in ("src", "dvc.yaml", "params.yaml", "profiles", "workflow", "benchmarks"):
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy2)(ROOT / part, folder / part)
        self.profile = read_yaml(folder / f"profiles/{self.name}.yaml")
        if device.type == "cpu":
            self.profile["compute"] |= {"device": "cpu", "workers": 0}
        params = (folder / "params.yaml").read_text(encoding="utf-8")
        kept = [line if not line.startswith("profile:") else f"profile: {self.name}" for line in params.splitlines()]
        (folder / "params.yaml").write_text("\n".join(kept) + "\n", encoding="utf-8")
        self.write()
        known = stages(folder)
        wanted = [f"evaluate@{name}" for name in METHODS] + [name for name in known if name.startswith("reference")]
        self.run = Run(folder, wanted, ON_GPU, cores=2 if tiny else 12)

    def write(self) -> None:
        """Write the profile that the stages read."""
        import yaml

        text = yaml.safe_dump(self.profile, sort_keys=False)
        (self.folder / f"profiles/{self.name}.yaml").write_text(text, encoding="utf-8")

    def finish(self, seconds: dict[str, float], deadline: float, tiny: bool) -> dict[str, Any]:
        """Train F, set the other trainings' lengths to the time left, train, evaluate. Return what came of it."""
        self.run.until(deadline, (*DATA_STAGES, "recogniser"))
        left = max(0.0, deadline - time.monotonic()) * (1 - LEFT_FOR_EVALUATION)
        if seconds and not tiny:
            self.profile = scheduled(self.profile, seconds, left)
            self.write()
        self.run.until(deadline)
        steps = {name: self.profile[name].get("steps") for name in ("initialise", "pretrain")} | {
            "em": {key: value for key, value in self.profile["em"].items() if key.endswith(("steps", "rounds"))}
        }
        return {
            "profile": self.name,
            "steps": steps,
            "seconds": self.run.seconds,
            "failed": self.run.failed,
            "not begun": sorted(set(self.run.waits) - set(self.run.seconds) - set(self.run.failed)),
            "figures": figures(self.folder / "results/metrics"),
        }


def figures(metrics: Path) -> dict[str, Any]:
    """Return each method's mean RMSE and F1 by test set and the median of NoW's distances, as far as there are any."""
    import pandas as pd

    from focus.files import read_json

    found = {}
    for file in sorted(metrics.glob("*/images.csv")):
        table = pd.read_csv(file)
        means = table.groupby(["testset", "subset"])[["rmse", "f1"]].mean().round(4)
        rows = {"/".join(key): row.dropna().to_dict() for key, row in zip(means.index, means.iloc, strict=True)}
        pooled = read_json(file.with_name("pooled.json")) if file.with_name("pooled.json").is_file() else {}
        found[file.parent.name] = {**{key: row for key, row in rows.items() if row}, "NoW": pooled.get("NoW")}
    return found


def main() -> None:
    """Read the command line and run the three parts in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=9.0, help="for all three parts")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/gpu.json", help="where findings go")
    parser.add_argument("--device", default="cuda", help="cuda, or cpu for a try")
    parser.add_argument("--wheels", type=Path, help="folder that scripts/gpu_wheels.py has filled")
    parser.add_argument("--tiny", action="store_true", help="smoke's sizes: figures without meaning")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gpu_check_") as temporary:
        make_importable(arguments.wheels, Path(temporary) / "packages")
        count = check(arguments, Path(temporary) / "project", began)
    print(f"{arguments.out}: {count} findings in {time.monotonic() - began:.0f} s")


def make_importable(wheels: Path | None, folder: Path) -> None:
    """Unpack the wheels and put them and the source tree on the path, here and in the stages' processes."""
    for wheel in sorted(wheels.glob("*.whl")) if wheels else ():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    sys.path[:0] = [os.fspath(place) for place in (ROOT, ROOT / "src")]
    sys.path.append(os.fspath(folder))  # what the machine has goes first
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), os.fspath(folder)]))


def check(arguments: argparse.Namespace, folder: Path, began: float) -> int:
    """Run the three parts within the minutes given and return the number of findings."""
    from focus import device as devices
    from focus.errors import FocusError

    try:
        device = devices.choose(arguments.device)
    except FocusError as error:
        sys.exit(f"gpu_check: {error}")
    findings = Findings(arguments.out)
    findings.add("machine", lambda: machine(device))
    whole = 60 * arguments.minutes
    end_of_speed = began + whole * sum(SHARES.values())
    run = Medium(folder, arguments.tiny, device)
    data = threading.Thread(target=run.run.until, args=(end_of_speed + 120, DATA_STAGES))
    data.start()
    parity(findings, device, arguments.tiny, began + whole * SHARES["parity"])
    seconds = speed(findings, device, arguments.tiny, end_of_speed)
    data.join()
    findings.add("run", lambda: run.finish(seconds, began + whole, arguments.tiny))
    return len(findings.values)


if __name__ == "__main__":
    main()
