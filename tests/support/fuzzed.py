"""What the inputs of fuzzing.py share: each is written into a folder whole, and comes with what reads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from focus.errors import FocusError

Reader = tuple[Path, Callable[[], object]]
RNG = np.random.default_rng(0)


def refusing(read: Callable[[], object]) -> None:
    """Read what is refused in any case, in one line."""
    try:
        read()
    except FocusError as error:
        assert "\n" not in str(error)
