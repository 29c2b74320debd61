"""The one exception type that reaches a person as one line, and what a full machine says in one."""

from __future__ import annotations

import errno

LONGEST_REASON = 200  # characters: some libraries repeat the whole damaged input
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EIO}
# The last is oneDNN's: it names no reason, and what torch gives it fails for lack of memory.
_ALLOCATORS = (
    "can't allocate memory",
    "bad_alloc",
    "out of memory",
    "Cannot allocate memory",
    "could not create a primitive",
)


class FocusError(Exception):
    """A user-fixable error.

    The message is one line that names the file or key, what was found and what was expected. The command line
    prints it without a traceback and exits with status 1.
    """


def reason_of(error: BaseException) -> str:
    """Return what a library's error says, or its type, short enough to stand in one line of our own."""
    said = str(error).strip() or type(error).__name__
    return said.splitlines()[0][:LONGEST_REASON]


def printable(text: str) -> str:
    """Return a text with file names that are no UTF-8 as \\xe9 and the like: printing or writing it raises nothing."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def machine_trouble(error: BaseException) -> str | None:
    """Return one line when the machine, not the code, failed: no memory, no room or no right to write. Else None."""
    no_memory = isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM
    # What Python says when there was not even the memory for a MemoryError.
    no_memory |= isinstance(error, SystemError) and "without exception set" in str(error)
    if no_memory or (isinstance(error, RuntimeError) and any(word in str(error) for word in _ALLOCATORS)):
        return "out of memory; nothing half-written stays. Free some, or use a smaller batch, and run the same again"
    if isinstance(error, OSError) and error.errno in _FULL | _REFUSED:
        place, remedy = error.filename or "disk", "Make room and run" if error.errno in _FULL else "Mend that and run"
        return f"{place}: {error.strerror}; nothing half-written stays. {remedy} the same again"
    return None
