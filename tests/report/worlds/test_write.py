from __future__ import annotations

import json
from pathlib import Path

import pytest

from focus.report.claims_text import claims_markdown
from focus.report.worlds.collected import write_run
from focus.report.worlds.write import described, write_all


@pytest.fixture
def written(four_runs, tmp_path: Path) -> Path:
    """results/worlds of four runs."""
    for run in four_runs:
        write_run(tmp_path / "runs", run)
    assert [run.run for run in write_all(tmp_path, resamples=50)] == [run.run for run in four_runs]
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_and_how_claims_read(written, four_runs):
    """results/worlds lacks a part, differs at the next `worlds.py report`, or hides in how many runs a claim holds."""
    found = contents(written)
    assert {"figures.csv", "claims.json", "claims.md", "table1.csv", "table3.md"} <= set(found)
    assert {"claim01.png", "claim06.png", "claim07.png"} <= set(found) and "claim16.png" not in found
    assert found["claim01.png"].startswith(b"\x89PNG")
    write_all(written, resamples=50)
    assert contents(written) == found
    text = claims_markdown(json.loads(found["claims.json"]), "note", study=True)
    assert text.startswith("*note*\n") and described(four_runs) == "4 runs: worlds 0, 1; training seeds 0, 1"
    assert "| **`1-AR-Backbone`** | FOCUS has lower RMSE than Backbone | AR | FOCUS | Backbone | +3.000 RMSE |" in text
    assert "| yes | 4 / 0 / 0 |" in text
