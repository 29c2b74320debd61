"""`focus same`: has the run in this folder given the committed bits, and if not, where and why do they part?

`make reproduce` ends with its line. Nothing is run: dvc.lock holds a hash of all that the run made, and git the
dvc.lock, and results/, that were committed.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from focus.commands.verify import Lock, read_lock
from focus.errors import FocusError
from focus.files import read_json
from focus.settings import read_yaml

LOCK = "dvc.lock"
ABOUT_CODE = ("src", "workflow")
"""Folders whose files, as dependencies of a stage, are its code."""


def same(root: Path) -> str:
    """Return one line: whether all that the run made has the committed bits, else the first stage that differs."""
    committed = _git(root, "show", f"HEAD:./{LOCK}")
    if committed is None:
        return f"same: no {LOCK} is committed here: nothing to compare the run with"
    if not (root / LOCK).is_file():
        return f"same: no {LOCK} yet: nothing has been run here"
    with TemporaryDirectory() as folder:
        path = Path(folder, LOCK)
        path.write_text(committed, encoding="utf-8")
        try:
            found, expected = read_lock(root / LOCK), read_lock(path)
        except FocusError as error:
            return f"same: {error}"
        parted = differing(found, expected)
        if parted:
            return f"same: other bits than committed: {_where(parted, found)}; likely {cause(parted[0], root, path)}"
    gone = [out for made in found.outs.values() for out in made if not (root / out).exists()]
    if gone:
        return f"same: {gone[0]} is not there: {LOCK} is the committed one, but not all of it has been run here"
    changed = _git(root, "status", "--porcelain", "--", "results")
    if changed:
        return f"same: the run has the committed bits, but {changed.splitlines()[0].split()[-1]} was changed by hand"
    outs = sum(map(len, expected.outs.values()))
    return f"same: results/, models and data have the committed bits ({outs} outs of {len(expected.outs)} stages)"


def differing(found: Lock, expected: Lock) -> list[str]:
    """Return the stages whose results, models or data differ or are in one run only, in the order of the run."""

    def made(lock: Lock, stage: str) -> dict[str, str]:
        return {out: md5 for out, md5 in lock.outs.get(stage, {}).items() if not out.startswith(ABOUT_CODE)}

    names = [*found.outs, *(name for name in expected.outs if name not in found.outs)]
    return [name for name in names if made(found, name) != made(expected, name)]


def _where(parted: list[str], found: Lock) -> str:
    outs = found.outs.get(parted[0])
    shown = f" ({next(iter(outs))})" if outs else ""
    return f"{len(parted)} of {len(found.outs)} stages, first {parted[0]}{shown}"


def cause(stage: str, root: Path, committed: Path) -> str:
    """Return in words what of a stage is another one than at the committed run: settings, code, torch, kernels."""
    ours, theirs = (read_yaml(path)["stages"].get(stage) for path in (root / LOCK, committed))
    if ours is None or theirs is None:
        return "the settings: one of the two runs lacks the stage"
    reasons = [*_settings(ours, theirs), *_code(ours, theirs), *_machine(stage, root)]
    return (
        " and ".join(reasons) or "another version of a library (requirements.lock): settings, code, torch are the same"
    )


def _settings(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    found, expected = (dict(_flat(stage.get("params", {}), ())) for stage in (ours, theirs))
    changed = [key for key in sorted(found.keys() | expected.keys()) if found.get(key) != expected.get(key)]
    if changed:
        key = changed[0]
        values = f"{found.get(key)!r}, committed {expected.get(key)!r}"
        yield f"the settings ({key[0]}: {'.'.join(key[1:])}: {values})"


def _flat(content: Any, key: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each value below a mapping with the keys that lead to it."""
    if not isinstance(content, dict):
        yield key, content
        return
    for name, value in content.items():
        yield from _flat(value, (*key, str(name)))


def _code(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[str]:
    found, expected = ({dep["path"]: dep["md5"] for dep in stage.get("deps", [])} for stage in (ours, theirs))
    changed = [path for path in sorted(found.keys() | expected.keys()) if found.get(path) != expected.get(path)]
    code = [path for path in changed if Path(path).parts[0] in ABOUT_CODE]
    if code:
        yield f"the code ({code[0]})"


def _machine(stage: str, root: Path) -> Iterator[str]:
    """Yield what was another torch, or other kernels, by the stage's note of its cost (none if it was not run here)."""
    note = root / "logs" / "cost" / f"{stage.replace('@', '-')}.json"
    if not note.is_file():
        return
    cost = read_json(note)
    pinned = re.search(r'"torch==([^"]*)"', (root / "pyproject.toml").read_text(encoding="utf-8"))
    version, _, build = cost["torch"].partition("+")
    if (pinned and version != pinned[1]) or build not in ("", "cpu"):
        yield f"the torch build ({cost['torch']}, expected {pinned[1] if pinned else version}+cpu)"
    if cost["cpu_capability"] != "AVX2":
        yield f"the instruction set ({cost['cpu_capability']} on {cost['machine']}, expected AVX2: compute.isa)"


def _git(root: Path, *words: str) -> str | None:
    """Return what a git command prints; None where there is no git, no repository, or nothing under that name."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
