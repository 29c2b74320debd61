from __future__ import annotations

import json

from focus.report.worlds.collected import write_run
from focus.report.worlds.write import claims_markdown, described, write_all


def test_all_files_and_the_same_bytes_again(four_runs, tmp_path):
    """results/worlds lacks a part, or git shows a change after `worlds.py report`."""
    for run in four_runs:
        write_run(tmp_path / "runs", run)
    contents = []
    for _ in range(2):
        assert [run.run for run in write_all(tmp_path, resamples=50)] == [run.run for run in four_runs]
        contents.append({path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]
    assert {"figures.csv", "claims.json", "claims.md", "table1.csv", "table3.md", "claim01.png"} <= set(contents[0])
    assert {"claim06.png", "claim07.png"} <= set(contents[0]) and "claim16.png" not in contents[0]
    assert contents[0]["claim01.png"].startswith(b"\x89PNG")


def test_markdown(four_runs, tmp_path):
    """The page hides what the margin is over, or in how many runs it holds."""
    for run in four_runs:
        write_run(tmp_path / "runs", run)
    write_all(tmp_path, resamples=200)
    verdicts = json.loads((tmp_path / "claims.json").read_text())
    text = claims_markdown(verdicts, "note")
    assert text.startswith("*note*\n") and "4 runs" in described(four_runs)
    assert "| **`1-AR-Backbone`** | FOCUS has lower RMSE than Backbone | AR | FOCUS | Backbone | +3.000 RMSE |" in text
    assert "| yes | 4 / 0 / 0 |" in text
