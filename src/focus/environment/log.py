"""Where log messages go: plain lines on standard error, from INFO on for this package, from WARNING on for others.

Only the standard library is needed. Whoever starts a process calls `to_stderr`; all else asks for a logger by
`logging.getLogger(__name__)`.
"""

from __future__ import annotations

import logging


def to_stderr() -> None:
    """Send log messages to standard error; where the root logger has a handler already, that one keeps them."""
    logging.basicConfig(format="%(message)s")
    for name in ("focus", "__main__"):  # a stage's own module is __main__ in `python -m focus.stages.NAME`
        logging.getLogger(name).setLevel(logging.INFO)
