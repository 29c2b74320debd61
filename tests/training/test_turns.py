"""A schedule that is gone on with: whose turn it is, and for how long."""

from __future__ import annotations

import pytest

from focus.training.turns import Turn, resumed

ROUND = [Turn("S", 5001), Turn("R", 24999)]


@pytest.mark.parametrize(
    ("start", "steps", "expected"),
    [
        (0, 90_000, ROUND * 3),
        (260_000, 3770, [Turn("R", 3770)]),
        (260_000, 20_000, [Turn("R", 10_000), Turn("S", 5001), Turn("R", 4999)]),
        (5000, 2, [Turn("S", 1), Turn("R", 1)]),
        (30_000, 1, [Turn("S", 1)]),
        (7, 0, []),
    ],
)
def test_resumed(start: int, steps: int, expected: list[Turn]) -> None:
    """Test-time adaptation would begin with S where the release begins with R, or train either for too long."""
    assert resumed(ROUND, start, steps) == expected


def test_turns_without_steps() -> None:
    """It would go round for ever."""
    assert resumed([Turn("S", 0), Turn("R", 0)], 3, 10) == []
