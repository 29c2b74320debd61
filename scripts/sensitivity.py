"""What a changed setting does to FOCUS: a short EM training for each, from the finished run's initialisation.

    python scripts/sensitivity.py [--jobs 2] [--only NAME] [--out benchmarks/results/sensitivity.csv]

Each change is tried in a scratch project beside this one: the same code, data and start, one setting changed, the
stages of the changed network run there. The values are those of results/headline.json. `dvc exp run -S KEY=VALUE`
does the same for one change at full length. Two things are trained at full length from an initialisation of their own:
the paper's form to the letter (every equation and weight as printed), with its sums and with means in their place, and
an initialisation that is four times as long, as more faces seen had helped most before.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
SHARED = ("src", "workflow/code", "data/face_model", "data/packed", "results/lists", "models/recogniser")
STAGES = (("initialise",), ("pretrain",), ("train", "FOCUS"), ("evaluate", "FOCUS"), ("headline",))
SHORT = {"em.rounds": 1, "em.reconstruction_steps": 60}
"""The schedule of a short run: S as long as in a round of the profile, R shorter."""
PRINTED = {
    "method.preset": "paper",
    "method.forms.initialisation": "paper",
    "losses.initialise.perceptual": 0.25,
    "losses.initialise.landmarks": 5e-4,
    "losses.reconstruction.perceptual": 0.25,
    "losses.reconstruction.landmarks": 5e-4,
    "losses.reconstruction.area": 0.0,
    "losses.segmentation.neighbour": 15,
    "losses.segmentation.preservation": 2.5,
    "losses.neighbourhood": 2,
    "initialise.xi": 0.17,
    "pretrain.xi": 0.17,
}
"""The paper's form to the letter: its equations and weights, and Eq. 10's threshold, as printed."""


@dataclass(frozen=True)
class Change:
    """Settings (dotted; in params.yaml where they begin with `method`, else in the profile) at other values.

    starts: the first stage that they reach; what comes before is the finished run's. short: by the schedule SHORT.
    """

    group: str
    name: str
    settings: Mapping[str, object]
    starts: str = "train"
    short: bool = True


def scaled(name: str, setting: str, *values: object) -> list[Change]:
    """Return a hyper-parameter's changes."""
    starts = setting.split(".")[0] if setting.startswith("pretrain") else "train"
    return [Change("hyper-parameter", name, {setting: value}, starts) for value in values]


def printed(reduction: str) -> Change:
    """Return the paper's form to the letter."""
    settings = {**PRINTED, "method.reduction": reduction}
    return Change("printed", f"the paper's forms and weights, {reduction}s", settings, "initialise", short=False)


CHANGES = [
    # The longest come first, so that both processes end together.
    Change("length", "four times the initialisation", {"initialise.steps": 16000}, "initialise", short=False),
    printed("sum"),
    printed("mean"),
    Change("reference", "as in the profile", {"em.rounds": 1}),
    *scaled("eta_1 (neighbour)", "losses.segmentation.neighbour", 7, 28),
    *scaled("eta_2 (distance)", "losses.segmentation.distance", 1.5, 6),
    *scaled("eta_3 (area)", "losses.segmentation.area", 0.25, 1.0),
    *scaled("eta_4 (preservation)", "losses.segmentation.preservation", 0.25, 5.0),
    *scaled("eta_5 (binary)", "losses.segmentation.binary", 5, 20),
    *scaled("xi of Eq. 10", "pretrain.xi", 0.0042, 0.17),
    *scaled("neighbourhood", "losses.neighbourhood", 0, 2),
    *(
        Change("switch", f"forms.{term}", {f"method.forms.{term}": "paper"})
        for term in ("neighbour", "distance", "preservation", "area", "pixel", "regularisation", "binary")
    ),
    Change("switch", "forms.landmarks", {"method.forms.landmarks": "released"}),  # the demo's is the paper's
    Change("switch", "mask_gradient", {"losses.mask_gradient": True}),
    Change("switch", "area in R steps", {"losses.reconstruction.area": 0.0}),
]


def put(content: dict, setting: str, value: object) -> object:
    """Set a dotted setting; return what stood there."""
    *sections, key = setting.split(".")
    for section in sections:
        content = content[section]
    before, content[key] = content[key], value
    return before


def scratch_project(folder: Path, change: Change) -> list[object]:
    """Lay out a project in which only what the change reaches is new; return the settings' values before it."""
    contents = {"params.yaml": yaml.safe_load((ROOT / "params.yaml").read_text())}
    profile = f"profiles/{contents['params.yaml']['profile']}.yaml"
    contents[profile] = yaml.safe_load((ROOT / profile).read_text())
    for setting, value in SHORT.items() if change.short else ():
        put(contents[profile], setting, value)
    before = [
        put(contents["params.yaml" if setting.startswith("method") else profile], setting, value)
        for setting, value in change.settings.items()
    ]
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False))
    kept = itertools.takewhile(lambda stage: stage[0] != change.starts, STAGES)
    for name in (*SHARED, *(f"models/{stage}" for stage, *_ in kept)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to((ROOT / name).resolve())
    return before


def commit() -> str:
    """Return the commit whose code is trained; the figure is labelled with it."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return found.stdout.strip()


def measure(change: Change) -> dict[str, object]:
    """Train and evaluate FOCUS under one change; return its row, without values where the training broke off."""
    known = {"group": change.group, "name": change.name, "setting": " ".join(change.settings), "commit": commit()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = scratch_project(folder, change)
        if len(change.settings) == 1:
            known |= {"default": before[0], "value": next(iter(change.settings.values()))}
        for stage, *arguments in itertools.dropwhile(lambda stage: stage[0] != change.starts, STAGES):
            done = subprocess.run(
                [sys.executable, "-m", f"focus.stages.{stage}", *arguments],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": "src", "OMP_NUM_THREADS": "1"},
                stderr=subprocess.PIPE,
                text=True,
            )
            if done.returncode:
                said = done.stderr.strip().splitlines()[-1]
                print(f"{change.name}: {said}", file=sys.stderr)
                return {**known, "note": said}
        figures = json.loads((folder / "results/headline.json").read_text())
    print(f"{change.name} {known.get('value', '')}: {figures}", file=sys.stderr)
    return {**known, **figures}


def main() -> None:
    """Try all changes and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2, help="trainings side by side, one thread each")
    parser.add_argument("--only", metavar="NAME", help="the changes of this name, e.g. 'area in R steps'")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/sensitivity.csv"))
    options = parser.parse_args()
    changes = [change for change in CHANGES if options.only in (None, change.name)]
    if not changes:
        names = ", ".join(dict.fromkeys(change.name for change in CHANGES))
        sys.exit(f"--only: found {options.only!r}, expected one of {names}")
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(measure, changes))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(options.out, index=False, lineterminator="\n")
    print(f"{options.out}: {len(rows)} trainings")


if __name__ == "__main__":
    main()
