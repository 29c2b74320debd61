"""Tables 1-5 as data frames: the paper's printed figures, this run's rows, then those of other people's predictions.

A figure of the run is computed here from per-image data and from nothing else, so a table can be recomputed by hand.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

import numpy as np
import pandas as pd

from focus.errors import FocusError
from focus.report.results import Results
from focus.report.schemas import TABLES, check, conform

AR_OVERALL = ("unoccluded", "glasses", "scarf")
"""Table 1's AR set: the three subsets with hand-made masks in the paper (Sec. 4.1); side lights are not among them."""
AR_TITLES = {"Unoccluded": "unoccluded", "Glasses": "glasses", "Scarf": "scarf"}
NOW_TITLES = {"Unoccluded": "unoccluded", "Occluded": "occluded"}

Row = dict[str, str | float | None]


def read_paper_table(number: int) -> pd.DataFrame:
    """Return what the paper prints in Table `number` (1..5), with source = paper; Table 5's FOCUS-MF is FOCUS-MP.

    `images` is what the paper or its data sets' papers say (558/750 CelebA, 3 x 40 AR, 62 NoW pairs, 352 validation).
    """
    name = f"table{number}.csv"
    text = (resources.files("focus.report") / "paper" / name).read_text(encoding="utf-8")
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    return conform(frame, TABLES[number], f"the paper's {name}")


def build_tables(
    results: Results,
    methods: Mapping[str, Iterable[int]],
    external_methods: Mapping[str, Iterable[int]] | None = None,
    missing: Mapping[str, str] | None = None,
    now_test: Mapping[str, Mapping[str, float]] | None = None,
) -> dict[int, pd.DataFrame]:
    """Return {table number: frame with the columns of `schemas.TABLES`}.

    methods: method of the run -> the tables it appears in, in the order of the rows.
    external_methods: the same for other people's predictions (default: every external method, every table it fits).
    missing: "method", "testset" (CelebA | AR | NoW) or "method/testset" -> why there are no figures; such a row is kept
    with empty cells.
    now_test: method -> {"median", "mean", "std" in mm[, "images"]} as NoW's server returned them: external rows of
    Table 2.
    Raises FocusError when a method is listed in a table but has neither figures nor a reason.
    """
    external = external_methods
    if external is None:
        external = {method: _tables_that_fit(results, method) for method in results.methods("external")}
    tables = {}
    for number in TABLES:
        rows = _rows(results, "run", number, methods, missing or {})
        rows += _rows(results, "external", number, external, missing or {})
        if number == 2:
            rows += [_now_test_row(method, figures) for method, figures in (now_test or {}).items()]
        frames = [read_paper_table(number), *([_frame(rows, number)] if rows else [])]
        tables[number] = check(pd.concat(frames, ignore_index=True), TABLES[number], f"table {number}")
    return tables


def table1_rows(results: Results, source: str, method: str, column: str = "rmse") -> list[Row]:
    """Image fitting: RMSE (0..255) mean and std over images; `column` may be rmse_visible (all visible face pixels).

    CelebA-Overall is the unweighted mean of the two subsets with the equal-weight pooled std (what the paper's figures
    are); CelebA-Pooled takes all images of both together, where their numbers differ.
    """

    def values(testset: str, subsets: Sequence[str]) -> np.ndarray:
        return _finite(results.rows(source, method, testset, subsets)[column])

    unoccluded, occluded = values("CelebA", ["unoccluded"]), values("CelebA", ["occluded"])
    cells = {"CelebA-Unoccluded": unoccluded, "CelebA-Occluded": occluded}
    rows = {name: _rmse_row(*_mean_std(cell), len(cell)) for name, cell in cells.items() if len(cell)}
    if len(rows) == 2:
        both = np.concatenate([unoccluded, occluded])
        overall = equal_weight_mean_std([_mean_std(unoccluded), _mean_std(occluded)])
        rows["CelebA-Overall"] = _rmse_row(*overall, len(both))
        if len(unoccluded) != len(occluded):  # otherwise the two are the same
            rows["CelebA-Pooled"] = _rmse_row(*_mean_std(both), len(both))
    if len(ar := values("AR", AR_OVERALL)):
        rows["AR-Overall"] = _rmse_row(*_mean_std(ar), len(ar))
    return [{"method": method, "testset": name, **row, "source": source} for name, row in rows.items()]


def table2_rows(results: Results, source: str, method: str) -> list[Row]:
    """NoW validation set, mm over all scan points of all images (non-metrical protocol)."""
    return _now_rows(results, source, method, "split", {"validation": "all"}, "{}_mm")


def table3_rows(results: Results, source: str, method: str) -> list[Row]:
    """NoW pairs without and with occlusion, mm over all scan points."""
    return _now_rows(results, source, method, "subset", NOW_TITLES, "{}_mm")


def table4_rows(results: Results, source: str, method: str) -> list[Row]:
    """AR: ACC, PPV, TPR, F1 inside the rendered region, positive = face; mean over images, F1 with std (ddof 0)."""
    return _score_rows(results, source, method, AR_TITLES)


