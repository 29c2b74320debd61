"""What one changed setting does to FOCUS: a short EM training for each, from the finished run's initialisation.

    python scripts/sensitivity.py [--jobs 2] [--out benchmarks/results/sensitivity.csv]

Each change is tried in a scratch project beside this one: the same code, data and start, one setting changed, the
stages of the changed network run there. The figures are those of results/headline.json. `dvc exp run -S KEY=VALUE`
does the same for one change at full length.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
SHARED = ("src", "data/face_model", "data/packed", "results/lists", "models/recogniser", "models/initialise")
STAGES = (("train", "FOCUS"), ("evaluate", "FOCUS"), ("headline",))
SHORT = {"em.rounds": 1, "em.reconstruction_steps": 60}
"""The schedule of every run here: S as long as in a round of the profile, R shorter."""


@dataclass(frozen=True)
class Change:
    """One setting at one value. setting: dotted; in params.yaml where it begins with `method`, else in the profile."""

    group: str
    name: str
    setting: str
    value: object


def scaled(name: str, setting: str, *values: object) -> list[Change]:
    """Return a hyper-parameter's changes."""
    return [Change("hyper-parameter", name, setting, value) for value in values]


CHANGES = [
    Change("reference", "as in the profile", "em.rounds", 1),
    *scaled("eta_1 (neighbour)", "losses.neighbour", 7, 28),
    *scaled("eta_2 (distance)", "losses.distance", 1.5, 6),
    *scaled("eta_3 (area)", "losses.area", 0.25, 1.0),
    *scaled("eta_4 (preservation)", "losses.preservation", 0.25, 5.0),
    *scaled("eta_5 (binary)", "losses.binary", 5, 20),
    *scaled("xi of Eq. 10", "pretrain.xi", 0.0042, 0.17),
    *scaled("neighbourhood", "losses.neighbourhood", 0, 2),
    *(
        Change("switch", f"forms.{term}", f"method.forms.{term}", "paper")
        for term in ("neighbour", "features", "area", "pixel", "landmarks", "regularisation", "binary")
    ),
    Change("switch", "mask_gradient", "method.mask_gradient", True),
    Change("switch", "area_reconstruction", "losses.area_reconstruction", 0.0),
]


def put(content: dict, setting: str, value: object) -> object:
    """Set a dotted setting; return what stood there."""
    *sections, key = setting.split(".")
    for section in sections:
        content = content[section]
    before, content[key] = content[key], value
    return before


def scratch_project(folder: Path, change: Change) -> object:
    """Lay out a project in which only what the change reaches is new; return the setting's value before it."""
    contents = {"params.yaml": yaml.safe_load((ROOT / "params.yaml").read_text())}
    profile = f"profiles/{contents['params.yaml']['profile']}.yaml"
    contents[profile] = yaml.safe_load((ROOT / profile).read_text())
    for setting, value in SHORT.items():
        put(contents[profile], setting, value)
    before = put(
        contents["params.yaml" if change.setting.startswith("method") else profile], change.setting, change.value
    )
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(content, sort_keys=False))
    again = change.setting.startswith("pretrain")
    for name in (*SHARED, *(() if again else ("models/pretrain",))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to((ROOT / name).resolve())
    return before


def measure(change: Change) -> dict[str, object]:
    """Train and evaluate FOCUS under one change; return its row."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = scratch_project(folder, change)
        stages = ((("pretrain",),) if change.setting.startswith("pretrain") else ()) + STAGES
        for stage, *arguments in stages:
            done = subprocess.run(
                [sys.executable, "-m", f"focus.stages.{stage}", *arguments],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": "src", "OMP_NUM_THREADS": "1"},
                stderr=subprocess.PIPE,
                text=True,
            )
            if done.returncode:
                sys.exit(f"{change.setting}={change.value}: {done.stderr.strip().splitlines()[-1]}")
        figures = json.loads((folder / "results/headline.json").read_text())
    print(f"{change.setting}={change.value}: {figures}", file=sys.stderr)
    known = {"group": change.group, "name": change.name, "setting": change.setting}
    return {**known, "default": before, "value": change.value, **figures}


def main() -> None:
    """Try all changes and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2, help="trainings side by side, one thread each")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/sensitivity.csv"))
    options = parser.parse_args()
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(measure, CHANGES))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(options.out, index=False, lineterminator="\n")
    print(f"{options.out}: {len(rows)} short trainings")


if __name__ == "__main__":
    main()
