"""The columns of images.csv and of Tables 1-5, one pandera schema each: what does not fit is not read or written."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from focus.errors import FocusError

SOURCES = ("paper", "run", "external")
SUBSETS = {
    "CelebA": ("none", "unoccluded", "occluded"),
    "AR": ("unoccluded", "glasses", "scarf", "sidelight"),
    "NoW": ("none", "unoccluded", "occluded"),
}
"""Data set -> its subsets; "none" (or an empty cell) is for images outside Table 1's subsets and Table 3's pairs."""


def _text() -> pa.Column:
    return pa.Column(str, pa.Check.str_length(min_value=1))


def _optional_text() -> pa.Column:
    return pa.Column(str)


def _choice(*values: str) -> pa.Column:
    return pa.Column(str, pa.Check.isin(values))


def _positive() -> pa.Column:
    return pa.Column(float, pa.Check.ge(0), nullable=True)


def _share(required: bool = True) -> pa.Column:
    return pa.Column(float, pa.Check.in_range(0, 1), nullable=True, required=required)


def _count() -> pa.Column:
    return pa.Column("Int64", pa.Check.ge(0), nullable=True)


def _schema(columns: dict[str, pa.Column], unique: list[str], *checks: pa.Check) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(columns, checks=list(checks), unique=unique, strict=True, ordered=True)


def _table(key: str, choices: tuple[str, ...], figures: dict[str, pa.Column]) -> pa.DataFrameSchema:
    columns = {"method": _text(), key: _choice(*choices), **figures, "images": _count(), "source": _choice(*SOURCES)}
    return _schema(columns, ["method", key, "source"])


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
        "subset": _optional_text(),
        "image": _text(),
        "subject": _optional_text(),
        "occluder": _optional_text(),
        "rmse": _positive(),
        "rmse_visible": _positive(),
        "acc": _share(),
        "ppv": _share(),
        "tpr": _share(),
        "f1": _share(),
        "now_median": _positive(),
        "now_mean": _positive(),
        "now_std": _positive(),
        "points": _count(),
        "occluder_fraction": _share(required=False),
    },
    ["method", "testset", "image"],
    pa.Check(_subset_fits_testset, error=f"a subset of its testset: {SUBSETS}"),
)
"""One row an image. rmse 0..255, scores 0..1, now_* in mm; `occluder_fraction` (optional) is the hidden share of the
face region."""

_MM = {"median_mm": _positive(), "mean_mm": _positive(), "std_mm": _positive()}
_SCORES = {name: _share() for name in ("acc", "ppv", "tpr", "f1_mean", "f1_std")}

TABLES: dict[int, pa.DataFrameSchema] = {
    1: _table(
        "testset",
        ("CelebA-Unoccluded", "CelebA-Occluded", "CelebA-Overall", "CelebA-Pooled", "AR-Overall"),
        {"rmse_mean": _positive(), "rmse_std": _positive()},
    ),
    2: _table("split", ("test", "validation"), _MM),
    3: _table("subset", ("Unoccluded", "Occluded"), _MM),
    4: _table("subset", ("Unoccluded", "Glasses", "Scarf"), _SCORES),
    5: _table(
        "subset",
        ("AR-unoccluded", "AR-glasses", "AR-scarf", "NoW"),
        {**_SCORES, "now_median_mm": _positive(), "now_mean_mm": _positive(), "now_std_mm": _positive()},
    ),
}
"""Table number -> schema; `images` is empty where the paper does not say how many."""


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
