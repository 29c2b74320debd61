"""A stage that two processes share, as the engines start it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from focus.stages import shared
from projects import ROOT

FAILS = "pretrain: assets.bfm: found nothing, expected a file\n"
GONE = "pretrain: process 1 of 2 was ended by SIGKILL; run the same command again to resume from the last checkpoint\n"
INTERRUPTED = "pretrain: interrupted; run the same command again to resume from the last checkpoint\n"


@pytest.fixture
def start(project):
    """Return a function that starts the stage in a project of two processes per training."""
    (project / "profiles").unlink()
    shutil.copytree(ROOT / "profiles", project / "profiles")
    smoke = project / "profiles" / "smoke.yaml"
    smoke.write_text(smoke.read_text().replace("processes: 1", "processes: 2"))
    environment = {**os.environ, "PYTHONPATH": f"src:{ROOT / 'tests/support'}", "OMP_NUM_THREADS": "1"}

    def popen(what: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "shared_stage", what]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)

    return popen


def members(project: Path) -> list[list[str]]:
    """Return each process's number, the size of its group and what it computed, when both are there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = [path.read_text().split() for path in sorted(project.glob("rank-*"))]
        if len(found) == 2 and all(found):
            return found
        time.sleep(0.1)
    raise AssertionError("the processes did not start")


def test_work_is_shared(project, start):
    """A stage of two GPUs would train twice side by side, or its cost be that of the process that waits."""
    stage = start("done")
    assert stage.communicate(timeout=180)[1] == "" and stage.returncode == 0
    first, second = members(project)
    assert first[0] != second[0] and first[1:] == second[1:] == ["2", "0.5"]
    cost = json.loads((project / "logs/cost/pretrain.json").read_text())
    assert cost["stage"] == "pretrain" and cost["cpu_s"] > 0


@pytest.mark.parametrize(("what", "line"), [("fails", FAILS), ("gone", GONE)])
def test_one_line_for_all(project, start, what, line):
    """An error would be printed by each process, within torchrun's report, or end with status 0."""
    stage = start(what)
    assert stage.communicate(timeout=180)[1] == line and stage.returncode == 1
    assert not (project / "logs").exists()


def test_the_one_that_was_killed_is_named():
    """The other would be, which ended in the same second because it lost the killed one."""

    def failure(exitcode: int, time: int) -> SimpleNamespace:
        return SimpleNamespace(exitcode=exitcode, timestamp=time, error_file_data={}, signal_name=lambda: "SIGKILL")

    failures = {0: failure(1, 7), 1: failure(-9, 7)}
    assert shared._reason(failures, 2).startswith("process 1 of 2 was ended by SIGKILL")
    assert shared._reason({0: failures[0]}, 2).startswith("process 0 of 2 ended with status 1")


@pytest.mark.parametrize(("number", "status", "line"), [(signal.SIGINT, 130, INTERRUPTED), (signal.SIGKILL, -9, "")])
def test_none_trains_on(project, start, number, status, line):
    """Processes whose stage was ended would train on beside those of the next run, on the same checkpoint."""
    stage = start("waits")
    found = members(project)
    stage.send_signal(number)
    assert stage.communicate(timeout=180)[1] == line and stage.returncode == status
    deadline = time.monotonic() + 10
    while any(alive(int(pid)) for pid, *_ in found):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
