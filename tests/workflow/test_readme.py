"""The documents show the committed run; README is short. Links: test_documents.py."""

from __future__ import annotations

import re

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


def test_readme_is_one_page():
    """The first minute would be spent on scrolling."""
    assert len(TEXT.encode()) < 8000
    assert {"make reproduce", "make test"} <= set(re.findall(r"^make \w+", TEXT, re.M))
