"""The one exception type that reaches a person as one line."""

from __future__ import annotations


class FocusError(Exception):
    """A problem the user can mend.

    The message is one line that names the file or key, what was found and what was expected. The command line
    prints it without a traceback and exits with status 1.
    """
