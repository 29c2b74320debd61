"""One training shared by two processes (gloo) is the training of one process on the whole batch."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import sharing
import tiny
from focus.errors import FocusError
from focus.training import processes
from projects import ROOT


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return the root, the images, of everything that one process and two have trained: folders `one` and `two`."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    tiny.packed_faces(one / "set")
    shutil.copytree(one / "set", two / "set")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT / 'src'}:{ROOT / 'tests/support'}")
        patch.setenv("OMP_NUM_THREADS", "1")
        sharing.run_cases(one)
        assert sharing.in_group(sharing.run_cases, 2, two, folder=two) == [0, 0]
        yield one, two


def curve(folder: Path, case: str) -> list[dict[str, float]]:
    rows = csv.DictReader((folder / f"{case}.csv").read_text().splitlines())
    return [{key: float(value) for key, value in row.items() if key != "network" and value} for row in rows]


@pytest.mark.parametrize("case", sharing.CASES)
def test_same_losses(found, case):
    """Two GPUs would train on another loss than one: other draws, means of half batches, or halves of a quotient."""
    one, two = (curve(folder, case) for folder in found)
    assert len(one) == 6
    for alone, shared in zip(one, two, strict=True):
        assert shared == pytest.approx(alone, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("case", sharing.CASES)
def test_same_weights_and_statistics(found, case):
    """Gradients would be those of half the batch, or batch norm's running values be kept for half of it."""
    one, two = found
    alone = load_file(one / f"{case}-0.safetensors")
    shared, second = (load_file(two / f"{case}-{rank}.safetensors") for rank in range(2))
    assert alone.keys() == shared.keys()
    assert [key for key in shared if not torch.equal(shared[key], second[key])] == []
    for key, value in alone.items():
        torch.testing.assert_close(shared[key], value, rtol=1e-3, atol=3e-4, msg=lambda text, key=key: f"{key}: {text}")


def run_em(folder: Path, images: Path, **options) -> list[str]:
    """Run the EM rounds by two processes; return what stopped each."""
    if not (folder / "set").exists():
        shutil.copytree(images, folder / "set")
    for left in folder.glob("error-*"):
        left.unlink()
    sharing.in_group(sharing.run_em, 2, folder, *options.values(), folder=folder)
    return [path.read_text() for path in sorted(folder.glob("error-*"))]


def test_resumed_equals_undisturbed(found, tmp_path):
    """Two processes stopped in the middle would go on apart from each other, or to another result."""
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert run_em(whole, found[0] / "set") == []
    assert [text.partition(":")[0] for text in run_em(stopped, found[0] / "set", stop_at=6)] == ["StoppedError"] * 2
    assert not (stopped / "curve.csv").exists()
    assert run_em(stopped, found[0] / "set") == []
    expected = torch.load(whole / "weights-0.pt", weights_only=True)
    for file in (whole / "weights-1.pt", stopped / "weights-0.pt", stopped / "weights-1.pt"):
        result = torch.load(file, weights_only=True)
        assert [key for key in expected if not torch.equal(expected[key], result[key])] == []
    assert (whole / "curve.csv").read_text() == (stopped / "curve.csv").read_text()


def test_loss_that_is_not_finite_in_one(found, tmp_path):
    """The other processes would wait for ever, or go on with the weights spoilt."""
    errors = run_em(tmp_path / "em", found[0] / "set", stop_at=None, trouble="nan", at=3)
    assert len(errors) == 2 and errors[0] == errors[1]
    assert errors[0].startswith("FocusError: training: the loss is not finite at step 3 (pixel ")


def test_process_that_is_gone(found, tmp_path):
    """The other processes would wait for ever for one that the system has ended."""
    errors = run_em(tmp_path / "em", found[0] / "set", stop_at=None, trouble="gone", at=3)
    assert errors == ["LostProcessError: another process of this training has ended"]


def test_alone():
    """One process would compute other bits than it did before a training could be shared."""
    network, value = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.Dropout()), torch.ones(3)
    layers = list(network)
    processes.convert(network)
    assert list(network) == layers
    assert processes.mean(value) is value and processes.table(value).tolist() == [[1, 1, 1]]
    assert processes.means({"loss": value})["loss"] is value
    assert processes.share_of(5) == slice(0, 5) and processes.first()


def test_batch_that_cannot_be_shared(monkeypatch):
    """A process would train on fewer images than the others, and the mean of the losses not be the batch's."""
    monkeypatch.setattr(processes, "count", lambda: 5)
    with pytest.raises(FocusError, match=r"^compute.processes: found 5 for batches of 12 images, expected a divisor"):
        processes.share_of(12)
