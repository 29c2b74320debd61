"""Batches of consecutive steps, loaded ahead by worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Generic, TypeVar

from focus.environment.workers import by_workers

T = TypeVar("T")


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
            self._loaded = by_workers(self.load, count(step), self.workers, pin=self.pin)
        self._next = step + 1
        return next(self._loaded)
