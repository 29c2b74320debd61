"""A training killed at any moment loses the steps since its last checkpoint, and nothing else."""

from __future__ import annotations

import multiprocessing
import resource
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import em_training
import tiny
from projects import ROOT

RESULTS = ("model.safetensors", "curve.csv")
LIMIT_S = 120


@pytest.fixture(scope="module")
def children():
    """Return a function that runs another in a process of its own and gives its exit status (-9: killed)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT / 'src'}:{ROOT / 'tests/support'}")
        patch.setenv("OMP_NUM_THREADS", "1")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["em_training"])  # torch is loaded once, not for every kill

        def run(work: Callable, *arguments, meanwhile: Callable = lambda child: None) -> int:
            child = context.Process(target=work, args=arguments)
            child.start()
            meanwhile(child)
            child.join(LIMIT_S)
            assert child.exitcode is not None, "the training hangs"
            return child.exitcode

        yield run


@pytest.fixture(scope="module")
def undisturbed(children, tmp_path_factory) -> tuple[Path, list[str], float]:
    """Return a finished training's folder, the moments in it at which a kill may fall, and its duration in s."""
    folder = tmp_path_factory.mktemp("undisturbed")
    tiny.packed_faces(folder / "set")
    assert children(em_training.killed_stage, folder, -1, folder / "events") == 0
    began = time.monotonic()
    fresh = tmp_path_factory.mktemp("timed")
    shutil.copytree(folder / "set", fresh / "set")
    assert children(em_training.stage, fresh) == 0
    duration = time.monotonic() - began
    assert not (fresh / ".checkpoints").exists() or not any((fresh / ".checkpoints").iterdir())
    return folder, (folder / "events").read_text().splitlines(), duration


@pytest.fixture
def started(undisturbed, tmp_path) -> Path:
    """A folder in which the training can begin."""
    shutil.copytree(undisturbed[0] / "set", tmp_path / "set")
    return tmp_path


def assert_as_undisturbed(folder: Path, whole: Path) -> None:
    for name in RESULTS:
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name


def kill_and_resume(children, folder: Path, whole: Path, moments: list[int]) -> int:
    """Kill the training at each moment in turn, then let it end; return how many kills fell."""
    kills = 0
    for moment in moments:
        status = children(em_training.killed_stage, folder, moment)
        assert status in (0, -signal.SIGKILL)
        kills += status != 0
        for name in RESULTS:  # whole or not there
            assert not (folder / name).exists() or (folder / name).read_bytes() == (whole / name).read_bytes()
    assert children(em_training.stage, folder) == 0
    assert_as_undisturbed(folder, whole)
    return kills


