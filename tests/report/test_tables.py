from __future__ import annotations

import math

import pandas as pd
import pytest

from focus.errors import FocusError
from focus.registry.tables import TABLES
from focus.report.results import load_results
from focus.report.tables import build_tables, equal_weight_mean_std, read_paper_table

ALL = (1, 2, 3, 4, 5)
COLUMNS = {
    1: "method,testset,rmse_mean,rmse_std,images,source",
    2: "method,split,median_mm,mean_mm,std_mm,images,source",
    3: "method,subset,median_mm,mean_mm,std_mm,images,source",
    4: "method,subset,acc,ppv,tpr,f1_mean,f1_std,images,source",
    5: "method,subset,acc,ppv,tpr,f1_mean,f1_std,now_median_mm,now_mean_mm,now_std_mm,images,source",
}


def cell(frame: pd.DataFrame, method: str, value: str, column: str, source: str = "run") -> float:
    key = frame.columns[1]
    row = frame[(frame["method"] == method) & (frame[key] == value) & (frame["source"] == source)]
    assert len(row) == 1
    return float(row[column].iloc[0])


@pytest.mark.parametrize(("number", "rows"), [(1, 24), (2, 13), (3, 18), (4, 9), (5, 21)])
def test_every_row_of_the_paper_is_there(number, rows):
    """A value that the paper prints is missing from its table."""
    frame = read_paper_table(number)
    assert len(frame) == rows
    assert (frame["source"] == "paper").all()
    assert ",".join(frame.columns) == COLUMNS[number]


@pytest.mark.parametrize(
    ("number", "method", "value", "column", "printed"),
    [
        (1, "MoFA", "CelebA-Overall", "rmse_mean", 8.99),
        (1, "FOCUS", "AR-Overall", "rmse_std", 0.35),
        (1, "Deep3D", "CelebA-Occluded", "images", 750),
        (2, "MGCNet", "test", "std_mm", 2.63),
        (2, "Wood et al.", "test", "median_mm", 1.02),
        (2, "3DMM-CNN", "test", "mean_mm", 2.33),
        (3, "Backbone-Supervised", "Occluded", "median_mm", 1.05),
        (3, "FOCUS-MP", "Unoccluded", "std_mm", 1.02),
        (4, "Egger et al.", "Scarf", "f1_mean", 0.86),
        (4, "Deep3D", "Scarf", "ppv", 0.80),
        (5, "Pretrained", "AR-scarf", "f1_std", 0.07),
        (5, "FOCUS-MP", "NoW", "now_median_mm", 1.03),
        (5, "Perceptual", "AR-glasses", "tpr", 0.87),
    ],
)
def test_paper_figures(number, method, value, column, printed):
    """A value of the paper was copied wrongly."""
    assert cell(read_paper_table(number), method, value, column, "paper") == printed


def test_paper_methods_are_named_as_everywhere():
    """Another program cannot find a method by its name (Table 5's FOCUS-MF is FOCUS-MP)."""
    names = {name for number in ALL for name in read_paper_table(number)["method"]}
    assert names == {
        "MoFA", "Backbone", "Backbone-Supervised", "Backbone-cutmix", "Backbone-cutout", "Deep3D", "Pretrained",
        "Baseline", "Neighbor", "Perceptual", "FOCUS", "FOCUS-MP", "MICA", "DECA", "RingNet", "SynergyNet", "MGCNet",
        "PRNet", "3DMM-CNN", "Wood et al.", "Dib et al.", "3DDFA V2", "Egger et al.",
    }  # fmt: skip


def test_overall_of_the_paper_is_the_equal_weight_mean():
    """CelebA-Overall is computed otherwise than the paper's own values are (within their rounding)."""
    table = read_paper_table(1)
    for method in table["method"].unique():
        parts = [
            tuple(cell(table, method, f"CelebA-{s}", column, "paper") for column in ("rmse_mean", "rmse_std"))
            for s in ("Unoccluded", "Occluded")
        ]
        mean, std = equal_weight_mean_std(parts)
        assert mean == pytest.approx(cell(table, method, "CelebA-Overall", "rmse_mean", "paper"), abs=0.0051)
        assert std == pytest.approx(cell(table, method, "CelebA-Overall", "rmse_std", "paper"), abs=0.011)


def test_table1_by_hand(two_methods):
    """Mean, std (ddof 0), the overall rows or the AR set of Table 1 are wrong."""
    frame = build_tables(two_methods, {"Poor": ALL})[1]
    assert cell(frame, "Poor", "CelebA-Unoccluded", "rmse_mean") == 9
    assert cell(frame, "Poor", "CelebA-Unoccluded", "rmse_std") == 1
    assert cell(frame, "Poor", "CelebA-Occluded", "rmse_mean") == 13
    assert cell(frame, "Poor", "CelebA-Occluded", "rmse_std") == pytest.approx(math.sqrt(5))
    assert cell(frame, "Poor", "CelebA-Overall", "rmse_mean") == 11
    assert cell(frame, "Poor", "CelebA-Overall", "rmse_std") == pytest.approx(math.sqrt((1 + 5) / 2 + 2**2))
    assert cell(frame, "Poor", "CelebA-Pooled", "rmse_mean") == pytest.approx(70 / 6)
    assert cell(frame, "Poor", "CelebA-Pooled", "images") == 6
    assert cell(frame, "Poor", "AR-Overall", "rmse_mean") == 5.5
    assert cell(frame, "Poor", "AR-Overall", "images") == 6  # side lights are not in it


