"""Work shared out to processes beside this one, its results in order."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

JobT = TypeVar("JobT")
FoundT = TypeVar("FoundT")


def by_workers(
    function: Callable[[JobT], FoundT], jobs: Iterable[JobT], workers: int, *, pin: bool = False
) -> Iterator[FoundT]:
    """Yield `function(job)` for each job, in order, computed ahead by `workers` processes; 0: by this one.

    A result depends on its job alone, so workers change no bit. They are copies of this process as it is now (fork) and
    end with it. What `function` raises is raised here. `pin`: tensors in page-locked memory, from which a GPU copies
    while it computes.
    """
    if not workers:
        yield from map(function, jobs)
        return
    loader = DataLoader(
        _Answers(function),
        batch_size=None,  # one job, one result
        sampler=jobs,
        num_workers=min(workers, len(os.sched_getaffinity(0))),  # more than there are cores would only wait
        collate_fn=_as_it_is,
        pin_memory=pin,
        worker_init_fn=_leave_interrupts_to_the_stage,
        multiprocessing_context="fork",
        generator=torch.Generator(),  # torch would draw the processes' seeds from the one that dropout draws from
    )
    for found in loader:
        if isinstance(found, Exception):
            raise found
        yield found


class _Answers(Dataset[FoundT | Exception], Generic[JobT, FoundT]):
    def __init__(self, function: Callable[[JobT], FoundT]) -> None:
        self.function = function

    def __getitem__(self, job: JobT) -> FoundT | Exception:
        try:
            return self.function(job)
        except Exception as error:  # as it is: torch would make another one of it, of many lines
            return error


def _as_it_is(found: FoundT) -> FoundT:
    return found


def _leave_interrupts_to_the_stage(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
