"""Pickles that hold arrays and containers only: read without importing, building or running anything they name.

NumPy's pickles name a few functions of NumPy, which plain unpickling calls with whatever the file gives them. Here each
name stands for an inert object that keeps what it was given; the arrays are made from that afterwards, checked.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from focus.errors import FocusError, reason_of

LARGEST_FILE = 2**26  # bytes
ARRAY_MAKERS = re.compile(r"numpy\.(_?core\.(multiarray|numeric)\.(_reconstruct|_frombuffer|scalar)|ndarray|dtype)")
CONTAINERS = {"collections.OrderedDict": dict, "builtins.set": set, "__builtin__.set": set}
OLD_BYTES = ("_codecs.encode", "__builtin__.bytes")  # protocols 0 to 2 have no bytes: text in Latin 1, or nothing
NUMBERS = re.compile(r"[<>=|]?([biuf][1248])")  # of dtypes: truth values, whole and floating-point numbers


class Inert:
    """Stands for what a file names: takes any arguments and state, keeps them, and does nothing."""

    def __init__(self, *given: Any) -> None:
        """Keep the arguments."""
        self.given = given
        self.state: Any = ()

    def __setstate__(self, state: Any) -> None:
        """Keep the state."""
        self.state = state


class _Reader(pickle.Unpickler):
    """Finds inert classes under NumPy's names, dict and set under theirs, and nothing else."""

    def find_class(self, module: str, name: str) -> type:
        full = f"{module}.{name}"
        if full in CONTAINERS:
            return CONTAINERS[full]
        if full in OLD_BYTES or ARRAY_MAKERS.fullmatch(full):
            return type(full, (Inert,), {})
        raise FocusError(f"names {full!r:.100}, which no array or container needs; nothing was run")


def read_pickled_arrays(path: Path) -> Any:
    """Read a pickle of dicts, lists, tuples, sets, numbers, texts and arrays of numbers; arrays are copies.

    Raises FocusError, in one line, for a missing, damaged or too large file, for any other name in it (by that name),
    and for arrays that are no numbers or claim another size than they have.
    """
    if not path.is_file():
        raise FocusError(f"{path}: no such file; expected a pickle of arrays")
    if path.stat().st_size > LARGEST_FILE:
        raise FocusError(f"{path}: found {path.stat().st_size:,} bytes, expected at most {LARGEST_FILE:,}")
    content = path.read_bytes()
    try:
        _check_codes(content)
        return _plain(_Reader(io.BytesIO(content), encoding="latin1").load())
    except FocusError as error:
        raise FocusError(f"{path}: {error}") from None
    except Exception as error:  # pickle raises many types on damaged bytes
        raise FocusError(f"{path}: not a whole pickle of arrays ({reason_of(error)})") from None


def _check_codes(content: bytes) -> None:
    """Refuse codes that reach outside the file, and memo numbers beyond its length: a number alone takes memory."""
    for code, argument, _ in pickletools.genops(content):
        if code.name in ("PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER"):
            raise FocusError(f"found {code.name}, expected a pickle of arrays")
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > len(content):
            raise FocusError(f"found memo {argument:,} in {len(content):,} bytes, expected a whole pickle")


def _plain(value: Any) -> Any:
    """Return a value with arrays in place of what stood for them."""
    if isinstance(value, dict):
        return {_plain(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value)(_plain(entry) for entry in value)
    return _made(value) if isinstance(value, Inert) else value


def _made(part: Inert) -> Any:
    """Return the array, the number or the bytes that an inert object stands for."""
    name = type(part).__name__.rpartition(".")[2]
    if name in ("encode", "bytes"):
        return _bytes(part)
    if name == "scalar":
        dtype, raw = part.given
        return _array(raw, dtype, (), False)[()]
    if name == "_frombuffer":
        raw, dtype, shape, order = part.given
        return _array(raw, dtype, shape, order == "F")
    if name == "_reconstruct":
        _, shape, dtype, fortran, raw = part.state
        return _array(raw, dtype, shape, fortran)
    raise FocusError(f"found {type(part).__name__} by itself, expected arrays of numbers")


def _array(raw: Any, dtype: Any, shape: Any, fortran: Any) -> NDArray[Any]:
    kind = _dtype(dtype)
    content = _bytes(raw)
    sizes = [int(size) for size in shape]
    if min(sizes, default=0) < 0 or kind.itemsize * int(np.prod(sizes, dtype=object)) != len(content):
        raise FocusError(f"found {len(content):,} bytes for an array {kind} of shape {tuple(sizes)!r:.60}")
    return np.frombuffer(content, kind).reshape(sizes, order="F" if fortran else "C").copy()


def _bytes(raw: Any) -> bytes:
    if isinstance(raw, Inert) and type(raw).__name__ in OLD_BYTES:
        raw = raw.given[0] if raw.given else b""
    return raw.encode("latin1") if isinstance(raw, str) else bytes(memoryview(raw))


def _dtype(stated: Any) -> np.dtype[Any]:
    """Return the dtype of numbers that a pickled numpy.dtype states; objects and records are refused."""
    code = str(stated.given[0]) if isinstance(stated, Inert) and stated.given else type(stated).__name__
    found = NUMBERS.fullmatch(code)
    if not found:
        raise FocusError(f"found an array of {code!r:.40}, expected numbers")
    order = stated.state[1] if stated.state else "="
    return np.dtype(f"{order if order in ('<', '>') else '='}{found[1]}")
