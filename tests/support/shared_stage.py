"""A stage in miniature that two processes share: `python -m shared_stage done|fails|gone|waits`."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import torch

from focus.errors import FocusError
from focus.settings import StageSettings
from focus.stages.runner import run
from focus.stages.shared import shared
from focus.training import processes


def work(settings: StageSettings) -> None:
    """Add up ranks; then end well, by an error of all, by a kill of one, or not at all."""
    mean = processes.mean(torch.tensor(float(processes.rank())))
    Path(f"rank-{processes.rank()}").write_text(f"{os.getpid()} {processes.count()} {mean.item()}")
    if sys.argv[1] == "fails":
        raise FocusError("assets.bfm: found nothing, expected a file")
    if sys.argv[1] == "gone" and not processes.first():
        os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[1] == "waits":
        time.sleep(60)
    processes.wait()


if __name__ == "__main__":
    run("pretrain", StageSettings, shared(work))
