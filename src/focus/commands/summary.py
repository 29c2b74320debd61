"""What `make reproduce` prints at its end: what each stage cost, and where the results are."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from focus.environment.cost import Cost
from focus.errors import FocusError
from focus.files import read_json

RESULTS = {
    "results/tables": "Tables 1-5 (.csv, .md, .tex), the paper's figures beside this run's",
    "results/figures": "Figures 1, 3, 4, 5, error and training curves (.png)",
    "results/claims.md": "the paper's claims, each with its interval on this run",
    "results/report.html": "all of it on one page, with a gallery and meshes to turn; opens in any browser",
    "results/headline.json": "the figures `dvc exp show` compares",
}
SHOWN = ("stage", "wall_s", "cpu_s", "peak_rss_mib")


def read_costs(root: Path) -> list[Cost]:
    """Return the costs in logs/cost, one per stage, by name. Raises FocusError on a file that is none of a stage."""
    return [_read_cost(path) for path in sorted((root / "logs" / "cost").glob("*.json"))]


def _read_cost(path: Path) -> Cost:
    cost: Cost = read_json(path)
    for key in SHOWN:
        if not isinstance(cost, dict) or key not in cost:
            raise FocusError(f"{path}: found no {key}, expected what a stage cost; remove the file")
    return cost


def print_summary(root: Path) -> None:
    """Print the costs in logs/cost and the places in RESULTS. Raises FocusError when nothing has run here."""
    costs = read_costs(root)
    if not costs and not (root / "results" / "tables").is_dir():
        raise FocusError("logs/cost: found no stage, expected a run; start one with `make reproduce` or `dvc repro`")
    console = Console(highlight=False)
    if costs:
        console.print(cost_table(costs))
    for place, what in RESULTS.items():
        if (root / place).exists():
            console.print(f"{place:24} {what}", soft_wrap=True)


def cost_table(costs: list[Cost]) -> Table:
    """Return a table of stages with wall time, CPU time and peak memory, longest first, and their sum."""
    table = Table(title="Cost of the stages run on this machine", title_justify="left")
    for name in ("stage", "wall s", "CPU s", "peak MiB"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for cost in sorted(costs, key=lambda cost: -cost["wall_s"]):
        table.add_row(cost["stage"], f"{cost['wall_s']:.1f}", f"{cost['cpu_s']:.1f}", f"{cost['peak_rss_mib']:.0f}")
    table.add_section()
    total = [sum(cost[key] for cost in costs) for key in ("wall_s", "cpu_s")]
    peak = max(cost["peak_rss_mib"] for cost in costs)
    table.add_row(f"{len(costs)} stages", f"{total[0]:.1f}", f"{total[1]:.1f}", f"{peak:.0f}")
    return table