def table5_rows(results: Results, source: str, method: str) -> list[Row]:
    """The ablation: Table 4's scores on AR and Table 2's errors on the NoW validation set."""
    titles = {f"AR-{subset}": subset for subset in AR_OVERALL}
    now = _now_rows(results, source, method, "subset", {"NoW": "all"}, "now_{}_mm")
    return _score_rows(results, source, method, titles) + now


ROWS = {1: table1_rows, 2: table2_rows, 3: table3_rows, 4: table4_rows, 5: table5_rows}

KEYS: dict[int, tuple[str, dict[str, str]]] = {
    1: ("testset", {"CelebA-Unoccluded": "CelebA", "CelebA-Occluded": "CelebA", "CelebA-Overall": "CelebA",
                    "CelebA-Pooled": "CelebA", "AR-Overall": "AR"}),
    2: ("split", {"test": "NoW", "validation": "NoW"}),
    3: ("subset", {"Unoccluded": "NoW", "Occluded": "NoW"}),
    4: ("subset", {"Unoccluded": "AR", "Glasses": "AR", "Scarf": "AR"}),
    5: ("subset", {"AR-unoccluded": "AR", "AR-glasses": "AR", "AR-scarf": "AR", "NoW": "NoW"}),
}  # fmt: skip
"""Table number -> its second key column, and that column's values with the data set each comes from."""


def equal_weight_mean_std(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return mean and std (ddof 0) of a mixture in which each (mean, std) has the same weight, whatever its size."""
    means, stds = np.array(parts, dtype=float).T
    return float(means.mean()), math.sqrt(float((stds**2).mean() + means.var()))


def reason(missing: Mapping[str, str], method: str, testset: str) -> str | None:
    """Return why `method` has no figures on `testset`: the most particular of the reasons given, or None."""
    for key in (f"{method}/{testset}", method, testset):
        if key in missing:
            return missing[key]
    return None


def _rows(
    results: Results, source: str, number: int, methods: Mapping[str, Iterable[int]], missing: Mapping[str, str]
) -> list[Row]:
    key, testsets = KEYS[number]
    rows: list[Row] = []
    for method in (method for method, numbers in methods.items() if number in numbers):
        found = {row[key]: row for row in ROWS[number](results, source, method)}
        wanted = [value for value in testsets if value not in ("test", "CelebA-Pooled") or value in found]
        for value in wanted:
            if value not in found and reason(missing, method, testsets[value]):
                found[value] = {"method": method, key: value, "images": 0, "source": source}
        if not found:
            sets = " or ".join(dict.fromkeys(testsets.values()))
            raise FocusError(f"table {number}: {method!r} has no figures on {sets}; expected results, or a reason")
        rows += [found[value] for value in wanted if value in found]
    return rows


def _tables_that_fit(results: Results, method: str) -> list[int]:
    return [number for number, rows in ROWS.items() if rows(results, "external", method)]


def _frame(rows: list[Row], number: int) -> pd.DataFrame:
    columns = list(TABLES[number].columns)
    text = pd.DataFrame(rows, columns=columns)
    return conform(text, TABLES[number], f"table {number}")


def _now_test_row(method: str, figures: Mapping[str, float]) -> Row:
    lacking = [key for key in ("median", "mean", "std") if key not in figures]
    if lacking:
        raise FocusError(f"external.now_test.{method}: {', '.join(lacking)} missing; expected median, mean, std in mm")
    row: Row = {f"{key}_mm": figures[key] for key in ("median", "mean", "std")}
    return {"method": method, "split": "test", **row, "images": figures.get("images"), "source": "external"}


def _finite(values: pd.Series) -> np.ndarray:
    array = values.to_numpy(dtype=float)
    finite: np.ndarray = array[np.isfinite(array)]
    return finite


def _mean_std(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std())


def _rmse_row(mean: float, std: float, images: int) -> Row:
    return {"rmse_mean": mean, "rmse_std": std, "images": images}


def _now_rows(
    results: Results, source: str, method: str, key: str, titles: Mapping[str, str], column: str
) -> list[Row]:
    pooled = results.pooled.get((source, method), {})
    rows: list[Row] = []
    for title, subset in titles.items():
        figures = pooled.get(subset)
        if figures and figures["median"] is not None:
            cells = {column.format(name): figures[name] for name in ("median", "mean", "std")}
            rows.append({"method": method, key: title, **cells, "images": figures["images"], "source": source})
    return rows


def _score_rows(results: Results, source: str, method: str, titles: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = []
    for title, subset in titles.items():
        images = results.rows(source, method, "AR", [subset])
        images = images[images["f1"].notna()]
        if len(images):
            means: Row = {name: float(images[name].mean()) for name in ("acc", "ppv", "tpr")}
            mean, std = _mean_std(_finite(images["f1"]))
            scores = {**means, "f1_mean": mean, "f1_std": std}
            rows.append({"method": method, "subset": title, **scores, "images": len(images), "source": source})
    return rows
