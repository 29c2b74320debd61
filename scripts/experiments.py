"""Write results/experiments.csv from `dvc exp show --csv`: one row per experiment, without what changes at every run.

Experiments are local refs of git, so their values are kept as a file. A row holds the variant, the parameters in which
the experiments differ, and values of results/headline.json; names, dates and hashes are left out.
"""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pandas as pd

METRICS = ["ar_f1_unoccluded", "ar_f1_glasses", "ar_f1_scarf", "now_median"]
VARIANT = "ablation.variant"
CHANGING = {"Experiment", "rev", "typ", "Created", "parent", "State", "Executor"}
OUT = Path("results/experiments.csv")


def tidy(shown: str) -> pd.DataFrame:
    """Return the finished experiments in what `dvc exp show --csv` printed, sorted; exits when there is none."""
    table = pd.read_csv(io.StringIO(shown), dtype=str, keep_default_na=False)
    if not {"typ", VARIANT, *METRICS} <= set(table.columns):
        sys.exit(
            f"dvc exp show: found no columns {VARIANT} and {', '.join(METRICS)}, expected a run of the headline stage"
        )
    ran = table[table["typ"].str.startswith("branch") & table[METRICS].ne("").any(axis=1)]
    if ran.empty:
        sys.exit("dvc exp show: found no finished experiment, expected some; start them with `dvc exp run`")
    # Metrics come first, then parameters, then dependencies, which are paths with a slash and no colon.
    after = list(table.columns[list(table.columns).index(METRICS[-1]) + 1 :])
    parameters = [name for name in after if name not in CHANGING and ("/" not in name or ":" in name)]
    varied = [name for name in parameters if name != VARIANT and ran[name].nunique() > 1]
    found = ran[[VARIANT, *varied, *METRICS]].rename(columns={VARIANT: "variant"}).drop_duplicates()
    return found.sort_values(["variant", *varied], ignore_index=True)


def main() -> None:
    """Ask DVC and write the table."""
    if not Path(".git").exists():
        sys.exit("experiments: found no .git here, expected a clone (git clone): experiments are refs of git")
    shown = subprocess.run(["dvc", "exp", "show", "--csv", "--no-pager"], check=True, text=True, stdout=subprocess.PIPE)
    found = tidy(shown.stdout)
    OUT.parent.mkdir(exist_ok=True)
    found.to_csv(OUT, index=False, lineterminator="\n")
    print(f"{OUT}: {len(found)} experiments")


if __name__ == "__main__":
    main()
