"""The values of all runs: each one tidy, and the tables as mean and std over runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from focus.registry.metrics import METRICS
from focus.registry.tables import TABLES, Table
from focus.report.layout import Block, blocks
from focus.report.tables import read_paper_table
from focus.report.worlds.collected import Collected

VALUE_COLUMNS = ["method", "table", "testset", "metric", "world", "seed", "value"]
_OVER_IMAGES = ", mean ± std over images"
_OVER_RUNS = "; mean ± std over runs (in the paper's block: over images)."


def values(runs: Sequence[Collected]) -> pd.DataFrame:
    """Return every value of the tables of every run: a row of VALUE_COLUMNS each, in the order of the tables.

    testset is the table's second column (AR-Overall, Occluded, …), metric its column of values (rmse_mean, f1_std, …).
    """
    parts = []
    for collected in runs:
        for number, frame in collected.tables.items():
            key = TABLES[number].key
            rows = frame[frame["source"] == "run"].rename(columns={key: "testset"})
            long = rows.drop(columns=["source", "images"]).melt(["method", "testset"], var_name="metric")
            facts = {"table": number, "world": collected.run.world, "seed": collected.run.seed}
            parts.append(long.dropna(subset="value").assign(**facts))
    return pd.concat(parts, ignore_index=True)[VALUE_COLUMNS]


def over_runs(number: int, runs: Sequence[Collected]) -> pd.DataFrame:
    """Return Table `number` over runs: method, key, <value> (mean), <value>_sd (ddof 1), …, images, runs, source.

    A std over images (rmse_std, f1_std) is left out. One run has no std over runs: empty.
    """
    key, columns = TABLES[number].key, [column.mean for column in TABLES[number].columns]
    frames = [collected.tables[number] for collected in runs]
    rows = pd.concat([frame[frame["source"] == "run"] for frame in frames], ignore_index=True)
    grouped = rows.groupby(["method", key], sort=False)
    table = {}
    for column in columns:
        table[column], table[f"{column}_sd"] = grouped[column].mean(), grouped[column].std(ddof=1)
    table["images"], table["runs"] = grouped["images"].max(), grouped.size()
    return pd.DataFrame(table).reset_index().assign(source="run")


def table_blocks(number: int, frame: pd.DataFrame, references: Sequence[str] = ()) -> list[Block]:
    """Return the paper's block as printed, and the block of the runs."""
    return blocks(number, read_paper_table(number), {}) + blocks(number, frame, {}, references, table_over_runs(number))


def table_over_runs(number: int) -> Table:
    """Return Table `number` in which each value has its std over runs, with its metric's decimals."""
    table = TABLES[number]
    groups = tuple(
        replace(
            group,
            columns=tuple(
                replace(each, std=f"{each.mean}_sd", decimals=METRICS[each.metric].decimals) for each in group.columns
            ),
        )
        for group in table.groups
    )
    caption = table.caption.replace(_OVER_IMAGES, "").removesuffix(".") + _OVER_RUNS
    return replace(table, caption=caption, groups=groups)
