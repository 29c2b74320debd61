"""results/worlds from its runs: figures.csv, the tables over runs, claims, each with a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from focus.files import whole_directory, write_bytes, write_csv, write_json, write_text
from focus.registry.tables import TABLES
from focus.report.claims_text import claims_markdown
from focus.report.worlds.claims import evaluate
from focus.report.worlds.collected import Collected, read_runs
from focus.report.worlds.figure import by_number, claim_figure
from focus.report.worlds.summary import over_runs, table_blocks, table_over_runs, values
from focus.report.write import markdown
from focus.seeds import numpy_generator


def write_all(folder: Path, resamples: int = 10_000) -> list[Collected]:
    """Read `folder`/runs and write all that follows from them into `folder`; return the runs.

    The same runs give the same bytes. Raises FocusError when there is no run or the runs do not fit together.
    """
    runs = read_runs(folder / "runs")
    verdicts = evaluate(runs, numpy_generator(0, "worlds", "claims"), resamples=resamples)
    note = f"{runs[0].note}; {described(runs)}"
    write_csv(folder / "figures.csv", values(runs), "%.6g")
    with whole_directory(folder / "tables") as tables:
        for number in TABLES:
            frame = over_runs(number, runs)
            write_csv(tables / f"table{number}.csv", frame, "%.4f")
            parts = table_blocks(number, frame, runs[0].references)
            write_text(tables / f"table{number}.md", markdown(number, parts, note, table_over_runs(number).caption))
    write_json(folder / "claims.json", verdicts)
    write_text(folder / "claims.md", claims_markdown(verdicts, note, study=True))
    with whole_directory(folder / "claims") as drawn:
        for number, rows in by_number(verdicts).items():
            write_bytes(drawn / f"claim{number:02}.png", claim_figure(rows))
    return runs


def described(runs: Sequence[Collected]) -> str:
    """Return "9 runs: worlds 0, 1, 2; seeds 0, 1, 2"."""
    worlds, seeds = ({getattr(each.run, name) for each in runs} for name in ("world", "seed"))
    worlds_text, seeds_text = (", ".join(map(str, sorted(found))) for found in (worlds, seeds))
    return f"{len(runs)} runs: worlds {worlds_text}; training seeds {seeds_text}"
