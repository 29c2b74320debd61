"""Where each face goes: a folder of OUT for each, no two the same, and nothing replaced but faces written before."""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from focus.errors import FocusError, printable
from focus.files import read_json
from focus.reconstruct.write import FILES

FAILURES = "failures.csv"
LONGEST_NAME = 255 - len("..12345678.tmp")  # bytes; what `whole_directory` adds while it writes must fit, too


class Folders:
    """Which folder of OUT each face gets: no two the same, none outside OUT, none that holds anything but a face.

    A photograph's name without suffix, told apart where two are alike; with `_1`, `_2` … where it shows several faces.
    """

    def __init__(self, out: Path) -> None:
        """Start with nothing taken but the list of failures."""
        self.out = out
        self._taken = {FAILURES}

    def photograph(self, file: Path) -> str:
        """Return a name for a photograph. All photographs are named before the first face is."""
        return self._free(choices(file))

    def faces(self, photograph: str, count: int) -> list[str]:
        """Return the folders of a photograph's faces. FocusError where none can be made or another thing lies there."""
        numbered = (f"{photograph}_{number}" for number in itertools.count(1))
        names = [photograph] if count == 1 else [self._free(numbered) for _ in range(count)]
        for name in names:
            check_name(name)
            check_replaceable(self.out / name)
        return names

    def _free(self, wanted: Iterator[str]) -> str:
        """Take the first name that nothing has."""
        name = next(name for name in wanted if as_on_disks(name) not in self._taken)
        self._taken.add(as_on_disks(name))
        return name


def as_on_disks(name: str) -> str:
    """Return a name as many disks compare it: upper and lower case are one, and so are the two ways to write `é`."""
    return unicodedata.normalize("NFC", name).casefold()


def choices(file: Path) -> Iterator[str]:
    """Yield names of a folder for a photograph, the best first; none is hidden or leads out of a folder."""
    stem = file.stem.lstrip(".") or "photo"
    yield stem
    yield file.name.lstrip(".").replace(".", "_") or "photo"
    yield from (f"{stem}-{number}" for number in itertools.count(2))


def check_name(name: str) -> None:
    """Raise FocusError for a folder's name that no disk takes, or that the reports could not hold."""
    length = len(os.fsencode(name))
    if length > LONGEST_NAME:
        raise FocusError(
            f"its folder's name has {length} bytes, expected at most {LONGEST_NAME}; rename the photograph"
        )
    if printable(name) != name:
        raise FocusError("its name is not UTF-8, expected one that is; rename the photograph")


def check_replaceable(folder: Path) -> None:
    """Raise FocusError where a face's folder would replace anything but a face that was written before."""
    in_the_way = folder.is_symlink() or folder.is_file()
    strange = [folder.name] if in_the_way else strangers(folder) if folder.exists() else []
    if strange:
        raise FocusError(
            f"{folder}: found {strange[0]!r} there, expected a free name or a face written before; nothing is replaced"
        )


def strangers(folder: Path) -> list[str]:
    """Return what a folder holds beside a face's files, sorted."""
    return sorted({file.name for file in folder.iterdir()} - FILES)


def old_faces(out: Path, photographs: Mapping[str, str], present: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Yield the folders of OUT, sorted, that an earlier run wrote for these photographs and this one did not.

    photographs: name in OUT -> file name, which `parameters.json` must give as its image's; present: folders of this
    run. Yields each with the photograph's name in OUT. What holds anything beside a face's files is passed over.
    """
    for folder in sorted(out.iterdir()):
        if folder.name in present or folder.is_symlink() or not folder.is_dir():
            continue
        for name in {folder.name, re.sub(r"_\d+$", "", folder.name)} & photographs.keys():
            if is_face_of(folder, photographs[name]):
                yield folder, name


def is_face_of(folder: Path, file: str) -> bool:
    """Return whether a folder holds a face of the photograph of this file name, and nothing else, as far as is seen."""
    try:
        return not strangers(folder) and read_json(folder / "parameters.json")["image"]["file"] == file
    except (FocusError, KeyError, TypeError, OSError):  # it does not say, or is a folder that is not ours to open
        return False
