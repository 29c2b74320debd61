"""Tables 1-5 as CSV, Markdown and LaTeX, the paper's values beside the run's."""

from __future__ import annotations

from dataclasses import dataclass

from focus.files import whole_directory, write_csv
from focus.report.shares import now_shares
from focus.report.tables import build_tables
from focus.report.write import write_table
from focus.settings import External, ProvenanceSettings
from focus.stages import paths
from focus.stages.common import missing, provenance, read_shown, results
from focus.stages.runner import run


@dataclass(frozen=True, kw_only=True)
class Settings(ProvenanceSettings):
    """What the stage reads."""

    external: dict[str, External]


def work(settings: Settings) -> None:
    """Write results/tables."""
    methods, lacking = read_shown(), missing()
    measured = results(methods.folders, settings.external)
    tables = build_tables(measured, methods.tables, missing=lacking, now_test=server_values(settings))
    with whole_directory(paths.TABLES) as folder:
        for number, frame in tables.items():
            write_table(folder, number, frame, provenance(settings), lacking, methods.references)
        ends = {face: label for label, face in methods.faces.items()}
        shares = now_shares(measured, ends.get("mean", ""), ends.get("fitted", ""))
        write_csv(folder / "now_shares.csv", shares, "%.4f")


def server_values(settings: Settings) -> dict[str, dict[str, float]]:
    """Return method -> median, mean, std in mm on NoW's test set, as the benchmark's server returned them."""
    given = {name: plan.now_test for name, plan in settings.external.items() if plan.now_test is not None}
    return {name: {"median": test.median_mm, "mean": test.mean_mm, "std": test.std_mm} for name, test in given.items()}


if __name__ == "__main__":
    run("tables", Settings, work)
