"""A full machine says so in one line; a mistake of the code does not pass for one."""

from __future__ import annotations

import errno

import pytest
import torch

from focus.errors import machine_trouble, reason_of


def an_impossible_tensor() -> None:
    torch.empty(2**50)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "models/x"), "models/x: No space left on device; nothing"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
        (
            OSError(errno.EACCES, "Permission denied", "photos"),
            "photos: Permission denied; nothing half-written stays. Mend",
        ),
        (MemoryError(), "out of memory"),
        (RuntimeError("could not create a primitive descriptor for a convolution"), "out of memory"),
        (SystemError("error return without exception set"), "out of memory"),
    ],
)
def test_trouble_of_the_machine(error, words):
    """A full disk or no memory would end in a traceback."""
    assert machine_trouble(error).startswith(words) and "\n" not in machine_trouble(error)


def test_torch_without_memory():
    """Torch says it in a RuntimeError of many lines."""
    with pytest.raises(RuntimeError) as caught:
        an_impossible_tensor()
    assert machine_trouble(caught.value).startswith("out of memory")


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("sizes differ"), OSError(errno.ENOENT, "no file")])
def test_mistakes_of_the_code(error):
    """A mistake would be hidden behind a line about the machine."""
    assert machine_trouble(error) is None


def test_reason_is_short():
    """A library that repeats a damaged file would fill the screen, or say nothing at all."""
    assert reason_of(ValueError("a" * 5000 + "\nb")) == "a" * 200
    assert reason_of(KeyError()) == "KeyError" and reason_of(OSError("\n x\ny")) == "x"
