"""Fill the blocks `<!-- results: NAME -->` … `<!-- end -->` of DOCUMENTS from results/, or say that they differ.

python scripts/readme.py            # writes
python scripts/readme.py --check    # exits with 1 where a document shows another run's values
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from focus.registry.metrics import METRICS
from focus.registry.tables import HEADLINE, TABLES
from focus.report.claims_text import run_counts
from focus.report.score import scores

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- results: (\w+) -->\n)(.*?)(<!-- end -->)", re.S)
DOCUMENTS = ("README.md", "docs/results.md", "docs/paper-vs-released.md", "docs/photographs.md", "docs/metrics.md")
FIGURES = {name: f".{METRICS[column.metric].decimals}f" for name, (_, column) in HEADLINE.items()}
"""Columns of results/headline.json as the documents print them."""
OUTCOME = {True: "holds", False: "does not hold"}


def run_tables(results: Path) -> str:
    """Return the heading of each table and the run's own part of it."""
    parts = []
    for number in TABLES:
        text = (results / f"tables/table{number}.md").read_text()
        parts.append(f"{text.splitlines()[0]}\n\n{text[text.index('**run**') :].strip()}\n")
    return "\n".join(parts)


def score(results: Path) -> str:
    """Return how the run's order of methods agrees with the paper's, table by table (focus/report/score.py)."""
    lines = [
        "| table | images | column | methods | Kendall's tau | differences with the paper's sign |",
        "|---:|---|---|---:|---:|---:|",
    ]
    same = pairs = 0
    for number, table in TABLES.items():
        for each in scores(table, pd.read_csv(results / f"tables/table{number}.csv")):
            tau = f"{each.tau:+.2f}" if math.isfinite(each.tau) else ""
            cells = [number, each.group, each.column, each.methods, tau, f"{each.same} of {each.pairs}"]
            lines.append(f"| {' | '.join(map(str, cells))} |")
            same, pairs = same + each.same, pairs + each.pairs
    return "\n".join([*lines, "", f"In all {same} of {pairs} differences ({same / pairs:.0%}; by chance 50 %)."]) + "\n"


def claims(results: Path) -> str:
    """Return how many claims came out how on the run of the tables, and those that test the mechanism."""
    verdicts = json.loads((results / "claims.json").read_text())
    counts = Counter(str(verdict["holds"]) for verdict in verdicts)
    lacking = len(verdicts) - counts["True"] - counts["False"] - counts["not resolved"]
    mechanism = [verdict["holds"] for verdict in verdicts if verdict.get("mechanism")]
    counted = (
        f"Of {len(verdicts)} comparisons {counts['True']} hold, {counts['False']} do not, {counts['not resolved']} are "
        f"not resolved at this size, {lacking} lack data; of the {len(mechanism)} that test the mechanism "
        f"{mechanism.count(True)} hold:"
    )
    head = ["| claim | test set | margin | 95 % interval | |", "|---|---|---:|---:|---|"]
    return "\n".join([counted, "", *head, *mechanism_lines(verdicts)]) + "\n"


def mechanism_lines(verdicts: list[dict]) -> Iterator[str]:
    """Yield a row for each claim that tests the mechanism and has data, with the counts of a study's runs."""
    for verdict in verdicts:
        if verdict.get("mechanism") and verdict["margin"] is not None:
            interval = f"{verdict['low']:+.3f} … {verdict['high']:+.3f}"
            outcome = OUTCOME.get(verdict["holds"], verdict["holds"])
            cells = [verdict["claim"], verdict["testset"], f"{verdict['margin']:+.3f}", interval, outcome]
            yield f"| {' | '.join(cells + ([run_counts(verdict)] if 'runs' in verdict else []))} |"


def ablations(results: Path) -> str:
    """Return results/experiments.csv, one row per variant, as a table."""
    table = pd.read_csv(results / "experiments.csv", dtype=str, keep_default_na=False)
    return table.to_markdown(index=False, disable_numparse=True) + "\n"


def worlds(results: Path) -> str:
    """Return how many claims came out how over all runs of results/worlds, and those that test the mechanism."""
    verdicts = json.loads((results / "worlds/claims.json").read_text())
    counts = Counter(str(verdict["holds"]) for verdict in verdicts)
    note = (results / "worlds/claims.md").read_text().splitlines()[0].strip("*").rpartition("; ")
    lines = [
        f"{note[0].rpartition('; ')[2]}; {note[2]}. Of {len(verdicts)} comparisons {counts['True']} hold, "
        f"{counts['False']} do not, {counts['not resolved']} are not resolved. Those that test the mechanism itself "
        "(runs: in how many, taken alone, it holds / is not resolved / does not hold):",
        "",
        "| claim | test set | margin | 95 % interval | | runs |",
        "|---|---|---:|---:|---|---:|",
    ]
    return "\n".join([*lines, *mechanism_lines(verdicts)]) + "\n"


