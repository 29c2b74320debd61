"""A finished misfit prior of either layout, or one line."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from focus.authors.prior import read_prior
from focus.errors import FocusError

PRIOR = np.arange(12.0).reshape(4, 3) / 10


def refused(path, vertices=None) -> str:
    with pytest.raises(FocusError) as caught:
        read_prior(path, vertices)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("array", [PRIOR, PRIOR.ravel(), np.asfortranarray(PRIOR), PRIOR.astype(np.float32)])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_layouts(tmp_path, array, suffix):
    """Offsets would go to other vertices or axes."""
    path = tmp_path / f"prior{suffix}"
    np.save(path, array) if suffix == ".npy" else np.savez_compressed(path, anything=array)
    found = read_prior(path, 4)
    assert found.dtype == torch.float32 and torch.equal(found, torch.from_numpy(PRIOR).float())


def test_misfits(tmp_path):
    """A prior of another mesh, unit or kind would be subtracted all the same."""
    path = tmp_path / "prior.npy"
    for array, vertices, reason in (
        (PRIOR, 5, r"expected numbers of the face model's (5, 3) or (15,)"),
        (PRIOR.T, None, "expected numbers of the face model's V x 3 or 3V"),
        (np.zeros(10), None, "V x 3 or 3V"),
        (np.zeros((0, 3)), None, "V x 3 or 3V"),
        (np.zeros((4, 3), int), None, "V x 3 or 3V"),
        (1e4 * PRIOR, 4, "found values up to 1.1e+04, expected offsets in mm"),
        (np.full((4, 3), np.nan), 4, "expected offsets in mm"),
        (np.full((4, 3), 1e300), 4, "expected offsets in mm"),
    ):
        np.save(path, array)
        assert reason in refused(path, vertices)


def test_hostile(tmp_path):
    """A pickle would be executed, or some bytes take all the memory."""
    objects = np.array([{"a": 1}], dtype=object)
    np.save(tmp_path / "o.npy", objects)
    np.savez(tmp_path / "o.npz", objects)
    np.savez(tmp_path / "two.npz", PRIOR, PRIOR)
    (tmp_path / "text.npz").write_bytes(b"hello")
    np.savez_compressed(tmp_path / "huge.npz", np.zeros(10**7))
    for name in ("o.npy", "o.npz", "two.npz", "text.npz", "huge.npz", "none.npz", "none.npy"):
        refused(tmp_path / name)
