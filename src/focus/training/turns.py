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
    networks = itertools.cycle([turn.network for turn in turns for _ in range(turn.steps)])
    taken = itertools.islice(networks, start, start + steps)
    return [Turn(network, len(list(each))) for network, each in itertools.groupby(taken)]
