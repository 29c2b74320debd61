"""Mutated inputs for every reader: it reads them or says one line; no traceback, no hang, no gigabytes, no crash."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fuzzing
from projects import ROOT


def attacked(folder: Path, count: int, limit_s: float) -> int:
    """Run the attack in a child process; return how many inputs the readers were given."""
    variables = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests/support'}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, fuzzing.__file__, str(folder), str(count)]
    done = subprocess.run(
        command, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit_s
    )
    assert done.returncode == 0, f"ended with {done.returncode}; inputs in {folder}\n{done.stdout[-6000:]}"
    tried = re.findall(r"^(?:.*: )?(\d+) mutations$", done.stdout, re.MULTILINE)
    assert len(tried) == len(fuzzing.READERS), done.stdout
    return sum(map(int, tried))


def test_some_mutations_of_every_reader(tmp_path):
    """A damaged or hostile file would end a run with a traceback, hang it, or take the machine's memory."""
    assert attacked(tmp_path / "inputs", 6, 120) >= 100


@pytest.mark.long
def test_many_mutations_of_every_reader(tmp_path):
    """As above, for damage that is rarer."""
    tried = attacked(tmp_path / "inputs", 300, 1200)
    print(f"mutations tried: {tried}")
    assert tried >= 2000


def test_a_reader_that_fails_is_found(tmp_path):
    """The attack would find nothing because it looks at nothing."""

    def careless(folder: Path) -> fuzzing.Reader:
        (folder / "number").write_text("17")
        return folder / "number", lambda: int((folder / "number").read_text())

    with pytest.raises((ValueError, ExceptionGroup)):
        fuzzing.attack(careless, tmp_path / "careless", 100)
