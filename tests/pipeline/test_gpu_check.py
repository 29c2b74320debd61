"""The GPU check as a whole, in small and on the CPU: on the day there is a GPU it has ten minutes."""

import json
import subprocess
import sys

from projects import ROOT


def test_all_three_parts_end_with_findings_and_no_error(tmp_path):
    """The one run that a lent GPU allows would be spent on a mistake of the script's."""
    out = tmp_path / "gpu.json"
    command = [
        sys.executable,
        ROOT / "scripts/gpu_check.py",
        "--device",
        "cpu",
        "--tiny",
        "--minutes",
        "8",
        "--out",
        out,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(out.read_text())
    assert not [name for name, value in found.items() if isinstance(value, dict) and "error" in value], done.stderr
    assert {"machine", "parity smoke", "ceilings", "run"} <= set(found)
    run = found["run"]
    assert run["failed"] == {}
    assert run["not begun"] == []
    assert {"MoFA", "Backbone", "FOCUS"} <= set(run["figures"])