def moments_of(events: list[str], *names: str) -> list[int]:
    return [events.index(name, len(events) // 3) if name in events[len(events) // 3 :] else -2 for name in names]


def test_killed_in_both_rounds_and_in_the_write(children, undisturbed, started):
    """A training killed in an R step, an S step, a checkpoint's write or before its clean-up would end otherwise."""
    whole, events, _ = undisturbed
    names = (
        "segmentation before the optimiser",
        "half written",
        "before checkpoint.pt is there",
        "reconstruction step",
        "after model.safetensors is there",
    )
    assert set(names) <= set(events)
    # Each run goes on from where the last one was killed, so later events come earlier: count them afresh.
    for name in names:
        shutil.rmtree(started / ".checkpoints", ignore_errors=True)
        for result in RESULTS:
            (started / result).unlink(missing_ok=True)
        assert kill_and_resume(children, started, whole, moments_of(events, name)) == 1, name


@pytest.mark.long
def test_killed_at_every_moment(children, undisturbed, tmp_path, record_property):
    """There would be one moment at which a kill costs the training, or changes its result."""
    whole, events, _ = undisturbed
    kills = 0
    for moment in range(len(events)):
        folder = tmp_path / str(moment)
        shutil.copytree(whole / "set", folder / "set")
        kills += kill_and_resume(children, folder, whole, [moment])
    record_property("kills survived", kills)
    print(f"kills survived, one at each of {len(events)} moments: {kills}")
    assert kills == len(events) >= 20


@pytest.mark.long
def test_killed_again_and_again(children, undisturbed, tmp_path):
    """A training killed while it goes on from a checkpoint would end otherwise."""
    whole, events, _ = undisturbed
    rng, kills = np.random.default_rng(0), 0
    for run in range(6):
        folder = tmp_path / str(run)
        shutil.copytree(whole / "set", folder / "set")
        kills += kill_and_resume(children, folder, whole, rng.integers(0, len(events), 4).tolist())
    print(f"kills survived, up to 4 in one training: {kills}")
    assert kills >= 6


@pytest.mark.long
def test_killed_by_the_clock(children, undisturbed, tmp_path):
    """A kill from outside, at no moment that we thought of, would cost the training."""
    whole, _, duration = undisturbed
    rng, kills = np.random.default_rng(1), 0
    for run in range(10):
        folder = tmp_path / str(run)
        shutil.copytree(whole / "set", folder / "set")

        def kill_later(child) -> None:
            time.sleep(float(rng.uniform(0, duration)))
            child.kill()

        kills += children(em_training.stage, folder, meanwhile=kill_later) == -signal.SIGKILL
        assert children(em_training.stage, folder) == 0
        assert_as_undisturbed(folder, whole)
    print(f"kills survived, at random times: {kills}")
    assert kills >= 3


def with_limit(kind: int, limit: int, folder: Path) -> None:
    """Run the stage under a resource limit, through the runner's own handling of errors."""
    import sys

    from focus.errors import machine_trouble

    resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))
    try:
        em_training.stage(folder)
    except Exception as error:
        trouble = machine_trouble(error)
        resource.setrlimit(kind, (resource.getrlimit(kind)[1],) * 2)
        (folder / "said").write_text(trouble or f"{type(error).__name__}: {error}")
        sys.exit(1)


def vm_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def with_little_memory(folder: Path) -> None:
    """Run the stage with a few MiB more address space than the process has."""
    with_limit(resource.RLIMIT_AS, vm_bytes() + 6 * 2**20, folder)


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda folder: (with_limit, resource.RLIMIT_FSIZE, 3000, folder), "File too large; nothing half-written"),
        (lambda folder: (with_little_memory, folder), "out of memory; nothing half-written"),
    ],
    ids=["disk", "memory"],
)
def test_full_machine(children, undisturbed, started, work, words):
    """A full disk or no memory would end in a traceback, leave half a file, or cost the training."""
    assert children(*work(started)) == 1
    said = (started / "said").read_text()
    assert words in said and "\n" not in said
    assert not any((started / name).exists() for name in RESULTS)
    assert not [path for path in started.rglob("*.tmp")]
    assert children(em_training.stage, started) == 0
    assert_as_undisturbed(started, undisturbed[0])


def test_ctrl_c_leaves_a_state_to_go_on_from(children, undisturbed, started):
    """Ctrl-C would leave temporary files, or a checkpoint that does not fit."""
    events = undisturbed[1]
    assert children(interrupted, started, len(events) // 2) == 130
    assert (started / ".checkpoints/train/checkpoint.pt").is_file() and not list(started.rglob("*.tmp"))
    assert children(em_training.stage, started) == 0
    assert_as_undisturbed(started, undisturbed[0])


def interrupted(folder: Path, moment: int) -> None:
    """Run the stage and send this process SIGINT at one event, as Ctrl-C does."""
    import os
    import sys

    events = []

    def at_event(event: str) -> None:
        events.append(event)
        if len(events) - 1 == moment:
            os.kill(os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        em_training.stage(folder, at_event=at_event)
    except KeyboardInterrupt:
        sys.exit(130)


def test_a_checkpoint_of_other_settings_is_not_gone_on_from(children, undisturbed, started):
    """A stale checkpoint would be mixed into a training of other settings."""
    events = undisturbed[1]
    assert children(em_training.killed_stage, started, len(events) // 2) == -signal.SIGKILL
    assert children(em_training.stage, started, "other settings") == 0
    assert_as_undisturbed(started, undisturbed[0])
