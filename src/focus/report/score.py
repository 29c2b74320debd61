"""A reproduction score: does a run put the methods of a table into the paper's order?

Levels cannot be compared between drawn and real faces; orders can. Per group of a table and the column that it is
read by (F1 where there is one, else the first), over the methods that both the paper and the run have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from focus.registry.tables import Table


@dataclass(frozen=True)
class Score:
    """How one column of a table agrees with the paper.

    methods: how many; tau: Kendall's tau-b of the two orders, -1..1, nan where either has no order; same: of `pairs`
    pairs of methods that differ in the paper, those whose difference has the same sign in the run. By chance tau is 0
    and half of the pairs agree.
    """

    group: str
    column: str
    methods: int
    tau: float
    same: int
    pairs: int


def scores(table: Table, frame: pd.DataFrame) -> Iterator[Score]:
    """Yield the scores of a table's groups from its tidy frame (results/tables/table<number>.csv).

    Groups with fewer than two common methods have none.
    """
    for group in table.groups:
        column = next((each for each in group.columns if each.metric == "f1"), group.columns[0])
        rows = frame[frame[table.key] == group.value].dropna(subset=[column.mean])
        paper, run = (rows[rows["source"] == source].set_index("method")[column.mean] for source in ("paper", "run"))
        common = [method for method in paper.index if method in run.index]
        if len(common) > 1:
            yield _score(group.heading, column.heading, paper[common].to_numpy(), run[common].to_numpy())


def _score(group: str, column: str, paper: np.ndarray, run: np.ndarray) -> Score:
    differences = [(paper[i] - paper[j], run[i] - run[j]) for i, j in combinations(range(len(paper)), 2)]
    differences = [(theirs, ours) for theirs, ours in differences if theirs != 0]
    same = sum(theirs * ours > 0 for theirs, ours in differences)
    return Score(group, column, len(paper), float(kendalltau(paper, run).statistic), int(same), len(differences))
