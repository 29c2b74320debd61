"""Files written whole or not at all, and read without executing anything in them.

NumPy is imported where it is used: settings are read from files before a stage may load it (environment/isa.py).
"""

from __future__ import annotations

import codecs
import glob
import hashlib
import io
import json
import os
import shutil
import stat
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

from focus.errors import FocusError, reason_of

Words = TypeVar("Words", bound=Sequence[str])
# Byte order marks; UTF-32's is looked for first, as UTF-16's is its beginning.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically: temporary file beside it, fsync, rename, fsync of the folder.

    Makes parent folders. After a kill or a power cut the file is the old one or the new one, whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk: without it a power cut may undo a rename."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with \\n line ends, atomically."""
    write_bytes(path, text.encode())


def files_of_kind(folder: Path, *suffixes: str) -> list[Path]:
    """Return the files of a folder with one of these endings, upper or lower case, sorted; none without the folder.

    Hidden ones are passed over: `._scan.obj`, which macOS leaves beside scan.obj, is no mesh.
    """
    shown = (path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else ()
    return sorted(path for path in shown if path.suffix.lower() in suffixes)


def in_any_case(path: Path) -> Path:
    """Return a file or, where there is none, the one whose ending is in capitals: a.PNG or a.Png for a.png."""
    forms = (path.with_suffix(form) for form in (path.suffix, path.suffix.upper(), path.suffix.title()))
    return next((form for form in forms if os.path.exists(form)), path)


def check_regular(path: Path, expected: str) -> None:
    """Raise FocusError unless `path` is a file that ends: a pipe would wait for ever, a device never end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected {expected}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise FocusError(f"{path}: cannot be read ({reason_of(error)}); expected {expected}") from None
    if not stat.S_ISREG(mode):
        found = "a folder" if stat.S_ISDIR(mode) else "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"
        raise FocusError(f"{path}: cannot be read, found {found}; expected {expected}")


def read_bytes(path: Path, expected: str) -> bytes:
    """Read a whole file. Raises FocusError, which says what was `expected`, on anything that is no regular file."""
    check_regular(path, expected)
    try:
        return path.read_bytes()
    except OSError as error:
        raise FocusError(f"{path}: cannot be read ({reason_of(error)}); expected {expected}") from None


def read_text(path: Path, expected: str) -> str:
    """Read a text in UTF-8, or in the encoding of its byte order mark, with \\n line ends.

    A text without a mark that is not UTF-8 is read as Latin-1: numbers and ASCII words are then right, and names and
    comments stay apart. Split it at \\n alone: `str.splitlines` also splits at bytes of such names (0x85).

    Raises FocusError on anything that is no regular file, on a damaged text, and on NUL characters (no text at all).
    """
    content = read_bytes(path, expected)
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise FocusError(f"{path}: cannot be read as text ({reason_of(error)}); expected {expected}") from None
        text = content.decode("latin-1")
    if "\0" in text:
        raise FocusError(f"{path}: cannot be read as text (NUL characters); expected {expected}, in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def plain(words: Words) -> Words:
    """Return words of numbers, or one. Raises ValueError on what Python alone takes for such: 1_0 and Arabic digits."""
    text = "".join(words)
    if "_" in text or not text.isascii():
        raise ValueError(f"{next(sign for sign in text if sign == '_' or not sign.isascii())!r} in a number")
    return words


def write_csv(path: Path, frame: pd.DataFrame, digits: str) -> None:
    """Write a table atomically: numbers as `digits` says ("%.4f"), an empty cell for none; same table, same bytes."""
    write_text(path, frame.to_csv(index=False, float_format=digits, lineterminator="\n"))


def write_json(path: Path, value: Any) -> None:
    """Write JSON with two-space indent, keys in the order given, atomically."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file, with or without a byte order mark. Raises FocusError when it is missing or not JSON."""
    try:
        return json.loads(read_bytes(path, "a JSON file").decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, endless brackets
        raise FocusError(f"{path}: not valid JSON ({reason_of(error)})") from None


def read_npy(path: Path, *, memory_map: bool = False) -> np.ndarray:
    """Read one .npy array; pickled objects are refused. Raises FocusError on anything else than a plain array."""
    import numpy as np

    check_regular(path, "a NumPy .npy array")
    try:
        # Mapped in either case: the file must then be as long as its header says before memory is taken for it.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        return array if memory_map else np.array(array)
    except Exception as error:  # NumPy's header parser raises what Python's tokenizer and allocator raise
        raise FocusError(f"{path}: not a plain .npy array ({reason_of(error)})") from None


def write_npy(path: Path, array: np.ndarray) -> None:
    """Write one array as .npy, atomically."""
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    write_bytes(path, stream.getvalue())


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def whole_directory(path: Path) -> Iterator[Path]:
    """Yield a fresh temporary folder that becomes `path` when the block ends well, and vanishes when it does not.

    A folder has one writer at a time; what a killed one left behind is swept away first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left_behind in path.parent.glob(f".{glob.escape(path.name)}.????????.tmp"):
        shutil.rmtree(left_behind, ignore_errors=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
        sync_folder(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
