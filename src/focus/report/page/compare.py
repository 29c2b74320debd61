"""A table of the page: the blocks of `layout` laid over each other, so that the paper's value stands by the run's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from focus.registry.tables import TABLES
from focus.report.layout import Block, Cell, Head

EntryT = TypeVar("EntryT")


@dataclass(frozen=True)
class Comparison(Head):
    """One table of the paper with a list of values in each cell.

    rows: (label, cells); a cell is a list of (source, Cell), run first, without the sources that have no value there;
    where both the run and the paper have one, "difference" (run less paper) is the last. images: (source, how many
    images).
    """

    number: int
    caption: str
    rows: list[tuple[str, list[list[tuple[str, Cell]]]]]
    images: list[tuple[str, str]]
    italic: frozenset[str]

    @property
    def sources(self) -> list[list[str]]:
        """The sources with a value somewhere in each column, in the order in which they are printed."""
        columns = [
            {source for _, cells in self.rows for source, _ in cells[k]} or {"run"} for k in range(len(self.columns))
        ]
        return [sorted(column, key=ORDER.index) for column in columns]

    @property
    def wide_spans(self) -> list[tuple[str, int]]:
        """The spans, counted in printed columns: one per source."""
        widths = Counter[str]()
        for (group, _), sources in zip(self.columns, self.sources, strict=True):
            widths[group] += len(sources)
        return list(widths.items())


ORDER = ("run", "external", "paper", "difference")
NUMBER = re.compile(r"-?\d+(\.(\d+))?")
"""A printed mean, and the digits after its point."""


def compare(number: int, blocks: Sequence[Block]) -> Comparison:
    """Return Table `number` with all of `blocks` in one; rows and columns in the paper's order, then the run's own."""
    columns = _union(block.columns for block in blocks)
    labels = _union([label for label, _ in block.rows] for block in blocks)
    printed = {
        (block.source, label, column): cell
        for block in blocks
        for label, cells in block.rows
        for column, cell in zip(block.columns, cells, strict=True)
    }
    sources = sorted((block.source for block in blocks), key=ORDER.index)

    def values(label: str, column: tuple[str, str]) -> list[tuple[str, Cell]]:
        cells = [(source, printed.get((source, label, column), Cell())) for source in sources]
        known = [(source, cell) for source, cell in cells if cell.text not in ("", "-")]
        return known + _difference(dict(known))

    rows = [(label, [values(label, column) for column in columns]) for label in labels]
    images = [(block.source, block.images) for block in blocks if block.images]
    table = TABLES[number]
    italic = frozenset[str]().union(*(block.italic for block in blocks))
    return Comparison(table.corner, columns, number, table.caption, rows, images, italic)


def _difference(cells: Mapping[str, Cell]) -> list[tuple[str, Cell]]:
    """Return the run's printed mean less the paper's, with the paper's decimals, or nothing where one is missing."""
    means = [NUMBER.match(cells[source].text) for source in ("run", "paper") if source in cells]
    if len(means) < 2 or means[0] is None or means[1] is None:
        return []
    decimals = len(means[1][2] or "")
    return [("difference", Cell(f"{float(means[0][0]) - float(means[1][0]):+.{decimals}f}"))]


def _union(lists: Iterable[Iterable[EntryT]]) -> list[EntryT]:
    """Return each entry once, in the order of its first appearance."""
    return list(dict.fromkeys(entry for entries in lists for entry in entries))
