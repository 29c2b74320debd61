"""The stages of dvc.yaml, as Snakemake sees them: the DAG is written once, in dvc.yaml, and only read here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException
from dvc.lock import LockError
from dvc.repo import Repo

# Snakemake's own time of a directory: an entry inside it, as a directory's mtime changes with its contents.
TIMESTAMP = ".snakemake_timestamp"
CODE = "code"  # the stage that writes the fingerprints
_KEY = re.compile(r"\$\{(key|item)\}")
GOING = 10.0  # s: how long a killed process of a run may take to be gone
SECOND = 10**9  # ns; coarser file systems than ours keep whole seconds


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml; every path is relative to the project's root.

    inputs: files and folders whose change reruns the stage: a dependency inside another stage's output is widened to
        that whole output, as Snakemake knows no finer unit.
    """

    name: str
    cmd: str
    inputs: tuple[str, ...]
    outs: tuple[str, ...]

    @property
    def benchmark(self) -> str:
        """Where Snakemake notes what the job cost: logs/benchmarks/train/FOCUS.tsv for train@FOCUS."""
        return f"logs/benchmarks/{self.name.replace('@', '/')}.tsv"


def load(root: Path = Path()) -> dict[str, Stage]:
    """Return the stages of `root`/dvc.yaml by name ("train@FOCUS"). Exits with one line when the file is broken."""
    try:
        # A job on a cluster node reads the Snakefile anew while others write dvc.lock; DVC's lock keeps them apart.
        with Repo(os.fspath(root), _wait_for_lock=True) as repo, repo.lock:
            repo.index.check_graph()  # two makers of one output, or a circle, as of a variant that starts from itself
            found = {stage.name: stage for stage in repo.index.stages if stage.cmd}
            outs = {name: tuple(_path(out, repo) for out in stage.outs) for name, stage in found.items()}
            made = [path for paths in outs.values() for path in paths]
            return {
                name: Stage(name, _command(stage), _inputs(stage, repo, made), outs[name])
                for name, stage in found.items()
            }
    except DvcException as error:
        sys.exit(f"dvc.yaml: {' '.join(str(error).split())}")


def entries(root: Path = Path()) -> dict[str, list[str]]:
    """Return the outputs of each entry of dvc.yaml, `{key}` in place of what tells its stages apart."""
    found = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return {name: [_KEY.sub("{key}", out) for out in _outs(entry.get("do", entry))] for name, entry in found.items()}


def _outs(entry: dict[str, Any]) -> list[str]:
    listed = [out for kind in ("outs", "metrics", "plots") for out in entry.get(kind, [])]
    return [next(iter(out)) if isinstance(out, dict) else out for out in listed]


def _path(item: Any, repo: Repo) -> str:
    return os.path.relpath(item.fs_path, repo.root_dir)


def _command(stage: Any) -> str:
    return stage.cmd if isinstance(stage.cmd, str) else " && ".join(stage.cmd)


