"""The documents show the committed run, and README's links lead somewhere."""

from __future__ import annotations

import re

import readme
from projects import ROOT, committed

TEXT = (ROOT / "README.md").read_text()


def test_figures_are_those_of_the_committed_results(tmp_path):
    """A document would show another run's figures than the committed results/ hold, or a block nowhere."""
    root = committed(tmp_path, "results", "benchmarks/results", *readme.DOCUMENTS)  # not the user's own run
    texts = [(root / name).read_text() for name in readme.DOCUMENTS]
    expected = {name for name in readme.BLOCKS if name != "worlds" or (root / "results/worlds/claims.json").exists()}
    assert {name for text in texts for _, name, _, _ in readme.BLOCK.findall(text)} == expected
    assert [readme.filled(text, root / "results") for text in texts] == texts


def test_links_lead_to_files():
    """A reader would click on nothing."""
    targets = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert targets and all((ROOT / target).exists() for target in targets)


def test_make_targets_exist():
    """README would name a command that make does not know."""
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z][\w-]+)", TEXT, re.M))
    assert {"reproduce", "test"} <= named and all(re.search(rf"^{name}:", makefile, re.M) for name in named)
