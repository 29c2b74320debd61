"""Fingerprints of the code: one hash per stage over all that it can run, in workflow/code/<stage>.json.

The stage `code` writes them (`python -m focus.fingerprints`), and every other stage depends on its own and on no
source: an edit reruns what it can change and nothing else. Syntax counts, without docstrings, comments and import
lines, and what each imported name stands for; the names and places of modules do not. Data that code reads from the
package count by content. focus.fingerprints.closure says what a stage can run, and what is not noticed.
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from focus.errors import FocusError
from focus.files import read_json, write_json
from focus.fingerprints.closure import Source

FOLDER = Path("workflow/code")
NOTE = Path("workflow/.code.json")  # the source that the fingerprints were last seen to belong to
SOURCE = Path("src")
STAGES = Path("src/focus/stages")


def stages(root: Path = Path()) -> list[str]:
    """Return the names of the modules that are stages: those that can be started."""
    starts = '\nif __name__ == "__main__":'
    return sorted(path.stem for path in (root / STAGES).glob("*.py") if starts in path.read_text(encoding="utf-8"))


def fingerprint(source: Source, stage: str) -> dict[str, str]:
    """Return a stage's fingerprint, and the Python whose syntax trees it is made of. Raises FocusError."""
    return {"python": python(), "sha256": source.fingerprint(f"focus.stages.{stage}")}


def python() -> str:
    """Return this Python's version, as far as the form of its syntax trees goes: "3.11"."""
    return ".".join(platform.python_version_tuple()[:2])


def write(root: Path = Path()) -> None:
    """Write the fingerprint of every stage to workflow/code. Raises FocusError for source that cannot be followed."""
    source = Source(root / SOURCE)
    for stage in stages(root):
        write_json(file(stage, root), fingerprint(source, stage))
    write_json(root / NOTE, {"source": source_hash(root)})


def file(stage: str, root: Path = Path()) -> Path:
    """Return the file of a stage's fingerprint; of "train/FOCUS" it is train's."""
    return root / FOLDER / f"{stage.partition('/')[0]}.json"


def check(stage: str, root: Path = Path()) -> None:
    """Raise FocusError when the code is no longer what the stage's fingerprint ("train/FOCUS": train's) says.

    Where no byte of the source has changed since the fingerprints were written, that is seen in 0.05 s.
    """
    written = file(stage, root)
    if not written.exists():
        raise FocusError(f"{written}: no such file, expected the code's fingerprint; write it with `dvc repro code`")
    note = root / NOTE
    if note.exists() and read_json(note).get("source") == source_hash(root):
        return
    if read_json(written) != fingerprint(Source(root / SOURCE), written.stem):
        raise FocusError(f"{written}: found the fingerprint of other code; write this one's with `dvc repro code`")


def source_hash(root: Path = Path()) -> str:
    """Return a hash of the bytes and names of all files of the source and of the fingerprints."""
    found = hashlib.sha256(python().encode())
    files = (path for folder in (SOURCE, FOLDER) for path in sorted((root / folder).rglob("*")))
    for path in files:
        if path.suffix not in (".pyc", ".tmp") and path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return found.hexdigest()
