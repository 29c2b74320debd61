"""The tables as data frames: the paper's printed values, this run's rows, then those of other people's predictions.

A value of the run is computed here from per-image data and from nothing else, so a table can be recomputed by hand.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

import numpy as np
import pandas as pd

from focus.errors import FocusError
from focus.registry.tables import HEADLINE, TABLES, Column, Group, Table
from focus.registry.testsets import IMAGE_SETS
from focus.report.results import Results
from focus.report.schemas import SCHEMAS, check, conform

Row = dict[str, str | float | None]


def read_paper_table(number: int) -> pd.DataFrame:
    """Return what the paper prints in Table `number`, with source = paper; Table 5's FOCUS-MF is FOCUS-MP.

    No rows where the paper has no such table. `images` is what the paper or its data sets' papers say (558/750 CelebA,
    3 x 40 AR, 62 NoW pairs, 352 validation).
    """
    name = f"table{number}.csv"
    file = resources.files("focus.report") / "paper" / name
    text = file.read_text(encoding="utf-8") if file.is_file() else ",".join(SCHEMAS[number].columns)
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return conform(frame, SCHEMAS[number], f"the paper's {name}")


def build_tables(
    results: Results,
    methods: Mapping[str, Iterable[int]],
    missing: Mapping[str, str] | None = None,
    now_test: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[int, pd.DataFrame]:
    """Return {table number: frame with the columns of `schemas.SCHEMAS`}.

    methods: method of the run -> the tables it appears in, in the order of the rows. Other people's predictions stand
    in every table that they fit.
    missing: "method", "testset" (CelebA | AR | NoW) or "method/testset" -> why there are no values; such a row is kept
    with empty cells.
    now_test: method -> {"median", "mean", "std" in mm[, "images"]} as NoW's server returned them: external rows of the
    groups without images (Table 2).
    Raises FocusError when a method is listed in a table but has neither values nor a reason.
    """
    external = {method: _tables_that_fit(results, method) for method in results.methods("external")}
    tables = {}
    for number in TABLES:
        rows = _rows(results, "run", number, methods, missing or {})
        rows += _rows(results, "external", number, external, missing or {})
        for group in (group for group in TABLES[number].groups if not group.images):
            rows += [_server_row(number, group, *each) for each in (now_test or {}).items()]
        frames = [read_paper_table(number), *([_frame(rows, number)] if rows else [])]
        tables[number] = check(pd.concat(frames, ignore_index=True), SCHEMAS[number], f"table {number}")
    return tables


def value(
    results: Results, source: str, method: str, images: str, column: Column
) -> tuple[float, float | None, int] | None:
    """Return a value of one method over a set of IMAGE_SETS: mean, std (ddof 0) or None, and how many images it is of.

    Of a set of several parts each part has the same weight, whatever its size. None where a part has no values.
    """
    if column.pooled:
        (part,) = IMAGE_SETS[images]
        pooled = results.pooled.get((source, method), {}).get(part.subsets[0] if part.subsets else "all")
        if not pooled or pooled[column.pooled] is None:
            return None
        return pooled[column.pooled], None, int(pooled["images"])
    parts = [
        _finite(results.rows(source, method, part.testset, part.subsets)[column.metric]) for part in IMAGE_SETS[images]
    ]
    if not all(len(part) for part in parts):
        return None
    mean, std = equal_weight_mean_std([(float(part.mean()), float(part.std())) for part in parts])
    return mean, std, sum(len(part) for part in parts)


def headline(results: Results, method: str) -> dict[str, float | None]:
    """Return a method's values of HEADLINE as the run's tables have them, to four decimals; None where it has none.

    Raises FocusError when the method has no results at all.
    """
    if method not in results.methods("run"):
        raise FocusError(f"headline: no results of {method!r}; expected one of {', '.join(results.methods('run'))}")
    values = {name: value(results, "run", method, *which) for name, which in HEADLINE.items()}
    return {name: None if each is None else round(float(each[0]), 4) for name, each in values.items()}


def equal_weight_mean_std(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return mean and std (ddof 0) of a mixture in which each (mean, std) has the same weight, whatever its size."""
    means, stds = np.array(parts, dtype=float).T
    return float(means.mean()), math.sqrt(float((stds**2).mean() + means.var()))


def reason(missing: Mapping[str, str], method: str, testset: str) -> str | None:
    """Return why `method` has no values on `testset`: the most particular of the reasons given, or None."""
    return next((missing[key] for key in (f"{method}/{testset}", method, testset) if key in missing), None)


def _rows(
    results: Results, source: str, number: int, methods: Mapping[str, Iterable[int]], missing: Mapping[str, str]
) -> list[Row]:
    table, rows = TABLES[number], list[Row]()
    for method in (method for method, numbers in methods.items() if number in numbers):
        by_group = {group.value: _row(results, source, method, table, group) for group in table.groups}
        for group in table.groups:
            if not by_group[group.value] and not group.optional and reason(missing, method, testset_of(group)):
                by_group[group.value] = {"method": method, table.key: group.value, "images": 0, "source": source}
        if not any(by_group.values()):
            sets = " or ".join(dict.fromkeys(testset_of(group) for group in table.groups if group.images))
            raise FocusError(f"table {number}: {method!r} has no values on {sets}; expected results, or a reason")
        rows += [row for row in by_group.values() if row]
    return rows


def testset_of(group: Group) -> str:
    """Return the test set that a group's images are of, "" where no one here has them."""
    return IMAGE_SETS[group.images][0].testset if group.images else ""


def _row(results: Results, source: str, method: str, table: Table, group: Group) -> Row:
    """Return a group's values of one method; {} where it has none, or the group would say nothing new."""
    if not group.images or (group.optional and _of_one_size(results, source, method, group)):
        return {}
    row: Row = {}
    for column in group.columns:
        if (measured := value(results, source, method, group.images, column)) is not None:
            row |= dict(zip(column.names, measured[:2], strict=False)) | {"images": measured[2]}
    return {"method": method, table.key: group.value, **row, "source": source} if row else {}


def _of_one_size(results: Results, source: str, method: str, group: Group) -> bool:
    """Tell whether the subsets of a group have equally many images, or none: all together are then their mean."""
    (part,) = IMAGE_SETS[group.images]
    metric = group.columns[0].metric
    sizes = [len(_finite(results.rows(source, method, part.testset, [name])[metric])) for name in part.subsets]
    return min(sizes) == 0 or len(set(sizes)) == 1


def _tables_that_fit(results: Results, method: str) -> list[int]:
    return [
        number
        for number, table in TABLES.items()
        if any(_row(results, "external", method, table, group) for group in table.groups)
    ]


def _frame(rows: list[Row], number: int) -> pd.DataFrame:
    text = pd.DataFrame(rows, columns=list(SCHEMAS[number].columns))
    return conform(text, SCHEMAS[number], f"table {number}")


def _server_row(number: int, group: Group, method: str, returned: Mapping[str, float]) -> Row:
    lacking = [each.pooled for each in group.columns if each.pooled not in returned]
    if lacking:
        raise FocusError(f"external.now_test.{method}: {', '.join(lacking)} missing; expected median, mean, std in mm")
    row: Row = {each.mean: returned[each.pooled] for each in group.columns}
    images = returned.get("images")
    return {"method": method, TABLES[number].key: group.value, **row, "images": images, "source": "external"}


def _finite(values: pd.Series) -> np.ndarray:
    array = values.to_numpy(dtype=float)
    finite: np.ndarray = array[np.isfinite(array)]
    return finite
