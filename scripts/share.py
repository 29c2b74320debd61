"""Pack models and results for others: `make share` copies what dvc.lock names there to the folder SHARE, a DVC remote.

Put the folder where others reach it, on a disk or behind any web server. In a fresh clone of the same commit:

    dvc remote modify --local shared url FOLDER_OR_HTTP_ADDRESS
    dvc pull --allow-missing

Data sets are not packed: `dvc repro` makes them, or `dvc push` sends all (docs/scaling.md).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dvc.repo import Repo
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
PACKED = ("models/", "results/")
REMOTE = "shared"


def outputs(lock: Path) -> list[str]:
    """Return the outputs of a dvc.lock that are models or results, sorted."""
    stages = YAML(typ="safe").load(lock.read_text(encoding="utf-8"))["stages"].values()
    return sorted(out["path"] for stage in stages for out in stage.get("outs", []) if out["path"].startswith(PACKED))


def share(root: Path, target: Path) -> int:
    """Copy models and results of the run at `root` to `target`; return how many files of DVC's cache were copied.

    Leaves with a line where the run's outputs belong to another remote: they come from licensed files.
    """
    params = root / "params.yaml"
    named = YAML(typ="safe").load(params.read_text(encoding="utf-8"))["remote"]
    if named != REMOTE:
        sys.exit(f"{params.name}: remote: found {named}, expected {REMOTE}: what is made of licensed files stays here")
    with Repo(str(root), config={"remote": {REMOTE: {"url": str(target.resolve())}}}) as repo:
        return repo.push(targets=outputs(root / "dvc.lock"), remote=REMOTE)


def main() -> None:
    """Pack, and say what others have to type."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder to write to; a remote that is there already is added to")
    target = parser.parse_args().folder
    copied = share(ROOT, target)
    size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    print(f"{target}: {copied} files copied, {size / 1e6:.1f} MB in all; in a clone of this commit:")
    print(f"  dvc remote modify --local {REMOTE} url {target.resolve()}    # or the address of a web server")
    print("  dvc pull --allow-missing")


if __name__ == "__main__":
    main()
