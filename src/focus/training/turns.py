"""Whose steps come when."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Turn:
    """`steps` consecutive steps of one network; without an objective for it they pass, untrained."""

    network: str
    steps: int


def resumed(turns: Sequence[Turn], start: int, steps: int) -> list[Turn]:
    """Return the next `steps` steps of turns that are repeated without end and were left at step `start`."""
    whole = sum(turn.steps for turn in turns)
    if whole == 0:
        return []
    found: list[Turn] = []
    first, end = start % whole, start % whole + steps
    begins = 0
    for turn in itertools.cycle(turns):
        if begins >= end:
            break
        taken = min(begins + turn.steps, end) - max(begins, first)
        if taken > 0:
            found.append(Turn(turn.network, taken))
        begins += turn.steps
    return found
