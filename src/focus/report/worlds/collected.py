"""A run's values as two small files: per-image values in a wide CSV, pooled NoW errors and facts in a JSON.

results/metrics of one run is a megabyte, of which the tables and claims read a tenth; that tenth is kept in git.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from focus.errors import FocusError
from focus.files import read_json, write_csv, write_json
from focus.report.results import Results
from focus.report.schemas import IMAGES, conform, read_text_columns
from focus.report.tables import build_tables
from focus.report.worlds.study import Run

METRICS = ("rmse", "acc", "ppv", "tpr", "f1", "now_median")
INDEX = ["testset", "subset", "image", "subject"]
FACTS = ("world", "seed", "note", "methods", "pooled", "references")


@dataclass(frozen=True)
class Collected:
    """One run.

    note: the line that says on which data and profile it was made. methods: method -> the tables it appears in, in the
    order of the rows. results: per-image values (METRICS only) and pooled NoW errors of these methods.
    references: those of them that are no competitors.
    """

    run: Run
    note: str
    methods: Mapping[str, Sequence[int]]
    results: Results
    references: Sequence[str]

    @cached_property
    def tables(self) -> dict[int, pd.DataFrame]:
        """The run's tables, as the stage `tables` makes them."""
        return build_tables(self.results, self.methods)


def write_run(folder: Path, collected: Collected) -> None:
    """Write `folder`/<run>.csv (six significant digits, as images.csv has them) and .json."""
    images, methods = collected.results.images, list(collected.methods)
    parts = {method: images[images["method"] == method].set_index(INDEX)[list(METRICS)] for method in methods}
    wide = pd.concat(parts, axis=1).sort_index()
    wide.columns = [":".join(names) for names in wide.columns]
    pooled = {method: collected.results.pooled.get(("run", method), {}) for method in methods}
    facts = {
        "world": collected.run.world,
        "seed": collected.run.seed,
        "note": collected.note,
        "methods": {method: list(tables) for method, tables in collected.methods.items()},
        "pooled": pooled,
        "references": list(collected.references),
    }
    write_csv(folder / f"{collected.run.name}.csv", wide.dropna(axis=1, how="all").reset_index(), "%.6g")
    write_json(folder / f"{collected.run.name}.json", facts)


def read_run(path: Path) -> Collected:
    """Read a run from its .json and the .csv beside it. Raises FocusError when one is missing or does not fit."""
    facts = read_json(path)
    if not isinstance(facts, dict) or any(key not in facts for key in FACTS):
        raise FocusError(f"{path}: found other keys, expected {', '.join(FACTS)}")
    table = path.with_suffix(".csv")
    wide = read_text_columns(table, f"the per-image values beside {path.name}")
    if list(wide.columns[: len(INDEX)]) != INDEX:
        raise FocusError(
            f"{table}: columns begin with {','.join(wide.columns[: len(INDEX)])}; expected {','.join(INDEX)}"
        )
    images = pd.concat(list(_long(wide, facts["methods"], table)), ignore_index=True).assign(source="run")
    pooled = {("run", method): errors for method, errors in facts["pooled"].items()}
    return Collected(
        Run(facts["world"], facts["seed"]),
        facts["note"],
        facts["methods"],
        Results(images, pooled),
        facts["references"],
    )


def read_runs(folder: Path) -> list[Collected]:
    """Read all runs of a folder, by world and seed. Raises FocusError when there is none, or methods are not the same.

    A method that one run lacks would make means over other runs than its neighbours' in the same table.
    """
    runs = sorted((read_run(path) for path in sorted(folder.glob("*.json"))), key=lambda collected: collected.run)
    if not runs:
        raise FocusError(f"{folder}: found no run, expected some; make them with `python scripts/worlds.py run`")
    first = runs[0]
    for other in runs[1:]:
        if dict(other.methods) != dict(first.methods):
            raise FocusError(
                f"{folder}: {other.run.name} has {_differing(other.methods, first.methods)} {first.run.name}; "
                "expected the same methods and tables in all runs"
            )
        if other.note != first.note:
            raise FocusError(f"{folder}: {other.run.name} says {other.note!r}; expected as in {first.run.name}")
    return runs


def _differing(found: Mapping[str, Sequence[int]], expected: Mapping[str, Sequence[int]]) -> str:
    lacking, added = (", ".join(sorted({*a} - {*b})) for a, b in ((expected, found), (found, expected)))
    return f"no {lacking}, unlike" if lacking else f"{added} besides the methods of" if added else "other tables than"


def _long(wide: pd.DataFrame, methods: Iterable[str], table: Path) -> Iterator[pd.DataFrame]:
    """Yield each method's rows with the columns of `schemas.IMAGES`; what the CSV does not hold is empty."""
    for method in methods:
        columns = {metric: wide[f"{method}:{metric}"] for metric in METRICS if f"{method}:{metric}" in wide}
        if not columns:
            raise FocusError(f"{table}: found no column of {method}, expected some of {method}:{', '.join(METRICS)}")
        rows = pd.DataFrame({"method": method, **wide[INDEX], **columns})
        rows = rows[(rows[list(columns)] != "").any(axis=1)].reindex(columns=list(IMAGES.columns), fill_value="")
        yield conform(rows, IMAGES, str(table))
