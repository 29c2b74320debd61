from __future__ import annotations

import re

import pandas as pd
import pytest

from focus.errors import FocusError
from focus.report.layout import blocks
from focus.report.tables import build_tables, read_paper_table
from focus.report.write import latex, markdown, write_table

NOTE = "run: profile demo, embedded (emulated) data — not results on real faces"


@pytest.fixture
def tables(two_methods):
    missing = {"Egger-like": "AR masks missing"}
    methods = {"Poor": (1, 2, 3, 4, 5), "Good": (1, 2, 3, 4, 5), "Egger-like": (4,)}
    return build_tables(two_methods, methods, missing=missing), missing


def md(number, frame, missing=None, references=()):
    return markdown(number, blocks(number, frame, missing or {}, references), NOTE)


def csv_of(folder, number, frame):
    write_table(folder, number, frame, NOTE)
    return (folder / f"table{number}.csv").read_text()


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        (
            1,
            [
                "| Testset | MoFA | Backbone-Supervised | Backbone-cutmix | Backbone-cutout | Deep3D | FOCUS |",
                "| CelebA-Occluded | 9.20 ± 0.45 | 9.01 ± 0.45 | 9.04 ± 0.44 | 8.99 ± 0.45 | 8.79 ± 0.45 "
                "| **8.71 ± 0.48** |",
            ],
        ),
        (2, ["| MICA | **0.90** | **1.11** | **0.92** |", "| FOCUS-MP | 1.02 | 1.28 | 1.09 |"]),
        (
            3,
            [
                "| Method | Unoccluded Subset |  |  | Occluded Subset |  |  |",
                "| Backbone-Supervised | **1.02** | 1.25 | 1.04 | **1.05** | **1.29** | **1.09** |",
                "| FOCUS-MP | **1.02** | **1.24** | **1.02** | 1.08 | 1.34 | 1.20 |",
            ],
        ),
        (
            4,
            [
                "| Egger et al. | - | - | - | 0.90 | - | - | - | 0.87 | - | - | - | 0.86 |",
                "| FOCUS | **0.88** | **0.96** | 0.91 | **0.93 ± 0.03** | **0.88** | **0.98** | 0.85 | 0.91 ± 0.04 "
                "| **0.86** | **0.97** | 0.81 | **0.88 ± 0.05** |",
            ],
        ),
        (
            5,
            [
                "| Method | AR-unoccluded |  |  |  | AR-glasses |  |  |  | AR-scarf |  |  |  "
                "| NoW Evaluation Set |  |  |",
                "| FOCUS-MP | - | - | - | - | - | - | - | - | - | - | - | - | **1.03** | **1.29** | **1.12** |",
            ],
        ),
    ],
)
def test_paper_block_looks_like_the_paper(number, lines):
    """The paper's own table, its grouping or its bold values come out otherwise than printed."""
    text = md(number, read_paper_table(number))
    for line in lines:
        assert line in text.splitlines()


def test_each_source_has_its_own_block_and_best(tables):
    """The run is judged against the paper's values, or a reader cannot tell them apart."""
    text = md(1, tables[0][1])
    assert re.findall(r"^\*\*(paper|run|external)\*\*", text, re.M) == ["paper", "run"]
    assert "| CelebA-Unoccluded | 9.00 ± 1.00 | **8.00 ± 1.00** |" in text
    assert "| CelebA-Pooled | 11.67 ± 2.69 | **10.67 ± 2.69** |" in text
    assert "CelebA-Occluded 4, CelebA-Overall 6" in text
    assert text.count(NOTE) == 1


def test_reason_is_printed_in_place_of_figures(tables):
    """A missing asset leaves a reader without its reason."""
    frames, missing = tables
    reason = "n/a: AR masks missing"
    parts = blocks(4, frames[4], missing)
    assert f"| Egger-like | {reason} |  |  |  | {reason} |  |  |  | {reason} |  |  |  |" in markdown(4, parts, NOTE)
    assert f"Egger-like & \\multicolumn{{4}}{{l}}{{{reason}}} &" in latex(4, parts, NOTE)


def test_references_are_printed_but_not_best(tables):
    """A reference row such as all-ones takes the bold values from the methods."""
    text = md(4, tables[0][4], references=["Good"])
    row = next(line for line in text.splitlines() if line.startswith("| *Good*"))
    assert "**" not in row
    assert "| 0.90 ± 0.10 |" in row


def test_single_method_is_not_best(two_methods):
    """The only method of a block is marked best."""
    text = md(2, build_tables(two_methods, {"Good": [2]})[2])
    assert "| Good | 1.25 | 1.50 | 1.12 |" in text


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_latex_is_well_formed(tables, number):
    """LaTeX does not compile: braces or environments do not pair, or a row has too many or too few cells."""
    frames, missing = tables
    text = latex(number, blocks(number, frames[number], missing), NOTE + " 5 % & a_b #1")
    body = re.sub(r"\\[{}%&#_]", "", "\n".join(text.splitlines()[1:]).replace("{%\n", "{\n"))
    assert body.count("{") == body.count("}")
    assert "%" not in body
    for name in ("table*", "tabular"):
        assert body.count(f"\\begin{{{name}}}") == body.count(f"\\end{{{name}}}")
    for tabular in re.findall(r"\\begin\{tabular\}\{(.*?)\}\n(.*?)\\end\{tabular\}", body, re.S):
        width = len(tabular[0])
        for line in tabular[1].splitlines():
            if line.endswith("\\\\"):
                spans = re.findall(r"\\multicolumn\{(\d+)\}", line)
                assert line.count("&") + 1 + sum(int(n) - 1 for n in spans) == width
    assert "---" in text
    assert "—" not in text
    assert "±" not in text


def test_csv_is_exact(tables, tmp_path):
    """The CSV's columns, decimals or empty cells change."""
    lines = csv_of(tmp_path, 5, tables[0][5]).splitlines()
    assert lines[0] == ("method,subset,acc,ppv,tpr,f1_mean,f1_std,now_median_mm,now_mean_mm,now_std_mm,images,source")
    assert "FOCUS-MP,NoW,,,,,,1.0300,1.2900,1.1200,352,paper" in lines
    assert "Good,AR-glasses,0.5000,0.2500,0.7500,0.8000,0.1000,,,,2,run" in lines
    assert "Good,NoW,,,,,,1.2500,1.5000,1.1250,4,run" in lines
    assert "MoFA,CelebA-Overall,8.9900,0.4700,,paper" in csv_of(tmp_path, 1, tables[0][1])


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_files_are_the_same_bytes_each_time(tables, number, tmp_path):
    """A table written again has other bytes, so DVC sees a change where there is none."""
    frames, missing = tables
    for name in ("one", "two"):
        write_table(tmp_path / name, number, frames[number], NOTE, missing)
    written = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert written == [f"table{number}.csv", f"table{number}.md", f"table{number}.tex"]
    for name in written:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_csv_reads_back_as_it_was(tables, tmp_path):
    """A reader of the CSV gets other values than the frame held."""
    import io

    frame = tables[0][4]
    back = pd.read_csv(io.StringIO(csv_of(tmp_path, 4, frame)))
    assert back["f1_mean"].tolist() == pytest.approx(frame["f1_mean"].tolist(), abs=5e-5, nan_ok=True)


def test_wrong_frame_writes_nothing(tmp_path):
    """A frame that does not fit leaves half a table behind."""
    with pytest.raises(FocusError):
        write_table(tmp_path, 1, read_paper_table(1).assign(extra=1), NOTE)
    assert not list(tmp_path.iterdir())
