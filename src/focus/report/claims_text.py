"""The verdicts on claims as a Markdown table: those of one run, or of a study of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from focus.registry.metrics import metric
from focus.report.verdicts import NOT_RESOLVED

WORDS: dict[object, str] = {True: "yes", False: "no", None: "n/a"}
RUN_COLUMNS = ("id", "claim", "table", "test set", "a", "b", "margin", "95 % interval", "images", "holds")
STUDY_COLUMNS = ("id", "claim", "test set", "a", "b", "margin", "95 % interval", "holds", "runs")
NUMBERS = ("table", "margin", "95 % interval", "images", "runs")
PEOPLE = "on NoW and AR over people with all their images"
RUN_NOTE = f"Margin: positive = the claim holds; 95 % bootstrap interval over images, {PEOPLE}."
STUDY_NOTE = (
    "Margin: mean over worlds and seeds, positive = it holds; 95 % bootstrap interval over worlds, seeds and images, "
    f"{PEOPLE}. Runs: in how many of them, taken alone, the claim holds / is not resolved / does not hold."
)


def claims_markdown(verdicts: Sequence[Mapping[str, Any]], note: str, study: bool = False) -> str:
    """Return the claims as a Markdown table, `note` (data and profile) above it; mechanism claims have bold ids.

    verdicts: as `verdicts.evaluate_claims` returns them, or `worlds.claims.evaluate` for a study.
    """
    words = [_word(verdict) for verdict in verdicts]
    counted = {"hold": "yes", "do not": "no", NOT_RESOLVED: NOT_RESOLVED, **({} if study else {"without data": "n/a"})}
    counts = ", ".join(f"{words.count(word)} {text}" for text, word in counted.items())
    columns = STUDY_COLUMNS if study else RUN_COLUMNS
    rows = ([str(_cells(verdict)[name]).replace("|", "\\|") for name in columns] for verdict in verdicts)
    lines = [
        f"*{note}*",
        "",
        f"{len(verdicts)} comparisons: {counts}. {STUDY_NOTE if study else RUN_NOTE} "
        "Bold: claims that test the mechanism itself.",
        "",
        f"| {' | '.join(columns)} |",
        f"|{'|'.join('---:' if name in NUMBERS else '---' for name in columns)}|",
    ]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _cells(verdict: Mapping[str, Any]) -> dict[str, object]:
    """Return column -> cell."""
    measure, id, word = metric(verdict["metric"]), f"`{verdict['id']}`", _word(verdict)
    margin = limits = ""
    if verdict["margin"] is not None:
        margin = f"{measure.difference(verdict['margin'])} {measure.unit}"
        limits = f"{measure.difference(verdict['low'])} … {measure.difference(verdict['high'])}"
    return {
        "id": f"**{id}**" if verdict["mechanism"] else id,
        "claim": verdict["claim"],
        "table": verdict["table"] or "",
        "test set": verdict["testset"],
        "a": verdict["a"],
        "b": verdict["b"],
        "margin": margin,
        "95 % interval": limits,
        "images": verdict["images"] or "",
        "holds": f"{word}: {verdict['reason']}" if verdict["reason"] else word,
        "runs": run_counts(verdict) if "runs" in verdict else "",
    }


def run_counts(verdict: Mapping[str, Any]) -> str:
    """Return "7 / 2 / 0": the runs of a study in which a claim holds, is not resolved, does not hold."""
    undecided = verdict["runs"] - verdict["holding"] - verdict["failing"]
    return f"{verdict['holding']} / {undecided} / {verdict['failing']}"


def _word(verdict: Mapping[str, Any]) -> str:
    return WORDS.get(verdict["holds"], NOT_RESOLVED)
