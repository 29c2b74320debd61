"""Tables as files: CSV for programs, Markdown and LaTeX that look like the paper's tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path

import pandas as pd

from focus.files import write_csv, write_text
from focus.registry.tables import TABLES
from focus.report.layout import Block, Cell, blocks
from focus.report.schemas import SCHEMAS, check

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "±": r"$\pm$", "—": "---", "…": r"\ldots{}",
}  # fmt: skip


def write_table(
    folder: Path,
    number: int,
    frame: pd.DataFrame,
    note: str,
    missing: Mapping[str, str] | None = None,
    references: Collection[str] = (),
) -> None:
    """Write `folder`/table<number>.csv, .md and .tex, each whole or not at all and the same bytes for the same frame.

    note: one line that says on which data and profile the run was made, e.g. "run: profile demo, embedded (emulated)
    data — not results on real faces". missing: as in `tables.build_tables`; its reasons are printed in place of
    values. references: methods that are printed but not compared (all-ones).
    Raises FocusError when `frame` does not fit the table's schema.
    """
    parts = blocks(number, frame, missing or {}, references)
    write_csv(folder / f"table{number}.csv", check(frame, SCHEMAS[number], f"table {number}"), "%.4f")
    write_text(folder / f"table{number}.md", markdown(number, parts, note))
    write_text(folder / f"table{number}.tex", latex(number, parts, note))


def markdown(number: int, parts: list[Block], note: str, caption: str | None = None) -> str:
    """Return Table `number` in Markdown, one table per source, best values bold; caption: the paper's unless given."""
    lines = [f"**Table {number}.** {caption or TABLES[number].caption}", "", f"*{note}*"]
    for part in parts:
        images = f" (images: {part.images})" if part.images else ""
        lines += ["", f"**{part.source}**{images}", "", *_markdown_block(part)]
    return "\n".join(lines) + "\n"


def latex(number: int, parts: list[Block], note: str) -> str:
    """Return Table `number` as a LaTeX table float (needs booktabs and graphicx), one tabular per source."""
    lines = [
        "% needs \\usepackage{booktabs,graphicx}",
        "\\begin{table*}",
        "\\centering",
        f"\\caption{{{_escape(TABLES[number].caption)} {_escape(note)}}}",
        f"\\label{{tab:{number}}}",
    ]
    for part in parts:
        images = f" (images: {part.images})" if part.images else ""
        title = f"\\textbf{{{part.source}}}{_escape(images)}\\\\[2pt]"
        lines += ["\\medskip", title, *_latex_block(part)]
    return "\n".join([*lines, "\\end{table*}"]) + "\n"


def _markdown_block(part: Block) -> list[str]:
    width = len(part.headings)

    def line(first: str, cells: list[str]) -> str:
        return "| " + " | ".join([first, *(cell.replace("|", "\\|") for cell in cells)]) + " |"

    rule = "|---|" + "---:|" * width
    names = [_markdown_name(heading, part) for heading in part.headings]
    if part.spans:
        spans = [text for heading, count in part.spans for text in [heading] + [""] * (count - 1)]
        lines = [line(part.corner, spans), rule, line("", [f"*{name}*" for name in part.headings])]
    else:
        lines = [line(part.corner, names), rule]
    return lines + [
        line(_markdown_name(name, part), [f"**{c.text}**" if c.best else c.text for c in cells])
        for name, cells in part.rows
    ]


def _markdown_name(name: str, part: Block) -> str:
    return f"*{name}*" if name in part.italic else name


def _latex_block(part: Block) -> list[str]:
    width = len(part.headings)
    lines = ["\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%"]
    lines += [f"\\begin{{tabular}}{{l{'r' * width}}}", "\\toprule"]
    if part.spans:
        lines += [" & ".join(["", *(f"\\multicolumn{{{n}}}{{c}}{{{_escape(h)}}}" for h, n in part.spans)]) + " \\\\"]
        ends, rules = 1, []
        for _, count in part.spans:
            rules.append(f"\\cmidrule(lr){{{ends + 1}-{ends + count}}}")
            ends += count
        lines.append("".join(rules))
    lines.append(" & ".join([part.corner, *(_latex_name(heading, part) for heading in part.headings)]) + " \\\\")
    lines.append("\\midrule")
    for name, cells in part.rows:
        lines.append(" & ".join([_latex_name(name, part), *_latex_cells(cells)]) + " \\\\")
    return [*lines, "\\bottomrule", "\\end{tabular}}", ""]


def _latex_cells(cells: list[Cell]) -> list[str]:
    """Return one row's cells; a reason spans the empty cells behind it."""
    made: list[str] = []
    starts = [k for k, cell in enumerate(cells) if cell != Cell()]
    for k, end in pairwise([*starts, len(cells)]):
        text = _escape(cells[k].text)
        if cells[k].note:
            text = f"\\multicolumn{{{end - k}}}{{l}}{{{text}}}"
        made.append(f"\\textbf{{{text}}}" if cells[k].best else text)
    return made


def _latex_name(name: str, part: Block) -> str:
    return f"\\textit{{{_escape(name)}}}" if name in part.italic else _escape(name)


def _escape(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
