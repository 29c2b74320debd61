"""A pickle of arrays is read without importing or running what it names; anything else in it is refused by name."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from focus.errors import FocusError
from focus.face_model.pickled_arrays import read_pickled_arrays

CONTENT = {
    "whole": np.arange(6, dtype=np.int64).reshape(2, 3),
    "turned": np.arange(6, dtype=np.int32).reshape(2, 3).T,
    "big-endian": np.arange(3, dtype=">f4"),
    "truth": np.array([True, False]),
    "empty": np.zeros((0, 3), np.uint8),
    "list": [1, 2.5, "text", None, (np.int64(3),)],
    "ordered": OrderedDict(a=1),
}


class Call:
    """Pickles as a call of any function with any arguments."""

    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def refused(path) -> str:
    with pytest.raises(FocusError) as caught:
        read_pickled_arrays(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ") and "\n" not in text and len(text) < 300
    return text


@pytest.mark.parametrize("protocol", range(6))
def test_round_trip(tmp_path, protocol: int) -> None:
    """Arrays of some Python's or NumPy's files would be torn, turned or refused."""
    path = tmp_path / "arrays.pkl"
    path.write_bytes(pickle.dumps(CONTENT, protocol=protocol))
    found = read_pickled_arrays(path)
    assert found.keys() == CONTENT.keys()
    for name in ("whole", "turned", "big-endian", "truth", "empty"):
        np.testing.assert_array_equal(found[name], CONTENT[name])
        assert found[name].dtype == CONTENT[name].dtype and found[name].flags.writeable
    assert found["list"] == CONTENT["list"] and found["ordered"] == {"a": 1}


def test_older_numpys_names(tmp_path) -> None:
    """The authors' file, of Python 3.6, names numpy.core, which newer NumPys call numpy._core."""
    path = tmp_path / "arrays.pkl"
    path.write_bytes(pickle.dumps(CONTENT["whole"], protocol=3).replace(b"numpy._core", b"numpy.core"))
    np.testing.assert_array_equal(read_pickled_arrays(path), CONTENT["whole"])


@pytest.mark.parametrize("function", [os.system, eval, np.load, np.save, np.fromfile, getattr, type])
def test_functions_are_refused_by_name_and_not_run(tmp_path, function) -> None:
    """A file would run what it likes."""
    path, trace = tmp_path / "bad.pkl", tmp_path / "ran"
    path.write_bytes(pickle.dumps({"points": Call(function, f"touch {trace}")}))
    assert f".{function.__name__}'" in refused(path) and "nothing was run" in refused(path)
    assert not trace.exists()


@pytest.mark.parametrize("protocol", [2, 4])
def test_numpys_own_functions_are_not_called(tmp_path, protocol: int) -> None:
    """A shape of a terabyte, given to NumPy's own array maker, would take the memory."""
    reconstruct = np.arange(2).__reduce__()[0]
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(Call(reconstruct, np.ndarray, (10**12,), b"b"), protocol=protocol))
    refused(path)


def test_objects_false_sizes_and_damage_are_lines(tmp_path) -> None:
    """Arrays of objects, of more numbers than bytes, or half a file would end in a traceback or a crash."""
    path = tmp_path / "bad.pkl"
    path.write_bytes(pickle.dumps(np.array([{}], object)))
    assert "'O8', expected numbers" in refused(path)
    whole = pickle.dumps(np.arange(40, dtype=np.uint8), protocol=2)
    path.write_bytes(whole.replace(b"K(\x85", b"K)\x85"))
    assert "40 bytes for an array uint8 of shape (41,)" in refused(path)
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        assert "not a whole pickle" in refused(path)
    path.write_bytes(b"\x80\x02}r\xff\xff\xff\xff.")
    assert "memo 4,294,967,295" in refused(path)
    path.write_bytes(b"\x80\x02K\x01\x82\x01.")
    assert "EXT1" in refused(path)
    assert "no such file" in refused(tmp_path / "none.pkl")
