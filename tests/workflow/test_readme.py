"""The documents show the committed run; README is short. Links: test_documents.py."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

import readme
from projects import ROOT, committed

TEXT = (ROOT / "README.md").read_text()


def test_figures_are_those_of_the_committed_results(tmp_path):
    """A document would show another run's values than the committed results/ hold, or a block nowhere."""
    root = committed(tmp_path, "results", "benchmarks/results", *readme.DOCUMENTS)  # not the user's own run
    texts = [(root / name).read_text() for name in readme.DOCUMENTS]
    expected = {name for name in readme.BLOCKS if name != "worlds" or (root / "results/worlds/claims.json").exists()}
    assert {name for text in texts for _, name, _, _ in readme.BLOCK.findall(text)} == expected
    assert [readme.filled(text, root / "results") for text in texts] == texts


def test_readings_of_the_rmse_are_of_the_committed_run(tmp_path):
    """docs/metrics.md would show the readings of another run than Table 1 (as it did for a week)."""
    root = committed(tmp_path, "results", "benchmarks/results")
    table = pd.read_csv(root / "results/tables/table1.csv").query("source == 'run'").set_index(["testset", "method"])
    lines = (root / "benchmarks/results/rmse_readings.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0][2] == "rmse" and len(cells) > 2
    for testset, method, value, *_ in cells[2:]:
        assert float(value) == pytest.approx(table["rmse_mean"][testset, method], abs=0.0051)


def test_photographs_show_every_number_of_steps(tmp_path):
    """What the photo tool does without `--fit` would be left out, or stand in the other one's column."""
    file = "benchmarks/results/photographs.json"
    measured = json.loads((committed(tmp_path, file) / file).read_text())
    refined = measured.pop("fit 60")
    measured |= {"fit 0": {**refined, "all": {**refined["all"], "verdict_right": 0.125}}, "fit 60": refined}
    (tmp_path / file).write_text(json.dumps(measured))
    lines = readme.photographs(tmp_path / "results").splitlines()
    rows = {cells[1].strip(): cells for cells in (line.split("|") for line in lines if line.startswith("|"))}
    assert [line.split(":")[0] for line in lines if line.startswith("`")] == ["`--fit 0`", "`--fit 60`"]
    assert len({len(cells) for cells in rows.values()}) == 1
    assert rows["all"][5].strip() == "12%" and rows["all"][7].strip() == f"{refined['all']['verdict_right']:.0%}"


def test_readme_is_one_page():
    """The first minute would be spent on scrolling."""
    assert len(TEXT.encode()) < 8000
    assert {"make reproduce", "make test"} <= set(re.findall(r"^make \w+", TEXT, re.M))
