"""What the pinned instruction set costs: `python -m benchmarks.isa [--profile demo] [--rounds 3] [--json FILE]`.

Whole training steps (R, S, initialisation, pre-training: forward and backward pass) at a profile's scale, once held to
AVX2 as every stage of `compute.isa: avx2` is (src/focus/environment/isa.py, roots.py), and once with what the CPU has.
Libraries choose their kernels as they load, so each measurement is a process of its own; the two take turns, so that
what else the machine does meets both. CPU seconds per image on one thread, the best of the rounds; `ratio` is
avx2 / native.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from focus.environment import isa

CHOICES = ("avx2", "native")


def seconds(choice: str, profile: str) -> dict[str, float | str]:
    """Return torch's `kernels`, and the CPU seconds per image of each kind of step; no library may be loaded yet."""
    isa.pin(choice)
    import torch

    from benchmarks.steps import measure
    from focus.environment.roots import use_exact_roots
    from focus.settings import read_profile

    torch.set_num_threads(1)
    if choice == "avx2" and not isa.lacking():
        use_exact_roots()
    found = measure(read_profile(profile), None, 3, torch.device("cpu"))["image"]
    return {"kernels": torch.backends.cpu.get_cpu_capability(), **{name: each["s"] for name, each in found.items()}}


def apart(choice: str, profile: str) -> dict[str, float | str]:
    """Return `seconds` of a new process, to which nothing of `isa.VARIABLES` is handed on."""
    clean = {name: value for name, value in os.environ.items() if name not in isa.VARIABLES}
    command = [sys.executable, "-m", "benchmarks.isa", "--profile", profile, "--only", choice]
    done = subprocess.run(command, env=clean, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compared(rounds: list[dict[str, dict[str, float | str]]]) -> dict[str, dict[str, float]]:
    """Return for each kind of step the best seconds of both choices, and their ratio."""
    kinds = [kind for kind in rounds[0]["native"] if kind != "kernels"]
    best = {kind: {choice: min(each[choice][kind] for each in rounds) for choice in CHOICES} for kind in kinds}
    return {kind: {**each, "ratio": round(each["avx2"] / each["native"], 3)} for kind, each in best.items()}


def cpu() -> str:
    """Return the CPU's name as Linux has it."""
    lines = isa.CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def main() -> None:
    """Measure what the command line asks for; print it, and write it if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--rounds", type=int, default=3, help="turns of which the best counts")
    parser.add_argument("--only", choices=CHOICES, help="measure in this process, and print one line")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    wanted = parser.parse_args()
    if wanted.only:
        print(json.dumps(seconds(wanted.only, wanted.profile)))
        return
    rounds = [{choice: apart(choice, wanted.profile) for choice in CHOICES} for _ in range(wanted.rounds)]
    found = {
        "profile": wanted.profile,
        "cpu": f"{cpu()}, {platform.machine()}",
        "kernels": {choice: rounds[0][choice]["kernels"] for choice in CHOICES},
        "rounds": wanted.rounds,
        "image_s": compared(rounds),
    }
    print(json.dumps(found, indent=1))
    if wanted.json:
        from focus.files import write_json

        write_json(wanted.json, found)


if __name__ == "__main__":
    main()
