"""Work shared out to processes."""

from __future__ import annotations

import errno
import os

import pytest
import torch

from focus.environment.workers import by_workers
from focus.errors import FocusError, machine_trouble


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_results_are_in_order(workers):
    """Portraits would get each other's names."""
    found = list(by_workers(lambda job: (job, os.getpid()), range(20), workers))
    assert [job for job, _ in found] == list(range(20))
    assert len({process for _, process in found} - {os.getpid()}) == min(workers, len(os.sched_getaffinity(0)))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_users_error_stays_one_line(workers):
    """A damaged image would end in a traceback of another process."""

    def refuse(job: int) -> int:
        if job == 3:
            raise FocusError(f"{job}.png: found no image")
        return job

    found = by_workers(refuse, range(6), workers)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(FocusError, match=r"^3\.png: found no image$"):
        next(found)


def test_a_full_disk_is_known_as_such():
    """A stage would end in a traceback where one line says what to do."""

    def write(job: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "data/x.png")

    with pytest.raises(OSError, match="No space") as caught:
        list(by_workers(write, [0], 2))
    assert machine_trouble(caught.value).startswith("data/x.png: No space left on device")


def test_the_generator_of_dropout_stays_where_it_is():
    """The first step of a training, or after a resume, would draw another dropout with workers than without."""
    torch.manual_seed(3)
    before = torch.get_rng_state()
    assert list(by_workers(abs, [-1, -2], 2)) == [1, 2]
    assert torch.equal(torch.get_rng_state(), before)
