"""A table as a reader sees it: one block per source, methods against grouped columns, best values marked.

The tidy frames of `tables` hold one row per method and test set; the paper prints them wide. This file does that turn
once, so that Markdown and LaTeX need only draw the cells.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from focus.registry.tables import TABLES, Column, Group, Table
from focus.report.tables import reason, testset_of


@dataclass(frozen=True)
class Cell:
    """A printed cell; `note` marks a reason that stands in place of a group's values."""

    text: str = ""
    best: bool = False
    note: bool = False


@dataclass(frozen=True)
class Head:
    """The head of a table. columns: (group, heading) of each, the group "" in a table without groups."""

    corner: str
    columns: list[tuple[str, str]]

    @property
    def headings(self) -> list[str]:
        """The heading of each column."""
        return [heading for _, heading in self.columns]

    @property
    def spans(self) -> list[tuple[str, int]]:
        """Each group and how many columns it has, empty when there are no groups."""
        return [(group, count) for group, count in Counter(group for group, _ in self.columns).items() if group]


@dataclass(frozen=True)
class Block(Head):
    """One source's part of a table."""

    source: str
    rows: list[tuple[str, list[Cell]]]
    images: str
    italic: frozenset[str]


def blocks(
    number: int,
    frame: pd.DataFrame,
    missing: Mapping[str, str],
    references: Collection[str] = (),
    table: Table | None = None,
) -> list[Block]:
    """Return the blocks (paper, run, external) of Table `number`; `references` are printed but never marked best.

    table: how it is drawn, as it is in TABLES unless one is given.
    """
    made = []
    for source in ("paper", "run", "external"):
        rows = frame[frame["source"] == source]
        if len(rows):
            made.append(_block(table or TABLES[number], source, rows, missing, frozenset(references)))
    return made


def _block(
    table: Table, source: str, frame: pd.DataFrame, missing: Mapping[str, str], references: frozenset[str]
) -> Block:
    key = table.key
    groups = [group for group in table.groups if (frame[key] == group.value).any()]
    rows = {(row["method"], row[key]): row for row in frame.to_dict("records")}
    methods = list(dict.fromkeys(frame["method"]))
    body: dict[str, list[Cell]] = {method: [] for method in methods}
    for method, cells in body.items():
        for group in groups:
            cells += _cells(rows.get((method, group.value)), group, reason(missing, method, testset_of(group)))
    competing = [method for method in methods if method not in references]
    _mark_best(body, competing, [column for group in groups for column in group.columns])
    images = _image_counts(frame, key, groups)
    if table.transposed:
        turned = [(group.heading, [body[method][k] for method in methods]) for k, group in enumerate(groups)]
        return Block(table.corner, [("", method) for method in methods], source, turned, images, references)
    columns = [(group.heading, column.heading) for group in groups for column in group.columns]
    return Block(table.corner, columns, source, list(body.items()), images, references)


def _cells(row: Mapping[Hashable, Any] | None, group: Group, why: str | None) -> list[Cell]:
    if row is None:
        return [Cell("-") for _ in group.columns]
    if why and all(pd.isna(row[column.mean]) for column in group.columns):
        return [Cell(f"n/a: {why}", note=True)] + [Cell() for _ in group.columns[1:]]
    return [Cell(_text(row, column)) for column in group.columns]


def _text(row: Mapping[Hashable, Any], column: Column) -> str:
    if pd.isna(row[column.mean]):
        return "-"
    text = f"{row[column.mean]:.{column.decimals}f}"
    if column.std is None or pd.isna(row[column.std]):
        return text
    return f"{text} ± {row[column.std]:.{column.decimals}f}"


def _mark_best(body: dict[str, list[Cell]], methods: Sequence[str], columns: Sequence[Column]) -> None:
    """Mark, column by column, every method whose printed value is the best one (ties share it, as in the paper)."""
    for k, column in enumerate(columns):
        values = {method: _value(body[method][k]) for method in methods}
        known = [value for value in values.values() if not math.isnan(value)]
        if len(known) < 2:
            continue
        best = min(known) if column.best == "min" else max(known)
        for method in methods:
            if values[method] == best:
                body[method][k] = Cell(body[method][k].text, best=True)


def _value(cell: Cell) -> float:
    return math.nan if cell.note or cell.text in ("", "-") else float(cell.text.split(" ")[0])


def _image_counts(frame: pd.DataFrame, key: str, groups: Sequence[Group]) -> str:
    """Return "CelebA-Occluded 200, AR-Overall 298-300": how many images stand behind the values of each test set."""
    parts = []
    for group in groups:
        counts = frame.loc[frame[key] == group.value, "images"].dropna()
        counts = counts[counts > 0]
        if len(counts):
            low, high = int(counts.min()), int(counts.max())
            parts.append(f"{group.heading} {low}" if low == high else f"{group.heading} {low}-{high}")
    return ", ".join(parts)
