"""Do the findings survive other worlds and other seeds? The profile of params.yaml, run for each of several.

    python scripts/worlds.py run [--worlds 0,1,2] [--seeds 3] [--only RUN] [--cores 2] [--jobs 2] [--work worlds]
    python scripts/worlds.py report        # results/worlds from results/worlds/runs, which `run` does at its end too

A run is a clone of this commit in WORK with other seeds and the study's methods only; all clones share this
repository's DVC cache, so what is equal between runs (a world's data and recogniser; everything that an
earlier run of any kind has made) is restored, not computed. Each becomes a DVC experiment of this repository. Killed,
it goes on where it was: a finished run is not run again, a stage begun goes on from its checkpoint. docs/worlds.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ruamel.yaml import YAML

from focus import settings
from focus.environment.workplace import require_git
from focus.errors import FocusError
from focus.files import read_json, write_json
from focus.report.results import load_results
from focus.report.worlds.collected import Collected, write_run
from focus.report.worlds.study import Run, planned, reduced
from focus.report.worlds.write import described, write_all
from focus.settings import MethodSettings, ProvenanceSettings
from focus.stages.common import provenance, shown

TARGETS = ("results/tables", "results/claims.json", "results/headline.json")
STAGES = ("tables", "claims", "headline")
RESULTS = Path("results/worlds")
LOGS = Path("logs/worlds")
ATTEMPTS = 2  # a machine's short trouble (memory, disk) ends a run; the second attempt goes on where the first ended


@dataclass(frozen=True)
class Place:
    """Where one run is made: its clone, and the file beside it that says it is complete."""

    run: Run
    work: Path

    @property
    def clone(self) -> Path:
        """Folder of the clone."""
        return self.work / self.run.name

    @property
    def complete(self) -> Path:
        """Written last: commit, and what the stages that ran have cost."""
        return self.work / f"{self.run.name}.json"


def prepare(place: Place, root: Path, commit: str, profile: str | None) -> None:
    """Make the run's clone: `commit`, its settings, the shared cache, nothing run. A clone that exists stays.

    It gets its name last, so that one with that name is whole.
    """
    if place.clone.exists():
        return
    unfinished = place.clone.with_name(f"{place.clone.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    command(["git", "clone", "-q", "--no-hardlinks", os.fspath(root), os.fspath(unfinished)], root)
    command(["git", "checkout", "-q", commit], unfinished)
    command(["dvc", "cache", "dir", "--local", cache_of(root)], unfinished)
    (unfinished / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(unfinished / "results", ignore_errors=True)
    change_settings(unfinished / "params.yaml", place.run, profile)
    unfinished.rename(place.clone)


def change_settings(path: Path, run: Run, profile: str | None) -> None:
    """Set the seeds and the profile in a params.yaml, and leave out what `study` does not name; comments stay."""
    reduced(settings.read_params(path.parent))  # says what is wrong with them
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 1000
    content = yaml.load(path)
    content["seeds"]["data"], content["seeds"]["training"] = run.world, run.seed
    content["profile"] = profile or content["profile"]
    for key in ("variants", "corrected"):
        for name in [name for name in content[key] if name not in content["study"]]:
            del content[key][name]
    content["instance_wise"], content["constant_masks"], content["figures"] = {}, {}, {}  # no pictures are made
    yaml.dump(content, path)


def cache_of(root: Path) -> str:
    """Return the folder of a repository's DVC cache."""
    return os.fspath((root / command(["dvc", "cache", "dir"], root).strip()).resolve())


def execute(place: Place, cores: int, log: Path) -> None:
    """Run what is missing of a clone by Snakemake, ATTEMPTS times at most. Raises FocusError when it ends badly."""
    for attempt in range(1, ATTEMPTS + 1):
        if any((place.clone / ".snakemake/locks").glob("*")):  # left by a killed one
            command(["snakemake", "--unlock"], place.clone, log)
        snakemake = ["snakemake", "--cores", str(cores), "--rerun-incomplete", *TARGETS]
        if command(snakemake, place.clone, log, check=attempt == ATTEMPTS) is not None:
            return


def save_experiment(place: Place, root: Path, log: Path) -> None:
    """Save a finished clone as a DVC experiment named after the run, and bring its reference to this repository."""
    name = place.run.name
    command(["dvc", "exp", "save", "--force", "--name", name, *STAGES], place.clone, log)
    found = command(["git", "for-each-ref", "--format=%(refname)", "refs/exps"], place.clone).split()
    refs = [f"+{ref}:{ref}" for ref in found if ref.endswith(f"/{name}")]
    command(["git", "fetch", "-q", os.fspath(place.clone), *refs], root)


@dataclass(frozen=True, kw_only=True)
class Settings(MethodSettings, ProvenanceSettings):
    """What a run is collected by."""


def collect(place: Place, out: Path) -> None:
    """Write the per-image values of a finished clone to `out`."""
    chosen = settings.load(Settings, root=place.clone)
    methods = shown(chosen)
    found = load_results([place.clone / "results/metrics" / name for name in methods.folders])
    write_run(out, Collected(place.run, provenance(chosen), methods.tables, found, methods.references))


