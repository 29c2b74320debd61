"""A run ended from outside, engine and all, as by Ctrl-C or a power cut: the same command goes on to the same bits."""

import os
import signal
import time

import pytest

from projects import TO_THE_RECOGNISER, Project

CHECKPOINT = ".checkpoints/recogniser/checkpoint.pt"
LIMIT_S = 300


def end_in_training(project: Project, command: tuple[str, ...], how: signal.Signals) -> None:
    """Start a run and send its whole process group a signal once there is a checkpoint."""
    running, began = project.start(*command), time.monotonic()
    while not (project.path / CHECKPOINT).exists():
        assert running.poll() is None and time.monotonic() - began < LIMIT_S, "no checkpoint was written"
        time.sleep(0.002)
    os.killpg(running.pid, how)
    assert running.wait(LIMIT_S) != 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("engine", TO_THE_RECOGNISER)
def test_the_same_command_goes_on(undisturbed, untrained, engine, how):
    """After a power cut an engine would ask for its lock to be removed, begin anew, or end with other bits."""
    end_in_training(untrained, TO_THE_RECOGNISER[engine], how)
    assert not (untrained.path / "models/recogniser").exists() and (untrained.path / CHECKPOINT).exists()
    printed = untrained.run(*TO_THE_RECOGNISER[engine]).stdout
    log = untrained.path / "logs/recogniser.log"
    assert "recogniser: resuming from step" in (log.read_text() if engine == "snakemake" else printed)
    assert untrained.contents("models/recogniser") == undisturbed.contents("models/recogniser") != {}
    assert untrained.contents(".checkpoints") == {}