def switches(results: Path) -> str:
    """Return what each switch of the method does in a short training, and the paper's form to the letter."""
    table = pd.read_csv(results.parent / "benchmarks/results/sensitivity.csv")
    table = table[table["group"].isin(["reference", "switch", "printed"])]
    lines = [
        "| run | F1 unoccluded | glasses | scarf | RMSE CelebA-Unoccluded | CelebA-Occluded | AR | NoW median, mm |",
        f"|---|{'---:|' * len(FIGURES)}",
    ]
    for _, row in table.iterrows():
        name = row["name"] if row["group"] != "switch" else f"`{row['name']}`: {row['value']}"
        lines.append(f"| {name} | {' | '.join(format(row[column], digits) for column, digits in FIGURES.items())} |")
    return "\n".join(lines) + "\n"


def length(results: Path) -> str:
    """Return what an initialisation that is four times as long makes of FOCUS, beside the run and the mean face."""
    table = pd.read_csv(results.parent / "benchmarks/results/sensitivity.csv")
    longer = table[table["group"] == "length"].iloc[0]
    medians = pd.read_csv(results / "tables/now_shares.csv", index_col="method")["median_mm"]
    mean = medians["mean face"]
    lines = [
        "| | F1 glasses | scarf | RMSE CelebA-Occluded | AR | NoW median, mm | below the mean face |",
        "|---|---:|---:|---:|---:|---:|---:|",
        f"| mean face | | | | | {mean:.4f} | |",
    ]
    shown = ("ar_f1_glasses", "ar_f1_scarf", "celeba_rmse_occluded", "ar_rmse")
    runs = {"default": json.loads((results / "headline.json").read_text()), "value": longer}
    for steps, figures in runs.items():
        cells = [f"FOCUS, {float(longer[steps]):,.0f} steps", *(format(figures[name], FIGURES[name]) for name in shown)]
        median = figures["now_median"]
        lines.append(f"| {' | '.join(cells)} | {median:.4f} | {100 * (1 - median / mean):.1f} % |")
    return "\n".join(lines) + "\n"


def rmse_readings(results: Path) -> str:
    """Return what each reading of Table 1's RMSE makes of the run (`scripts/rmse_readings.py`)."""
    return (results.parent / "benchmarks/results/rmse_readings.md").read_text()


def photographs(results: Path) -> str:
    """Return what the photo tool did on drawn people, by skin tone and occluder (`benchmarks/photographs.py`)."""
    measured = json.loads((results.parent / "benchmarks/results/photographs.json").read_text())
    found, modes = measured["finding"], {name: value for name, value in measured.items() if name.startswith("fit ")}
    cells = [["people", "found", "found points off"], ["---", *["---:"] * (2 + 2 * len(modes))]]
    cells[0] += [f"`--{mode}`: {what}" for mode in modes for what in ("points off", "verdict right")]
    for name, figures in found.items():
        of_modes = [cell for mode in modes.values() for cell in _photograph_cells(mode.get(name))]
        who, many = name.replace("occluder none", "no occluder"), f"{figures['found']} of {figures['people']}"
        cells.append([who, many, _percent(figures["inner_points_off_percent"]), *of_modes])
    told = [f"{found['all']['people']} people.", *(_photograph_sentences(*mode) for mode in modes.items())]
    return "\n\n".join(told) + "\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _photograph_sentences(mode: str, refined: dict) -> str:
    occluded, follows = refined["occluded"], refined["follows"]
    return " ".join([
        f"`--{mode}`: the model's 68 points lie within {refined['points_within_percent_of_found']:.1f} % of those",
        f"found (median). Head turn: slope {refined['turn_slope_against_truth']:.2f} against the true turn,",
        f"{refined['turn_slope_against_points']:.2f} against the found points' own,",
        f"{refined['turn_error_degrees']:.1f} degrees off (median).",
        f"Occluded or not: AUC {occluded['auc']:.2f}, balanced accuracy {occluded['balanced_accuracy']:.2f}",
        f"at the threshold {occluded['threshold']:.3f};",
        f"the best threshold for these very people would have {occluded['best_possible']:.2f}.",
        f"Correlation with the truth: mouth opening {follows['mouth_opening']:.2f},",
        f"eye opening {follows['eye_opening']:.2f}, the skin's lightness {follows['skin_lightness']:.2f}.",
    ])  # fmt: skip


def _photograph_cells(refined: dict | None) -> list[str]:
    refined = refined or {"inner_points_off_percent": None, "verdict_right": None}
    right = refined["verdict_right"]
    return [_percent(refined["inner_points_off_percent"]), "" if right is None else f"{right:.0%}"]


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} %"


BLOCKS: dict[str, Callable[[Path], str]] = {
    "tables": run_tables,
    "score": score,
    "claims": claims,
    "worlds": worlds,
    "ablations": ablations,
    "switches": switches,
    "length": length,
    "rmse_readings": rmse_readings,
    "photographs": photographs,
}


def filled(text: str, results: Path) -> str:
    """Return a document's text with every block as `results` has it."""
    return BLOCK.sub(lambda found: f"{found[1]}{BLOCKS[found[2]](results)}{found[4]}", text)


def main() -> None:
    """Write the documents, or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a document is behind")
    check = parser.parse_args().check
    for name in DOCUMENTS:
        text = (ROOT / name).read_text()
        new = filled(text, ROOT / "results")
        if check and new != text:
            sys.exit(f"{name}: shows other figures than results/; mend with `python scripts/readme.py`")
        if not check:
            (ROOT / name).write_text(new)


if __name__ == "__main__":
    main()
