"""The figures of all runs: each one tidy, and Tables 1-5 as mean and std over runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from focus.report.layout import FORMS, Block, Form, blocks
from focus.report.schemas import TABLES
from focus.report.tables import KEYS, build_tables, read_paper_table
from focus.report.worlds.collected import Collected

FIGURE_COLUMNS = ["method", "table", "testset", "metric", "world", "seed", "value"]
_OVER_RUNS = "mean ± std over runs (in the paper's block: over images)."
_CAPTIONS = {
    1: f"RMSE (0..255) on the CelebA-HQ test sets and the AR test set; {_OVER_RUNS}",
    2: f"Reconstruction error (mm) on NoW; {_OVER_RUNS}",
    3: f"Reconstruction error (mm) on the unoccluded and occluded pairs of the NoW validation set; {_OVER_RUNS}",
    4: f"Occlusion segmentation on the AR test sets (positive = face, inside the rendered region); {_OVER_RUNS}",
    5: f"Ablation study on the AR test sets and the NoW validation set (mm); {_OVER_RUNS}",
}


def figures(runs: Sequence[Collected]) -> pd.DataFrame:
    """Return every figure of Tables 1-5 of every run: a row of FIGURE_COLUMNS each, in the order of the tables.

    testset is the table's second column (AR-Overall, Occluded, …), metric its column of figures (rmse_mean, f1_std, …).
    """
    found = []
    for collected in runs:
        for number, frame in build_tables(collected.results, collected.methods, {}).items():
            key = KEYS[number][0]
            rows = frame[frame["source"] == "run"].rename(columns={key: "testset"})
            long = rows.drop(columns=["source", "images"]).melt(["method", "testset"], var_name="metric")
            facts = {"table": number, "world": collected.run.world, "seed": collected.run.seed}
            found.append(long.dropna(subset="value").assign(**facts))
    return pd.concat(found, ignore_index=True)[FIGURE_COLUMNS]


def over_runs(number: int, runs: Sequence[Collected]) -> pd.DataFrame:
    """Return Table `number` over runs: method, key, <figure> (mean), <figure>_sd (ddof 1), …, images, runs, source.

    A std over images (rmse_std, f1_std) is left out. One run has no std over runs: empty.
    """
    key, columns = KEYS[number][0], shown(number)
    frames = [build_tables(collected.results, collected.methods, {})[number] for collected in runs]
    rows = pd.concat([frame[frame["source"] == "run"] for frame in frames], ignore_index=True)
    grouped = rows.groupby(["method", key], sort=False)
    table = {}
    for column in columns:
        table[column], table[f"{column}_sd"] = grouped[column].mean(), grouped[column].std(ddof=1)
    table["images"], table["runs"] = grouped["images"].max(), grouped.size()
    return pd.DataFrame(table).reset_index().assign(source="run")


def shown(number: int) -> list[str]:
    """Return the columns of figures of Table `number`, without stds over images."""
    names = list(TABLES[number].columns)
    figures = names[2 : names.index("images")]
    return [name for name in figures if name.replace("_std", "_mean") == name or name.endswith("_mm")]


def table_blocks(number: int, frame: pd.DataFrame, references: Sequence[str] = ()) -> list[Block]:
    """Return the paper's block as printed, and the block of the runs."""
    return blocks(number, read_paper_table(number), {}) + blocks(number, frame, {}, references, form_over_runs(number))


def form_over_runs(number: int) -> Form:
    """Return the form of Table `number` in which each figure has its std over runs; three decimals but for RMSE."""
    form, decimals = FORMS[number], 2 if number == 1 else 3
    groups = tuple(
        replace(
            group,
            figures=tuple(replace(each, std=f"{each.mean}_sd", decimals=decimals) for each in group.figures),
        )
        for group in form.groups
    )
    return replace(form, caption=_CAPTIONS[number], groups=groups)
