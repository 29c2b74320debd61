"""Log messages as a process shows them."""

import subprocess
import sys

PROGRAM = """
import logging
from focus.environment.log import to_stderr
to_stderr()
to_stderr()
for name in ("focus.training.loop", __name__, "torch"):
    logging.getLogger(name).info("%s: resuming from step %d", name, 40)
logging.getLogger("torch").warning("torch: slow")
"""


def test_plain_lines_on_standard_error():
    """A stage's log would lose its progress, have it twice, or be full of other packages' notes."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    own = ["focus.training.loop: resuming from step 40", "__main__: resuming from step 40"]
    assert done.stdout == "" and done.stderr.splitlines() == [*own, "torch: slow"]