def _inputs(stage: Any, repo: Repo, made: list[str]) -> tuple[str, ...]:
    paths = [_path(dep, repo) for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    return tuple(dict.fromkeys(wide for path in paths for wide in _widen(path, made)))


def _widen(path: str, made: list[str]) -> list[str]:
    """Return the stage outputs that hold `path`, or lie in it; `path` itself when no stage makes it."""
    here = PurePosixPath(path)
    holders = [out for out in made if here.is_relative_to(out)]
    return holders or [out for out in made if PurePosixPath(out).is_relative_to(here)] or [path]


def makers(stages: dict[str, Stage]) -> dict[str, Stage]:
    """Return the stage that makes each output."""
    return {out: stage for stage in stages.values() for out in stage.outs}


def upstream(stage: Stage, maker: dict[str, Stage]) -> set[str]:
    """Return the names of the stages whose outputs `stage` reads."""
    return {maker[path].name for path in stage.inputs if path in maker}


def in_order(stages: dict[str, Stage]) -> Iterator[Stage]:
    """Yield the stages, each after all that it reads from."""
    maker = makers(stages)
    graph = {name: upstream(stage, maker) for name, stage in stages.items()}
    return (stages[name] for name in TopologicalSorter(graph).static_order())


def use_this_environment() -> None:
    """Put this interpreter's folder first on PATH: a job's `python` is then this one, activated or not."""
    os.environ["PATH"] = os.pathsep.join([os.fspath(Path(sys.executable).parent), os.environ.get("PATH", "")])


def restore_missing(root: Path = Path()) -> list[str]:
    """Bring outputs that are gone but in DVC's cache back and return those that came back.

    Each by itself: `repo.checkout` of many paths reads the whole of dvc.lock again for every one of them.
    """
    with Repo(os.fspath(root), _wait_for_lock=True) as repo, repo.lock:
        outs = [out for stage in repo.index.stages if stage.cmd for out in stage.outs]
        gone = [out for out in outs if out.use_cache and out.hash_info and not out.exists]
        held = [out for out in gone if out.cache.exists(out.hash_info.value)]
        for out in held:
            out.checkout(allow_missing=True)
        return [_path(out, repo) for out in held]


def fingerprint_code(root: Path = Path()) -> None:
    """Run the stage `code` where the source has changed, and exit with its line when it fails.

    Before the plan is made and whatever the target: Snakemake, unlike DVC, would run all that comes after a job, also
    when the job's outputs turn out to be what they were.
    """
    if CODE in _stale_stages(root, only=CODE):
        command = [sys.executable, "-m", "dvc", "repro", "-q", "--single-item", CODE]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        if done.returncode:
            sys.exit((done.stderr or done.stdout).strip())


def _stale_stages(root: Path, only: str | None = None) -> set[str]:
    """Return the stages that DVC calls changed, of all or of `only` one.

    Exits with one line when DVC is running a stage here. The job of a Snakemake that was killed a moment ago may not be
    gone yet, so this waits for `GOING` seconds before it says so.
    """
    last = time.monotonic() + GOING
    while True:
        try:
            with Repo(os.fspath(root), _wait_for_lock=True) as repo, repo.lock:
                stages = [stage for stage in repo.index.stages if stage.cmd and only in {None, stage.name}]
                return {stage.name for stage in stages if stage.status()}
        except LockError as error:
            if time.monotonic() > last:
                busy = " ".join(str(error).split("\n\n")[0].split())
                sys.exit(f"snakemake: another run is at work in this folder: {busy}; wait for it or stop it")
        time.sleep(0.2)


def sync_mtimes(stages: dict[str, Stage], root: Path = Path()) -> set[str]:
    """Make file times say what DVC's hashes say, and return the stages that are not up to date.

    Snakemake compares times: it would miss a changed parameter, and rerun after a mere `touch` or `dvc checkout`. So
    the outputs of a stage that `dvc status` calls changed become older than its inputs, and those of an unchanged
    stage (with nothing changed above it) not older. Only times change, never contents. Exits with one line when DVC
    is running a stage here.
    """
    stale = _stale_stages(root)
    maker = makers(stages)
    behind: set[str] = set()
    for stage in in_order(stages):
        inputs = [made for path in stage.inputs if (made := _mtime(root / path)) is not None]
        if stage.name in stale or upstream(stage, maker) & behind:
            behind.add(stage.name)
        if not inputs:
            continue
        newest = max(inputs)
        # Snakemake counts the benchmark among the outputs; `dvc repro` leaves an old one behind.
        for out in (*stage.outs, stage.benchmark):
            made = _mtime(root / out)
            if made is None:
                continue
            if stage.name in stale and made >= newest:
                _set_mtime(root / out, newest - SECOND)
            elif stage.name not in behind and made < newest:
                _set_mtime(root / out, newest)
    return stale


def _mtime(path: Path) -> int | None:
    """Return the time Snakemake sees, in ns since the epoch; None when there is no such file."""
    for candidate in (path / TIMESTAMP, path):
        try:
            return candidate.lstat().st_mtime_ns
        except OSError:
            continue
    return None


def _set_mtime(path: Path, ns: int) -> None:
    stamp = path / TIMESTAMP
    os.utime(stamp if stamp.exists() else path, ns=(ns, ns), follow_symlinks=False)
