"""What a stage cost and on what machine: logs/cost/<stage>.json, and all of them in logs/cost.json.

These are facts of one run on one machine, so they stay out of results/.
"""

from __future__ import annotations

import fcntl
import os
import platform
import resource
from pathlib import Path
from typing import TypedDict

import torch

from focus.files import read_json, write_json


class Host(TypedDict):
    """The facts of a machine on which last digits may depend, and its size."""

    cpu_capability: str
    machine: str
    system: str
    cores: int | None
    memory_mib: int
    torch: str
    python: str


class Cost(Host):
    """What a stage cost: wall and CPU time in s, peak memory in MiB, and where."""

    stage: str
    wall_s: float
    cpu_s: float
    peak_rss_mib: float
    threads: int


def record(logs: Path, stage: str, wall: float) -> None:
    """Write `logs`/cost/<stage>.json, and `logs`/cost.json anew; stages that end at the same moment wait in turn."""
    folder = logs / "cost"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_json(folder / f"{stage.replace('/', '-')}.json", measure(stage, wall))
        costs = [read_json(path) for path in sorted(folder.glob("*.json"))]
        write_json(logs / "cost.json", {"stages": {cost["stage"]: cost for cost in costs}})


def measure(stage: str, wall: float) -> Cost:
    """Return what this process has cost so far: `wall` in s as given, CPU time in s, peak memory in MiB, the host."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "stage": stage,
        "wall_s": round(wall, 2),
        "cpu_s": round(own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime, 2),
        "peak_rss_mib": round(max(own.ru_maxrss, children.ru_maxrss) / 1024, 1),
        "threads": torch.get_num_threads(),
        **host(),
    }


def host() -> Host:
    """Return the facts of the machine on which last digits may depend, and its size."""
    return {
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),  # what ATEN_CPU_CAPABILITY may lower
        "machine": platform.machine(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    }