def command(words: list[str], folder: Path, log: Path | None = None, check: bool = True) -> str | None:
    """Run a command of this environment in `folder`; return what it printed ("" with a log), None where it failed.

    Raises FocusError with its last words when it fails and `check` is set.
    """
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    variables = {**kept, "PATH": path, "OMP_NUM_THREADS": "1"}
    if log is None:
        done = subprocess.run(words, cwd=folder, env=variables, text=True, capture_output=True)
        said = f" ({done.stderr.strip()[-300:]})" if done.stderr else ""
    else:
        with log.open("a") as stream:
            done = subprocess.run(words, cwd=folder, env=variables, stdout=stream, stderr=subprocess.STDOUT)
        said = f"; see {log}"
    if done.returncode and check:
        raise FocusError(f"{folder}: {' '.join(words[:2])} ended with {done.returncode}{said}")
    return None if done.returncode else done.stdout or ""


def common_commit(work: Path, root: Path) -> str:
    """Return the commit that all runs in `work` are of: the last one when the study began, whatever came after it."""
    note = work / "study.json"
    head = str(command(["git", "rev-parse", "HEAD"], root)).strip()
    if not note.exists():
        if changed := re.findall(r"(?m)^.. (.*)$", str(command(["git", "status", "--porcelain", "-uno"], root))):
            raise FocusError(f"{changed[0]}: found changes that are not committed; the runs are of a commit")
        write_json(note, {"commit": head})
    commit = read_json(note)["commit"]
    if commit != head:
        print(f"worlds: the runs are of commit {commit[:9]}, not of {head[:9]}; for new ones remove {work}", flush=True)
    return commit


def make_run(run: Run, root: Path, work: Path, commit: str, options: argparse.Namespace) -> None:
    """Make one run, if it is not complete, and collect it."""
    place, log = Place(run, work), (LOGS / f"{run.name}.log").resolve()
    if not place.complete.exists():
        print(f"worlds: {run.name} (log: {LOGS / log.name})", flush=True)
        began = time.monotonic()
        prepare(place, root, commit, options.profile)
        execute(place, max(1, options.cores // options.jobs), log)
        save_experiment(place, root, log)
        write_json(place.complete, {"commit": commit, **cost(place, time.monotonic() - began)})
    collect(place, RESULTS / "runs")
    if not options.keep:
        for folder in ("data", "models"):  # DVC's cache has them
            shutil.rmtree(place.clone / folder, ignore_errors=True)


def run_all(options: argparse.Namespace) -> None:
    """Make all runs that are not complete, so many at a time, and collect each; of each world one first."""
    root, work = Path().resolve(), options.work.resolve()
    require_git(root, "worlds")
    work.mkdir(parents=True, exist_ok=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    commit = common_commit(work, root)
    runs = chosen_runs(options)
    firsts = {run.world: run for run in reversed(runs)}.values()  # of each world, which makes what the others restore
    make = partial(make_run, root=root, work=work, commit=commit, options=options)
    with ThreadPoolExecutor(options.jobs) as pool:
        for group in (sorted(firsts), [run for run in runs if run not in firsts]):
            list(pool.map(make, group))
    costs = {place.run.name: read_json(place.complete) for place in (Place(run, work) for run in runs)}
    write_json(LOGS / "cost.json", costs)


def chosen_runs(options: argparse.Namespace) -> list[Run]:
    """Return the runs that the options ask for."""
    runs = planned(options.worlds, options.seeds)
    found = [run for run in runs if options.only in (None, run.name)]
    if not found:
        raise FocusError(f"--only: found {options.only!r}, expected one of {', '.join(run.name for run in runs)}")
    return found


def cost(place: Place, wall: float) -> dict[str, float]:
    """Return what a run has cost: wall seconds of the last start, CPU seconds of the stages that were not restored."""
    file = place.clone / "logs/cost.json"
    stages = read_json(file)["stages"] if file.exists() else {}
    return {
        "wall_s": round(wall, 1),
        "stages": len(stages),
        "cpu_s": round(sum(stage["cpu_s"] for stage in stages.values()), 1),
    }


def seeds(text: str) -> list[int]:
    """Return the seeds of an option such as 0,3,4; argparse turns its ValueError into one line."""
    return [int(seed) for seed in text.split(",")]


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    chosen = parser.add_subparsers(dest="task", required=True)
    run = chosen.add_parser("run", help="make the runs that are not complete, then write results/worlds")
    run.add_argument("--worlds", type=seeds, default=[0, 1, 2], help="seeds.data of each, e.g. 0,3,4")
    run.add_argument("--seeds", type=int, default=3, help="seeds.training from 0 on")
    run.add_argument("--only", metavar="RUN", help="one of them, e.g. world2-seed1")
    run.add_argument("--cores", type=int, default=2, help="stages side by side, in all runs together")
    run.add_argument("--jobs", type=int, help="runs side by side (default: as many as cores, 4 at most)")
    run.add_argument("--profile", help="profiles/<profile>.yaml (default: the one params.yaml names)")
    run.add_argument("--work", type=Path, default=Path("worlds"), help="folder of the clones")
    run.add_argument("--keep", action="store_true", help="leave data/ and models/ in finished clones")
    chosen.add_parser("report", help="write tables, claims and figures again from results/worlds/runs")
    options = parser.parse_args(arguments)
    if options.task == "run" and options.jobs is None:
        options.jobs = max(1, min(options.cores, 4))
    return options


def main() -> None:
    """Run, or report; a trouble is one line and exit code 1."""
    options = parsed()
    try:
        if options.task == "run":
            run_all(options)
        print(f"{RESULTS}: {described(write_all(RESULTS))}")
    except FocusError as error:
        sys.exit(f"worlds: {error}")


if __name__ == "__main__":
    main()
