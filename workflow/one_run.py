"""One run at a time in a folder: a second Snakemake would delete, before its jobs, what the first one is making.

Snakemake's own lock outlives a killed process and then asks for a person; this one ends with the process that holds it.
`dvc repro` keeps to DVC's locks: whoever comes second to a stage stops (workflow/dvc_dag.py).
"""

from __future__ import annotations

import sys
from pathlib import Path

from zc.lockfile import LockError, LockFile  # what DVC's own lock is made of

LOCK = Path(".dvc/tmp/snakemake.lock")


def hold(root: Path = Path()) -> LockFile:
    """Keep other runs out of `root` until this process ends. Exits with one line that names the run at work there."""
    path = root / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return LockFile(path)
    except LockError:
        pid = path.read_text(encoding="utf-8").strip() or "unknown"
        sys.exit(f"snakemake: another run is at work in this folder (process {pid}); wait for it or stop it")
