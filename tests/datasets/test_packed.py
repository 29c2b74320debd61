"""Packed sets."""

import tracemalloc

import numpy as np
import pytest

from focus.datasets.packed import PackedSet, pack
from focus.datasets.sample import Sample
from focus.errors import FocusError
from focus.files import write_npy


def _sample(k, size=6, mask=True, **changes):
    rng = np.random.default_rng(k)
    fields = {
        "name": f"{k}.jpg",
        "image": rng.integers(0, 256, (size, size, 3), dtype=np.uint8),
        "visible_face": rng.integers(0, 2, (size, size), dtype=np.uint8) if mask else None,
        "landmarks": rng.uniform(0, size, (68, 2)),
        "subject": f"s{k}",
        "subset": "glasses",
        "attributes": {"code": "08"} if k % 2 else {"crop": '{"left": 1}'},
    }
    return Sample(**(fields | changes))


def test_round_trip_and_stable_bytes(tmp_path):
    """Training would see other images than were packed, or the cache would never hit."""
    for name in ("a", "b"):
        packed = pack(tmp_path / name, (_sample(k) for k in range(5)))
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert len(packed) == 5 and packed.size == 6 and packed.names == [f"{k}.jpg" for k in range(5)]
    assert isinstance(packed.images, np.memmap) and packed.images.shape == (5, 6, 6, 3)
    for k in range(5):
        want, found = _sample(k), packed[k]
        np.testing.assert_array_equal(found.image, want.image)
        np.testing.assert_array_equal(found.visible_face, want.visible_face)
        np.testing.assert_allclose(found.landmarks, want.landmarks, atol=1e-6)
        assert (found.name, found.subject, found.subset) == (want.name, want.subject, want.subset)
        assert found.attributes == want.attributes


def test_packing_and_reading_hold_no_whole_set(tmp_path):
    """CelebA-HQ at the paper's size (4 GB of crops) would have to fit into memory."""
    tracemalloc.start()
    packed = pack(tmp_path / "a", (_sample(k, size=128) for k in range(100)))
    _, written = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    for k in range(100):
        packed[k]
    _, read = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert packed.images.nbytes > 4_900_000 and written < 1_500_000 and read - before < 1_000_000


def test_set_without_masks(tmp_path):
    """Sets without ground truth (NoW) would carry a mask of zeros."""
    packed = pack(tmp_path / "a", [_sample(0, mask=False)])
    assert packed.visible is None and packed[0].visible_face is None
    assert not (tmp_path / "a" / "visible.npy").exists()


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        ([], "no image to pack"),
        ([_sample(0), _sample(1, size=7)], r"1\.jpg is 7x7, expected 6x6"),
        ([_sample(0), _sample(1, mask=False)], "expected both or none"),
        ([_sample(0), _sample(0)], "given twice"),
        ([_sample(0, landmarks=None)], "no landmarks"),
        ([_sample(0, landmarks=np.full((68, 2), np.nan))], "not finite"),
        ([_sample(0, visible_face=np.full((6, 6), 255, np.uint8))], "mask values up to 255"),
        ([_sample(0, attributes={"name": "x"})], "attribute called name"),
    ],
)
def test_samples_that_do_not_fit(tmp_path, samples, complaint):
    """A bad sample would be packed, or half a folder left behind."""
    with pytest.raises(FocusError, match=complaint):
        pack(tmp_path / "a", samples)
    assert list(tmp_path.iterdir()) == []


def test_error_while_sampling_leaves_nothing(tmp_path):
    """An unreadable image in the middle would leave a shortened set that looks whole."""

    def samples():
        yield _sample(0)
        raise FocusError("broken")

    with pytest.raises(FocusError, match="broken"):
        pack(tmp_path / "a", samples())
    assert list(tmp_path.iterdir()) == []


def test_folder_whose_files_disagree(tmp_path):
    """Images would be paired with the landmarks of others."""
    pack(tmp_path / "a", [_sample(0), _sample(1)])
    write_npy(tmp_path / "a" / "landmarks.npy", np.zeros((1, 68, 2), np.float32))
    with pytest.raises(FocusError, match=r"landmarks\.npy: float32 \(1, 68, 2\), expected float32 2x68x2"):
        PackedSet(tmp_path / "a")
    (tmp_path / "a" / "images.npy").write_bytes((tmp_path / "a" / "images.npy").read_bytes()[:-9])
    with pytest.raises(FocusError, match=r"images\.npy"):
        PackedSet(tmp_path / "a")
    with pytest.raises(FocusError, match=r"index\.csv: no such file"):
        PackedSet(tmp_path / "b")


def test_sample_refuses_wrong_arrays():
    """A float image or a mask of another size would travel on unnoticed."""
    for changes in (
        {"image": np.zeros((6, 6, 3))},
        {"visible_face": np.zeros((5, 6), np.uint8)},
        {"landmarks": np.zeros((67, 2))},
    ):
        with pytest.raises(ValueError, match="expected"):
            _sample(0, **changes)
