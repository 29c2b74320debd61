"""Files written whole or not at all, and read without executing anything in them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from focus.errors import FocusError


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically: temporary file beside it, fsync, rename. Makes parent folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with \\n line ends, atomically."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON with two-space indent, keys in the order given, atomically."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises FocusError when it is missing or not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected a JSON file") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FocusError(f"{path}: not valid JSON ({error})") from None


def read_npy(path: Path, *, memory_map: bool = False) -> np.ndarray:
    """Read one .npy array; pickled objects are refused. Raises FocusError on anything else than a plain array."""
    try:
        return np.load(path, mmap_mode="r" if memory_map else None, allow_pickle=False)
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected a NumPy .npy array") from None
    except Exception as error:  # NumPy's header parser raises what Python's tokenizer and allocator raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise FocusError(f"{path}: not a plain .npy array ({reason})") from None


def write_npy(path: Path, array: np.ndarray) -> None:
    """Write one array as .npy, atomically."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    write_bytes(path, stream.getvalue())


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def whole_directory(path: Path) -> Iterator[Path]:
    """Yield a fresh temporary folder that becomes `path` when the block ends well, and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
