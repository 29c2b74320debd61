"""The notebook runs from its first cell to its last, in order, as a reader would run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "walkthrough.ipynb"


def code_cells() -> list[str]:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the code cells print, run as one program in a folder of their own."""
    folder = tmp_path_factory.mktemp("walkthrough")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "MPLBACKEND": "Agg", "TMPDIR": str(folder)}
    program = [sys.executable, "-W", "ignore", "-c", "\n".join(code_cells())]
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_training_goes_down_and_a_mesh_comes_out(printed: str) -> None:
    """The walkthrough would teach a recipe that does not work."""
    losses = [line.split(" ") for line in printed.splitlines() if "->" in line]
    assert len(losses) == 2 and all(float(line[-1]) < float(line[-3]) for line in losses)
    assert printed.splitlines()[-1].endswith(" mm")


def test_notebook_names_no_machine() -> None:
    """Its outputs would show a folder of the machine that ran it."""
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert str(Path.home()) not in text and "/tmp/" not in text
