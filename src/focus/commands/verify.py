"""`focus verify`: is it the same again? A profile is run anew in a temporary clone and compared with what is recorded.

dvc.lock holds a hash of everything that a run made, so two locks of the same bits name the same hashes. The clone lies
in another folder, with another locale, time zone, hash seed and OMP_NUM_THREADS, and other bytes in memory that is not
yet written (MALLOC_PERTURB_: glibc fills it with 127s, which read as floats of 3e38). None of these may change a bit.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import yaml

from focus.datasets.images import read_image
from focus.environment.workplace import KEPT_BY_DVC, require_git
from focus.errors import FocusError
from focus.files import read_npy, write_text
from focus.networks.store import load_weights
from focus.settings import read_yaml

logger = logging.getLogger(__name__)

ELSEWHERE = {
    "LC_ALL": "C",
    "TZ": "Pacific/Apia",
    "PYTHONHASHSEED": "1",
    "OMP_NUM_THREADS": "2",
    "MALLOC_PERTURB_": "128",
}
_TEXTS = {".csv", ".json", ".md", ".tex", ".txt"}
_WORDED = {".csv", ".json"}  # in .md and .tex the best value is bold, and another may be it
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")


@dataclass(frozen=True)
class Lock:
    """What a dvc.lock says: by stage, the hashes of outs and of dependencies, in an order in which the stages can run.

    folder: the project it lies in, whose files show by how much values differ.
    """

    folder: Path
    profile: str
    outs: dict[str, dict[str, str]]
    deps: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Difference:
    """An out with other bytes; `largest` is the largest |a - b| / max(1, |b|) of its numbers, None where unknown."""

    stage: str
    out: str
    largest: float | None


def read_lock(path: Path) -> Lock:
    """Read a dvc.lock. Raises FocusError when it is missing or another kind of file."""
    content = read_yaml(path)
    try:
        stages: dict[str, Any] = content["stages"]
        profiles = {
            name for stage in stages.values() for name in stage.get("params", {}) if name.startswith("profiles")
        }
        outs, deps = (
            {name: {item["path"]: item["md5"] for item in stage.get(kind, [])} for name, stage in stages.items()}
            for kind in ("outs", "deps")
        )
        (profile,) = profiles
    except (KeyError, TypeError, ValueError, AttributeError):
        raise FocusError(f"{path}: not the dvc.lock of this pipeline; expected stages of one profile") from None
    order = _order(outs, deps)
    return Lock(path.parent, PurePosixPath(profile).stem, {name: outs[name] for name in order}, deps)


def _order(outs: dict[str, dict[str, str]], deps: dict[str, dict[str, str]]) -> list[str]:
    """Return the stages so that each comes after those whose outs it reads."""
    makers = {PurePosixPath(out): name for name, made in outs.items() for out in made}

    def before(stage: str) -> Iterator[str]:
        for dep in map(PurePosixPath, deps[stage]):
            inside = (makers[place] for place in (dep, *dep.parents) if place in makers)
            yield from (maker for maker in inside if maker != stage)
            yield from (maker for out, maker in makers.items() if dep in out.parents)

    return list(TopologicalSorter({name: sorted(set(before(name))) for name in outs}).static_order())


def compare(found: Lock, expected: Lock) -> list[Difference]:
    """Return the outs whose bytes differ, those of the first stage first."""
    missing = [name for name in expected.outs if name not in found.outs]
    if missing or len(found.outs) != len(expected.outs):
        name = missing[0] if missing else next(name for name in found.outs if name not in expected.outs)
        raise FocusError(f"verify: stage {name} is in one of the two runs only; expected the same pipeline in both")
    return [
        Difference(name, out, largest_difference(found.folder / out, expected.folder / out))
        for name, made in expected.outs.items()
        for out, md5 in made.items()
        if found.outs[name].get(out) != md5
    ]


def largest_difference(found: Path, expected: Path) -> float | None:
    """Return the largest |a - b| / max(1, |b|) over all numbers of two files or folders; inf where words differ.

    A verdict that changed is such a word. None when one of the two is not there (git keeps results/ only) or holds no
    numbers that we can read.
    """
    if not (found.exists() and expected.exists()):
        return None
    names = [""] if found.is_file() else sorted(str(p.relative_to(found)) for p in found.rglob("*") if p.is_file())
    differences = []
    for name in names:
        first, second = _numbers(found / name), _numbers(expected / name)
        if first is None or second is None:
            continue
        if first.shape != second.shape or _words(found / name) != _words(expected / name):
            return float("inf")
        gap = np.abs(first - second) / np.maximum(1, np.abs(second))
        differences.append(float(np.nan_to_num(gap).max(initial=0)))
    return max(differences, default=None)


def _numbers(path: Path) -> np.ndarray | None:
    """Return all numbers in a text, array, model or picture as one row of float64; None for other files."""
    if not path.is_file():
        return np.zeros(0)
    if path.suffix in _TEXTS:
        return np.array([float(number) for number in _NUMBER.findall(path.read_text(encoding="utf-8"))])
    if path.suffix == ".npy":
        return read_npy(path).astype(np.float64).ravel()
    if path.suffix == ".png":
        return read_image(path).astype(np.float64).ravel()
    if path.suffix == ".safetensors":
        weights, _ = load_weights(path)
        return np.concatenate([weights[name].double().numpy().ravel() for name in sorted(weights)])
    return None


def _words(path: Path) -> str:
    """Return what stands between the numbers of a table or JSON file."""
    return _NUMBER.sub("", path.read_text(encoding="utf-8")) if path.suffix in _WORDED and path.is_file() else ""


def verify(root: Path, profile: str, against: Path | None, cores: int, work: Path) -> tuple[Lock, Lock]:
    """Run `profile` in clones of `root`'s last commit below `work`; return the new lock and the one to compare with.

    That is `against`, or the committed dvc.lock when it is of this profile, or else that of a second run.
    """
    require_git(root, "focus verify")
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=root, capture_output=True, text=True).stdout
    if changed:
        logger.warning("verify: %d uncommitted changes are no part of it", len(changed.splitlines()))
    again, reference = work / "run again", work / "reference"
    _clone(root, reference)
    path = against or reference / "dvc.lock"
    if against is None and not (path.is_file() and read_lock(path).profile == profile):
        logger.warning("verify: dvc.lock is not of profile %s: two runs are compared with each other", profile)
        run(reference, profile, cores, {})
    expected = read_lock(path)
    if expected.profile != profile:
        raise FocusError(f"{path}: found a run of profile {expected.profile}, expected one of {profile}")
    _clone(root, again)
    run(again, profile, cores, ELSEWHERE)
    return read_lock(again / "dvc.lock"), expected


def write_lock(root: Path, profile: str, cores: int, work: Path, target: Path) -> Path:
    """Run `profile` in a clone of `root`'s last commit below `work`, and write its lock's outs to `target`."""
    _clone(root, work / "run")
    run(work / "run", profile, cores, {})
    made = read_lock(work / "run" / "dvc.lock")
    stages = {
        name: {
            # Data, models and results; not the fingerprints of code, which each edit changes.
            "outs": [{"path": path, "md5": md5} for path, md5 in outs.items() if path.split("/")[0] in KEPT_BY_DVC],
            "params": {f"profiles/{profile}.yaml": {}},
        }
        for name, outs in sorted(made.outs.items())  # a run's own order is the order in which jobs ended
    }
    stages = {name: stage for name, stage in stages.items() if stage["outs"]}
    write_text(target, yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False))
    return target


def _clone(root: Path, target: Path) -> None:
    done = subprocess.run(["git", "clone", "-q", "--no-hardlinks", root, target], capture_output=True, text=True)
    if done.returncode:
        raise FocusError(f"{root}: git cannot clone it ({done.stderr.strip()[-200:]!r}); expected a git repository")


def run(project: Path, profile: str, cores: int, environment: dict[str, str]) -> None:
    """Run all stages of a clone from nothing, by `dvc repro` (one core) or Snakemake; the output goes to a log."""
    params = project / "params.yaml"
    params.write_text(re.sub(r"(?m)^profile: \S+", f"profile: {profile}", params.read_text(encoding="utf-8"), count=1))
    (project / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(project / "results", ignore_errors=True)
    engine = ["dvc", "repro"] if cores == 1 else ["snakemake", "--cores", str(cores)]
    log = project.with_name(f"{project.name}.log")
    logger.info("verify: running profile %s in %s (log: %s)", profile, project, log)
    own_python = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with log.open("w") as stream:
        done = subprocess.run(
            [sys.executable, "-m", *engine],
            cwd=project,
            env={**variables, **environment, "PATH": own_python},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        kept = shutil.copy(log, Path("logs") / "verify.log") if Path("logs").is_dir() else log
        raise FocusError(f"verify: {' '.join(engine)} ended with {done.returncode} in the clone; see {kept}")


def verdict(found: Lock, expected: Lock, tolerance: float) -> str:
    """Return one line when all outs have the same bits, or, with a tolerance, all values in results/ lie within it.

    Raises FocusError that names the first stage that differs, and by how much, otherwise.
    """
    differences = compare(found, expected)
    outs = sum(map(len, expected.outs.values()))
    if not differences:
        return f"verify: the same bits: {outs} outs of {len(expected.outs)} stages, profile {expected.profile}"
    for difference in differences:
        print(f"  {difference.stage:32} {difference.out:40} {_shown(difference.largest)}")
    first = differences[0]
    figures = [each for each in differences if each.out.startswith("results/") and each.largest is not None]
    worst = max(figures, key=lambda each: each.largest or 0, default=None)
    amount = f"figures in results/ by up to {_shown(worst.largest)} ({worst.out})" if worst else "no figure in results/"
    line = f"{len(differences)} of {outs} outs differ, first those of stage {first.stage} ({first.out}); {amount}"
    if tolerance > 0 and all(each.largest is not None and each.largest <= tolerance for each in figures):
        return f"verify: {line}: within the tolerance of {tolerance:g}"
    changed = [path for path, md5 in found.deps[first.stage].items() if expected.deps[first.stage].get(path) != md5]
    cause = f"; its dependency {changed[0]} is another one" if changed else ""
    raise FocusError(f"verify: {line}{cause}; expected the same bits")


def _shown(largest: float | None) -> str:
    return "other bytes" if largest is None else f"{largest:.3g}"
