"""Files appear whole or not at all, and are read without executing anything."""

from __future__ import annotations

import hashlib
import json
import os

import numpy as np
import pytest

from focus import files
from focus.errors import FocusError


def leftovers(folder):
    return sorted(path.name for path in folder.rglob("*.tmp"))


def test_write_makes_folders_and_replaces(tmp_path):
    """A result could not be written, or an old one would stay."""
    path = tmp_path / "a" / "b" / "file.txt"
    files.write_text(path, "one")
    files.write_text(path, "zwei\n")
    assert path.read_bytes() == b"zwei\n" and leftovers(tmp_path) == []


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    """A full disk would leave half a file under the result's name."""
    path = tmp_path / "file"
    files.write_bytes(path, b"old")

    def full(_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old" and leftovers(tmp_path) == []


def test_json_round_trip_keeps_the_order(tmp_path):
    """Two runs would write different bytes, or readers another value."""
    path, value = tmp_path / "a.json", {"b": 1, "a": [1.5, None, "ü"]}
    files.write_json(path, value)
    assert files.read_json(path) == value and path.read_text().index('"b"') < path.read_text().index('"a"')
    assert path.read_text().endswith("}\n")


def test_json_with_a_byte_order_mark(tmp_path):
    """A file that Notepad saved would be refused."""
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert files.read_json(tmp_path / "a.json") == {"a": 1}


def test_json_refuses_nan(tmp_path):
    """A file that is not JSON would be written."""
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(tmp_path / "a.json", float("nan"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b'{"a": 1}}'])
def test_damaged_json(tmp_path, content):
    """A damaged file would end in a traceback."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(FocusError, match=r"a\.json: not valid JSON") as caught:
        files.read_json(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [files.read_json, files.read_npy])
def test_missing_file(tmp_path, read):
    """A missing file would end in a traceback."""
    with pytest.raises(FocusError, match="no such file; expected"):
        read(tmp_path / "none")


@pytest.mark.parametrize("memory_map", [False, True])
def test_npy_round_trip(tmp_path, memory_map):
    """An array would change on its way, or be read into memory whole."""
    path, array = tmp_path / "a.npy", np.arange(6, dtype=np.float32).reshape(2, 3)
    files.write_npy(path, array)
    found = files.read_npy(path, memory_map=memory_map)
    assert np.array_equal(found, array) and found.dtype == np.float32
    assert isinstance(found, np.memmap) == memory_map


def test_npy_is_never_unpickled(tmp_path):
    """A file from elsewhere could run code."""
    path = tmp_path / "a.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(FocusError, match=r"not a plain \.npy array"):
        files.read_npy(path)
    with pytest.raises(ValueError, match="allow_pickle"):
        files.write_npy(tmp_path / "b.npy", np.array([{}], dtype=object))
    assert not (tmp_path / "b.npy").exists()


def test_npy_cut_anywhere(tmp_path):
    """A truncated array would end in a traceback, or be read as a shorter one."""
    path = tmp_path / "a.npy"
    files.write_npy(path, np.arange(10.0))
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(FocusError, match=r"a\.npy") as caught:
            files.read_npy(path)
        assert "\n" not in str(caught.value)


def test_sha256(tmp_path):
    """Fingerprints would not be those of `sha256sum`."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert files.sha256(path) == hashlib.sha256(b"abc").hexdigest()


def test_directory_appears_whole(tmp_path):
    """A folder would be seen half written, or keep files of the run before."""
    target = tmp_path / "out" / "set"
    with files.whole_directory(target) as folder:
        (folder / "one").write_text("1")
        assert not target.exists()
    with files.whole_directory(target) as folder:
        (folder / "two").write_text(json.dumps(2))
        assert (target / "one").is_file()
    assert [path.name for path in target.iterdir()] == ["two"]
    assert [path.name for path in target.parent.iterdir()] == ["set"]


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
def test_interrupted_directory(tmp_path, problem):
    """Ctrl-C would leave half a folder, or take the old one with it."""
    target = tmp_path / "set"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(problem), files.whole_directory(target) as folder:
        (folder / "new").touch()
        raise problem
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "old"]


def test_what_a_killed_writer_left_is_swept_away(tmp_path):
    """Each killed run would leave another half folder on the disk."""
    (tmp_path / ".set.0123abcd.tmp").mkdir()
    (tmp_path / ".other.0123abcd.tmp").mkdir()
    with files.whole_directory(tmp_path / "set"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.0123abcd.tmp", "set"]


def test_the_folder_is_synced_too(tmp_path, monkeypatch):
    """A power cut after the rename would bring the old file back."""
    synced, sync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor)) or sync(descriptor))
    files.write_bytes(tmp_path / "file", b"new")
    assert [status.st_ino for status in synced] == [(tmp_path / "file").stat().st_ino, tmp_path.stat().st_ino]


def test_json_of_endless_brackets(tmp_path):
    """A hostile file would end in a traceback."""
    (tmp_path / "a.json").write_text("[" * 100_000)
    with pytest.raises(FocusError, match="not valid JSON"):
        files.read_json(tmp_path / "a.json")
