"""results/worlds from its runs: figures.csv, Tables 1-5 over runs, claims with their figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from focus.files import whole_directory, write_bytes, write_json, write_text
from focus.report.schemas import TABLES
from focus.report.worlds.claims import evaluate
from focus.report.worlds.collected import Collected, read_runs
from focus.report.worlds.figure import by_number, claim_figure
from focus.report.worlds.summary import figures, form_over_runs, over_runs, table_blocks
from focus.report.write import markdown
from focus.seeds import numpy_generator

UNITS = {"rmse": "RMSE", "now_median": "mm"}
WORDS = {True: "yes", False: "no", None: "n/a"}


def write_all(folder: Path, resamples: int = 10_000) -> list[Collected]:
    """Read `folder`/runs and write all that follows from them into `folder`; return the runs.

    The same runs give the same bytes. Raises FocusError when there is no run or the runs do not fit together.
    """
    runs = read_runs(folder / "runs")
    verdicts = evaluate(runs, numpy_generator(0, "worlds", "claims"), resamples=resamples)
    note = f"{runs[0].note}; {described(runs)}"
    write_text(folder / "figures.csv", figures(runs).to_csv(index=False, float_format="%.6g", lineterminator="\n"))
    with whole_directory(folder / "tables") as tables:
        for number in TABLES:
            frame = over_runs(number, runs)
            write_text(
                tables / f"table{number}.csv", frame.to_csv(index=False, float_format="%.4f", lineterminator="\n")
            )
            parts = table_blocks(number, frame, runs[0].references)
            write_text(tables / f"table{number}.md", markdown(number, parts, note, form_over_runs(number).caption))
    write_json(folder / "claims.json", verdicts)
    write_text(folder / "claims.md", claims_markdown(verdicts, note))
    with whole_directory(folder / "claims") as drawn:
        for number, rows in by_number(verdicts).items():
            write_bytes(drawn / f"claim{number:02}.png", claim_figure(rows))
    return runs


def described(runs: Sequence[Collected]) -> str:
    """Return "9 runs: worlds 0, 1, 2; seeds 0, 1, 2"."""
    worlds, seeds = ({getattr(each.run, name) for each in runs} for name in ("world", "seed"))
    worlds_text, seeds_text = (", ".join(map(str, sorted(found))) for found in (worlds, seeds))
    return f"{len(runs)} runs: worlds {worlds_text}; training seeds {seeds_text}"


def claims_markdown(verdicts: Sequence[Mapping[str, Any]], note: str) -> str:
    """Return the claims over runs as a Markdown table; mechanism claims have bold ids."""
    counts = {word: sum(_word(verdict) == word for verdict in verdicts) for word in ("yes", "no", "not resolved")}
    lines = [
        f"*{note}*",
        "",
        f"{len(verdicts)} comparisons: {counts['yes']} hold, {counts['no']} do not, {counts['not resolved']} not "
        "resolved. Margin: mean over worlds and seeds, positive = it holds; 95 % bootstrap interval over worlds, "
        "seeds and images, on NoW and AR over people with all their images. Runs: in how many of them, taken alone, "
        "the claim holds / is not resolved / does not hold. Bold: claims that test the mechanism itself.",
        "",
        "| id | claim | test set | a | b | margin | 95 % interval | holds | runs |",
        "|---|---|---|---|---|---:|---:|---|---:|",
    ]
    return "\n".join([*lines, *_claim_lines(verdicts)]) + "\n"


def _claim_lines(verdicts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for verdict in verdicts:
        id, margin, limits = f"`{verdict['id']}`", "", ""
        if verdict["margin"] is not None:
            margin = f"{verdict['margin']:+.3f} {UNITS.get(verdict['metric'], verdict['metric'].upper())}"
            limits = f"{verdict['low']:+.3f} … {verdict['high']:+.3f}"
        cells = [
            f"**{id}**" if verdict["mechanism"] else id,
            verdict["claim"],
            verdict["testset"],
            verdict["a"],
            verdict["b"],
            margin,
            limits,
            f"n/a: {verdict['reason']}" if verdict["reason"] else _word(verdict),
            run_counts(verdict),
        ]
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def run_counts(verdict: Mapping[str, Any]) -> str:
    """Return "7 / 2 / 0": the runs in which a claim holds, is not resolved, does not hold."""
    undecided = verdict["runs"] - verdict["holding"] - verdict["failing"]
    return f"{verdict['holding']} / {undecided} / {verdict['failing']}"


def _word(verdict: Mapping[str, Any]) -> str:
    return WORDS.get(verdict["holds"], "not resolved")
