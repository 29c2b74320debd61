"""Batches of consecutive steps, loaded ahead by worker processes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from itertools import count
from typing import Generic, TypeVar

from torch.utils.data import DataLoader, Dataset

T = TypeVar("T")


class _Steps(Dataset[T]):
    def __init__(self, load: Callable[[int], T]) -> None:
        self.load = load

    def __getitem__(self, step: int) -> T:
        return self.load(step)


class Ahead(Generic[T]):
    """`load(step)`, but by workers that are some steps ahead. A step out of turn, as after a resume, starts them anew.

    What is loaded depends on the step alone, so workers change no bit.
    """

    def __init__(self, load: Callable[[int], T], workers: int, pin: bool) -> None:
        """`pin`: in page-locked memory, from which a GPU copies while it computes."""
        self.load, self.workers, self.pin = load, workers, pin
        self._next: int | None = None
        self._loaded: Iterator[T] = iter(())

    def __call__(self, step: int) -> T:
        """Return `load(step)`."""
        if step != self._next:
            self._loaded = self._from(step)
        self._next = step + 1
        return next(self._loaded)

    def _from(self, step: int) -> Iterator[T]:
        steps = _Steps(self.load)
        return iter(
            DataLoader(
                steps,
                batch_size=None,  # an item is a whole batch
                sampler=count(step),  # without an end
                num_workers=self.workers,
                collate_fn=_as_it_is,
                pin_memory=self.pin,
                worker_init_fn=_leave_interrupts_to_the_stage,
            )
        )


def _as_it_is(loaded: T) -> T:
    return loaded


def _leave_interrupts_to_the_stage(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
