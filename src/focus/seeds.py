"""Random draws, each from a generator of its own.

A generator is seeded by (seed, purpose…), so adding a stage, or a draw inside one, changes no other draw.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch


def derive(seed: int, *purpose: str | int) -> int:
    """Return a 63-bit seed that depends on `seed` and on every word of `purpose`, the same on every machine."""
    text = "\x1f".join(str(word) for word in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def numpy_generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return a NumPy generator for one purpose, e.g. `numpy_generator(0, "datasets", "ar", "pose")`."""
    return np.random.default_rng(derive(seed, *purpose))


def torch_generator(seed: int, *purpose: str | int) -> torch.Generator:
    """Return a CPU torch generator for one purpose."""
    return torch.Generator().manual_seed(derive(seed, *purpose))
