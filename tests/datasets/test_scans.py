"""NoW's scans in one file."""

from __future__ import annotations

import io

import numpy as np
import pytest

from focus.datasets.now import NoW
from focus.datasets.scans import FILE, pack_scans, read_scans
from focus.errors import FocusError


def test_round_trip(now, tmp_path):
    """The protocol would measure against other vertices or picked points than the scan's."""
    source = NoW(now, "validation")
    pack_scans(tmp_path / "packed", source)
    found = read_scans(tmp_path / "packed")
    assert list(found) == ["person_A"]
    scan = found["person_A"]
    assert np.array_equal(scan.vertices, source.scan("person_A")[0]) and scan.vertices.dtype == np.float64
    assert np.array_equal(scan.landmarks, source.scan_landmarks("person_A")) and scan.landmarks.shape == (7, 3)


def test_bytes_are_stable(now, tmp_path):
    """DVC would see new scans in every run."""
    for name in ("a", "b"):
        pack_scans(tmp_path / name, NoW(now, "validation"))
    assert (tmp_path / "a" / FILE).read_bytes() == (tmp_path / "b" / FILE).read_bytes()


def test_missing_scan_writes_nothing(now, tmp_path):
    """A set without a scan would be packed and fail much later."""
    (now / "scans/person_A/scan.obj").unlink()
    with pytest.raises(FocusError, match="expected exactly one"):
        pack_scans(tmp_path / "packed", NoW(now, "validation"))
    assert not (tmp_path / "packed").exists()


def test_missing_file(tmp_path):
    """Evaluation before packing would end in a traceback."""
    with pytest.raises(FocusError, match=r"scans\.npz: no such file; expected"):
        read_scans(tmp_path)


def refused(folder, content: bytes) -> None:
    (folder / FILE).write_bytes(content)
    with pytest.raises(FocusError, match=r"scans\.npz: not the packed scans of NoW") as caught:
        read_scans(folder)
    assert "\n" not in str(caught.value)


def test_truncated(now, tmp_path):
    """Half a file would end in a traceback."""
    pack_scans(tmp_path, NoW(now, "validation"))
    whole = (tmp_path / FILE).read_bytes()
    for length in range(0, len(whole), 23):
        refused(tmp_path, whole[:length])


def test_damaged_bytes(now, tmp_path):
    """A damaged file would end in a traceback; one that still reads must read the same."""
    pack_scans(tmp_path, NoW(now, "validation"))
    whole = (tmp_path / FILE).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(150):
        content = bytearray(whole)
        content[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        (tmp_path / FILE).write_bytes(bytes(content))
        try:
            read_scans(tmp_path)
        except FocusError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("kind", ["array", "half", "pickle", "words"])
def test_other_content(tmp_path, kind):
    """Another file under the name would end in a traceback, or run code."""
    stream = io.BytesIO()
    if kind == "array":
        np.save(stream, np.zeros(3))
    elif kind == "half":
        np.savez(stream, **{"a/vertices": np.zeros((4, 3))})
    elif kind == "pickle":
        np.savez(stream, **{"a/vertices": np.array([{}], dtype=object), "a/landmarks": np.zeros((7, 3))})
    else:
        stream.write(b"no scans here")
    refused(tmp_path, stream.getvalue())