def test_now_tables_are_the_pooled_figures(two_methods):
    """Tables 2, 3, 5 print something else than the errors pooled over scan points."""
    tables = build_tables(two_methods, {"Good": ALL})
    assert cell(tables[2], "Good", "validation", "median_mm") == 1.25
    assert cell(tables[3], "Good", "Occluded", "std_mm") == 1.5
    assert cell(tables[3], "Good", "Unoccluded", "images") == 2
    assert cell(tables[5], "Good", "NoW", "now_mean_mm") == 1.5
    assert math.isnan(cell(tables[5], "Good", "NoW", "f1_mean"))


def test_score_tables_by_hand(two_methods):
    """Scores of Tables 4 and 5 are not means over images, or F1's std is not ddof 0."""
    tables = build_tables(two_methods, {"Good": ALL})
    assert cell(tables[4], "Good", "Glasses", "f1_mean") == pytest.approx(0.8)
    assert cell(tables[4], "Good", "Glasses", "f1_std") == pytest.approx(0.1)
    assert cell(tables[4], "Good", "Scarf", "ppv") == 0.25
    assert cell(tables[5], "Good", "AR-unoccluded", "f1_mean") == pytest.approx(0.9)
    assert math.isnan(cell(tables[5], "Good", "AR-unoccluded", "now_mean_mm"))


def test_methods_and_order_are_data(two_methods):
    """A method's tables or the order of rows do not follow the mapping given."""
    tables = build_tables(two_methods, {"Good": [4], "Poor": [4, 5]})
    assert list(tables[4].query("source == 'run'")["method"].unique()) == ["Good", "Poor"]
    assert list(tables[5].query("source == 'run'")["method"].unique()) == ["Poor"]
    assert not (tables[1]["source"] == "run").any()
    assert all(",".join(tables[number].columns) == COLUMNS[number] for number in TABLES)


def test_missing_with_reason_keeps_its_rows(two_methods):
    """A missing asset makes rows vanish instead of leaving them empty with their reason."""
    methods = {"Poor": [4], "Egger-like": [4]}
    frame = build_tables(two_methods, methods, missing={"Egger-like": "not run"})[4]
    rows = frame[frame["method"] == "Egger-like"]
    assert list(rows["subset"]) == ["Unoccluded", "Glasses", "Scarf"]
    assert rows[["acc", "ppv", "tpr", "f1_mean", "f1_std"]].isna().all(axis=None)
    assert (rows["images"] == 0).all()


def test_missing_testset(write_method, rows):
    """A missing data set takes more rows with it than its own, or fewer."""
    folder = write_method("M", rows("CelebA", "unoccluded", "rmse", [1.0, 3.0]))
    frame = build_tables(load_results([folder]), {"M": [1]}, missing={"AR": "AR masks missing"})[1]
    run = frame[frame["source"] == "run"].set_index("testset")
    assert list(run.index) == ["CelebA-Unoccluded", "AR-Overall"]
    assert run["rmse_mean"].isna().tolist() == [False, True]


def test_silent_gap_is_refused(two_methods):
    """A method listed in a table but never evaluated is left out silently."""
    with pytest.raises(FocusError, match=r"table 4: 'MoFA' has no values on AR; expected results, or a reason"):
        build_tables(two_methods, {"MoFA": [4]})


def test_external_rows(write_method, rows, two_methods):
    """Other people's predictions do not reach the tables they have values for."""
    folder = write_method("DECA", rows("AR", "glasses", "f1", [0.5, 0.7]), folder="external")
    results = load_results([], [folder])
    tables = build_tables(results, {}, now_test={"DECA": {"median": 1.09, "mean": 1.38, "std": 1.18}})
    assert cell(tables[4], "DECA", "Glasses", "f1_mean", "external") == pytest.approx(0.6)
    assert cell(tables[2], "DECA", "test", "median_mm", "external") == 1.09
    assert cell(tables[2], "DECA", "test", "median_mm", "paper") == 1.09
    assert not (tables[1]["source"] == "external").any()
    with pytest.raises(FocusError, match=r"external.now_test.DECA: std missing"):
        build_tables(results, {}, now_test={"DECA": {"median": 1.0, "mean": 1.0}})


def test_images_without_a_score_do_not_count(write_method, rows):
    """An image that could not be scored drags a mean down or counts among the images."""
    folder = write_method("M", rows("AR", "scarf", "f1", [0.4, float("nan"), 0.6]))
    frame = build_tables(load_results([folder]), {"M": [4]})[4]
    assert cell(frame, "M", "Scarf", "f1_mean") == 0.5
    assert cell(frame, "M", "Scarf", "images") == 2


def test_pooled_row_only_where_subsets_differ_in_size(write_method, rows):
    """Table 1 would print the same values twice."""
    made = rows("CelebA", "unoccluded", "rmse", [8, 10]) + rows("CelebA", "occluded", "rmse", [10, 12])
    found = load_results([write_method("A", made)])
    frame = build_tables(found, {"A": [1]}, missing={"AR": "none"})[1].query("source == 'run' and images > 0")
    assert list(frame["testset"]) == [
        "CelebA-Unoccluded", "CelebA-Occluded", "CelebA-Overall"
    ]  # fmt: skip
