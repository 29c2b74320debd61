"""Stages of dvc.yaml without DVC, for a machine that has only Python and torch: what a target needs, in order.

Several stages run side by side, one of them on the GPU at a time; each writes its output to logs/. dvc.yaml stays the
only place where edges and commands stand.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

FIELD = re.compile(r"\$\{([\w.]+)\}")
COMMAND = re.compile(r"python -m (focus\..+)$")


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml: what `python -m` runs (module and arguments), what it reads and writes."""

    name: str
    arguments: tuple[str, ...]
    deps: tuple[str, ...]
    outs: tuple[str, ...]


def stages(root: Path) -> dict[str, Stage]:
    """Return the stages of a project by name ("train@FOCUS")."""
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    found = {}
    for name, entry in yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"].items():
        for key, item in _items(entry, params):
            body = entry.get("do", entry)
            fields = {**params, "item": item, "key": key}
            full = name if key is None else f"{name}@{key}"
            command = COMMAND.search(_filled(body["cmd"], fields))
            if command is None:
                raise ValueError(f"dvc.yaml: {full}: found cmd {body['cmd']!r}, expected `python -m focus.…`")
            deps = tuple(_filled(dep, fields) for dep in body.get("deps") or ())
            outs = [*(body.get("outs") or ()), *(body.get("plots") or ()), *(body.get("metrics") or ())]
            names = (out if isinstance(out, str) else next(iter(out)) for out in outs)
            found[full] = Stage(full, tuple(command[1].split()), deps, tuple(_filled(out, fields) for out in names))
    return found


def _items(entry: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[tuple[str | None, Any]]:
    if "foreach" not in entry:
        yield None, None
        return
    group = entry["foreach"]
    if isinstance(group, str):
        group = _value(FIELD.fullmatch(group)[1], params)  # type: ignore[index]
    yield from group.items() if isinstance(group, dict) else ((str(item), item) for item in group)


def _filled(text: str, fields: Mapping[str, Any]) -> str:
    return FIELD.sub(lambda match: str(_value(match[1], fields)), text)


def _value(dotted: str, fields: Mapping[str, Any]) -> Any:
    found: Any = fields
    for part in dotted.split("."):
        found = found[part]
    return found


def needed(everything: Mapping[str, Stage], targets: Sequence[str]) -> dict[str, set[str]]:
    """Return the stages behind the targets, each with the names of those that it waits for."""
    makers = {out: stage.name for stage in everything.values() for out in stage.outs}
    found: dict[str, set[str]] = {}
    waiting = list(targets)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = {maker for dep in everything[name].deps for maker in _makers(dep, makers)} - {name}
        waiting += found[name]
    return found


def _makers(dep: str, makers: Mapping[str, str]) -> set[str]:
    """Return the stages that make a dependency, what holds it, or what lies in it."""
    path = PurePosixPath(dep)
    return {
        maker for out, maker in makers.items() if path.is_relative_to(out) or PurePosixPath(out).is_relative_to(path)
    }


class Run:
    """Runs stages of one project side by side; those in `on_gpu` (their names before "@") one at a time."""

    def __init__(self, root: Path, targets: Sequence[str], on_gpu: frozenset[str], cores: int) -> None:
        self.root, self.on_gpu, self.cores = root, on_gpu, cores
        self.stages = stages(root)
        self.waits = needed(self.stages, targets)
        self.running: dict[str, tuple[subprocess.Popen[bytes], float]] = {}
        self.seconds: dict[str, float] = {}
        self.failed: dict[str, str] = {}

    def advance(self, allowed: Sequence[str] | None = None) -> bool:
        """Collect what has ended, start what is ready (and `allowed`), and tell whether anything runs."""
        for name, (process, began) in list(self.running.items()):
            if process.poll() is not None:
                del self.running[name]
                self.seconds[name] = round(time.monotonic() - began, 1)
                if process.returncode:
                    self.failed[name] = self._log(name).read_text(errors="replace")[-600:]
        for name in self._ready(allowed):
            if len(self.running) < self.cores and not (self._gpu(name) and any(map(self._gpu, self.running))):
                self.running[name] = self._start(name), time.monotonic()
        return bool(self.running)

    def until(self, deadline: float, allowed: Sequence[str] | None = None) -> None:
        """Run until nothing is left or the deadline (time.monotonic) has come; then stop what still runs."""
        while self.advance(allowed):
            if time.monotonic() > deadline:
                self.stop()
                return
            time.sleep(0.1)

    def stop(self) -> None:
        """End what runs; a training keeps its last checkpoint."""
        for name, (process, _) in self.running.items():
            process.terminate()
            self.failed[name] = "stopped: out of time"
            process.wait()
        self.running.clear()

    def done(self) -> set[str]:
        """Return the stages that ended well."""
        return set(self.seconds) - set(self.failed)

    def _ready(self, allowed: Sequence[str] | None) -> list[str]:
        begun = set(self.seconds) | set(self.running) | set(self.failed)
        return [
            name
            for name, above in self.waits.items()
            if name not in begun and above <= self.done() and (allowed is None or name.split("@")[0] in allowed)
        ]

    def _gpu(self, name: str) -> bool:
        return name.split("@")[0] in self.on_gpu

    def _log(self, name: str) -> Path:
        return self.root / "logs" / f"{name.replace('@', '-')}.gpu_check.log"

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        log = self._log(name)
        log.parent.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join(["src", *filter(None, [os.environ.get("PYTHONPATH")])])
        with log.open("wb") as stream:
            return subprocess.Popen(
                [sys.executable, "-m", *self.stages[name].arguments],
                cwd=self.root,
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
