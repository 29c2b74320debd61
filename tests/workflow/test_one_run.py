"""The lock of a run: one holds it, it ends with its process, and it does not outlive a kill."""

import subprocess
import sys

import one_run
from projects import ROOT

HOLD = "import one_run; lock = one_run.hold(); print('held', flush=True); input()"


def start(folder) -> subprocess.Popen[str]:
    environment = {"PYTHONPATH": str(ROOT / "workflow")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", HOLD], cwd=folder, env=environment, text=True, **pipes)


def test_a_second_run_is_one_line_and_a_killed_one_leaves_no_lock(tmp_path):
    """Two runs would delete each other's outs; or after a power cut a person would have to remove a lock."""
    first = start(tmp_path)
    assert first.stdout.readline() == "held\n"
    second = start(tmp_path)
    _, said = second.communicate(timeout=60)
    line = f"snakemake: another run is at work in this folder (process {first.pid}); wait for it or stop it\n"
    assert (second.returncode, said) == (1, line)
    first.kill()
    first.communicate()
    one_run.hold(tmp_path).close()
