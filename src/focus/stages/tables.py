"""Tables 1-5 as CSV, Markdown and LaTeX, the paper's figures beside the run's."""

from __future__ import annotations

from types import SimpleNamespace

from focus.files import whole_directory
from focus.report.tables import build_tables
from focus.report.write import write_table
from focus.stages import paths
from focus.stages.common import methods, missing, provenance, results
from focus.stages.runner import run

SECTIONS = ("assets",)
PARAMS = ("profile", "variants", "corrected", "instance_wise")
REFERENCES = ("all-ones",)


def work(settings: SimpleNamespace) -> None:
    """Write results/tables."""
    rows, lacking = methods(settings), missing()
    tables = build_tables(results(list(rows)), rows, missing=lacking)
    with whole_directory(paths.TABLES) as folder:
        for number, frame in tables.items():
            write_table(folder, number, frame, provenance(settings), lacking, REFERENCES)


if __name__ == "__main__":
    run("tables", SECTIONS, PARAMS, work)
