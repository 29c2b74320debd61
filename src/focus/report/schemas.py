"""The columns of images.csv and of the tables, one pandera schema each: what does not fit is not read or written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from focus.errors import FocusError
from focus.registry.metrics import METRICS, Metric
from focus.registry.tables import TABLES, Table
from focus.registry.testsets import TESTSETS

SOURCES = ("paper", "run", "external")
SUBSETS = {name: each.allowed for name, each in TESTSETS.items()}


def _text() -> pa.Column:
    return pa.Column(str, pa.Check.str_length(min_value=1))


def _choice(*values: str) -> pa.Column:
    return pa.Column(str, pa.Check.isin(values))


def _number(metric: Metric) -> pa.Column:
    within = pa.Check.ge(0) if metric.limit is None else pa.Check.in_range(0, metric.limit)
    return pa.Column(float, within, nullable=True)


def _count() -> pa.Column:
    return pa.Column("Int64", pa.Check.ge(0), nullable=True)


def _schema(columns: dict[str, pa.Column], unique: list[str], *checks: pa.Check) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(columns, checks=list(checks), unique=unique, strict=True, ordered=True)


def _table(table: Table) -> pa.DataFrameSchema:
    key = _choice(*(group.value for group in table.groups))
    numbers = {column: _number(METRICS[each.metric]) for each in table.columns for column in each.names}
    columns = {"method": _text(), table.key: key, **numbers, "images": _count(), "source": _choice(*SOURCES)}
    return _schema(columns, ["method", table.key, "source"])


def _subset_fits_testset(frame: pd.DataFrame) -> pd.Series:
    return pd.Series(
        [
            (subset or "none") in SUBSETS.get(testset, ())
            for testset, subset in zip(frame["testset"], frame["subset"], strict=True)
        ],
        index=frame.index,
        dtype=bool,
    )


IMAGES = _schema(
    {
        "method": _text(),
        "testset": _choice(*SUBSETS),
        "subset": pa.Column(str),
        "image": _text(),
        "subject": pa.Column(str),
        "occluder": pa.Column(str),
        **{name: _number(metric) for name, metric in METRICS.items()},
        "points": _count(),
        "occluder_fraction": pa.Column(float, pa.Check.in_range(0, 1), nullable=True, required=False),
    },
    ["method", "testset", "image"],
    pa.Check(_subset_fits_testset, error=f"a subset of its testset: {SUBSETS}"),
)
"""One row per image; `occluder_fraction` (optional) is the hidden share of the face region."""

SCHEMAS: dict[int, pa.DataFrameSchema] = {number: _table(table) for number, table in TABLES.items()}
"""Table number -> schema; `images` is empty where the paper does not say how many."""


def read_frame(path: Path, schema: pa.DataFrameSchema, expected: str) -> pd.DataFrame:
    """Read a CSV that fits `schema`. Raises FocusError as `read_text_columns` and `check` do."""
    return conform(read_text_columns(path, expected), schema, str(path))


def read_text_columns(path: Path, expected: str) -> pd.DataFrame:
    """Read a CSV, every cell as text. Raises FocusError: no such file (`expected`), or not a readable CSV."""
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected {expected}") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise FocusError(f"{path}: not a readable CSV ({' '.join(str(error).split())})") from None


def check(frame: pd.DataFrame, schema: pa.DataFrameSchema, name: str) -> pd.DataFrame:
    """Return `frame` unchanged if it fits `schema`; else raise FocusError: `name`, the column, what was found."""
    required = [column for column, rule in schema.columns.items() if rule.required]
    known = [column for column in schema.columns if column in required or column in frame]
    if list(frame.columns) != known:
        raise FocusError(f"{name}: columns are {','.join(map(str, frame.columns))}; expected {','.join(known)}")
    try:
        schema.validate(frame.reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as error:
        raise FocusError(f"{name}: {_one_line(error.failure_cases)}") from None
    return frame


def conform(frame: pd.DataFrame, schema: pa.DataFrameSchema, name: str) -> pd.DataFrame:
    """Return `frame` with each column of numbers parsed from text, after `check`."""
    typed = frame.copy()
    for column, rule in schema.columns.items():
        if column not in typed:
            continue
        if str(rule.dtype) in ("float64", "Int64"):
            typed[column] = _numbers(typed[column], str(rule.dtype), f"{name}: column {column}")
    return check(typed, schema, name)


def _numbers(values: pd.Series, dtype: str, name: str) -> pd.Series:
    """Parse numbers ("" = none); raises FocusError with the first cell that is not one (infinities are refused)."""
    text = values.astype(object).where(values.notna(), "").astype(str).str.strip()
    empty = text.isin(["", "nan"])
    numbers = pd.to_numeric(text.mask(empty), errors="coerce").astype(float)
    numbers = numbers.mask(numbers.abs() == float("inf"))
    wrong = numbers.isna() & ~empty
    if dtype == "Int64":
        wrong |= numbers.notna() & (numbers % 1 != 0)
    if wrong.any():
        kind = "a whole number" if dtype == "Int64" else "a number"
        raise FocusError(f"{name} holds {text[wrong].iloc[0]!r}; expected {kind} or an empty cell")
    return numbers.astype("Int64") if dtype == "Int64" else numbers


def _one_line(cases: pd.DataFrame) -> str:
    """Return the first rule that a frame broke and what broke it: columns before rules on whole rows."""
    cases = cases.sort_values("schema_context", kind="stable")
    first = cases.iloc[0]
    rule = " ".join(str(first["check"]).split())
    if first["schema_context"] != "Column":
        rule = "no two rows for the same images" if "uniqueness" in rule else rule
        return f"data row {int(first['index']) + 1} does not fit; expected {rule}"
    same = cases[(cases["check"] == first["check"]) & (cases["column"].astype(str) == str(first["column"]))]
    found = ", ".join(repr(case) for case in same["failure_case"].astype(str).unique()[:3])
    return f"column {first['column']} holds {found}; expected {rule}"
