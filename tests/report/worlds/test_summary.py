from __future__ import annotations

import pytest

from focus.report.worlds.summary import VALUE_COLUMNS, over_runs, table_blocks, values
from focus.report.write import markdown


def row(frame, **where):
    for column, value in where.items():
        frame = frame[frame[column] == value]
    (found,) = frame.to_dict("records")
    return found


def test_mean_and_std_by_hand(four_runs):
    """A table shows another mean or spread than that of the runs' values."""
    found = row(over_runs(1, four_runs), method="FOCUS", testset="AR-Overall")
    # means 11, 13, 21 and 25: 10, 12, 20 and 24, each plus the mean 1 of 0, 1, 2
    assert found["rmse_mean"] == pytest.approx(17.5)
    assert found["rmse_mean_sd"] == pytest.approx(((6.5**2 + 4.5**2 + 3.5**2 + 7.5**2) / 3) ** 0.5)
    assert (found["images"], found["runs"], found["source"]) == (9, 4, "run")
    now = row(over_runs(5, four_runs), method="FOCUS-MP", subset="NoW")
    assert now["now_median_mm"] == pytest.approx(1.65) and now["now_std_mm_sd"] == pytest.approx(0.0)


def test_every_value_is_in_the_tidy_frame(four_runs):
    """figures.csv lacks a run, or holds a value twice."""
    found = values(four_runs)
    assert list(found.columns) == VALUE_COLUMNS and not found.duplicated(VALUE_COLUMNS[:-1]).any()
    where = {"method": "Backbone", "table": 1, "testset": "CelebA-Occluded", "metric": "rmse_mean"}
    assert row(found, **where, world=1, seed=1)["value"] == pytest.approx(24 + 1 + 6)
    assert set(found["table"]) == {1, 2, 3, 4, 5} and found["value"].notna().all()


def test_stds_over_images_are_left_out(four_runs):
    """A spread over images would pass for one over runs."""
    assert list(over_runs(1, four_runs).columns)[2:4] == ["rmse_mean", "rmse_mean_sd"]
    assert {"f1_mean", "f1_mean_sd"} <= set(over_runs(4, four_runs)) and "f1_std" not in over_runs(4, four_runs)


def test_layout(four_runs):
    """The printed table lacks the paper's block, the spread or the best mark."""
    text = markdown(1, table_blocks(1, over_runs(1, four_runs)), "note", "Caption.")
    assert text.startswith("**Table 1.** Caption.\n\n*note*\n") and "**paper**" in text
    assert "| AR-Overall | 20.50 ± 8.66 | **17.50 ± 6.61** |" in text
    scores = markdown(5, table_blocks(5, over_runs(5, four_runs)), "note")
    assert "0.175 ± 0.066" in scores


def test_one_run_has_no_spread(make_run):
    """A single run would be printed with a spread of nan."""
    text = markdown(1, table_blocks(1, over_runs(1, [make_run(0, 0)])), "note")
    assert "| AR-Overall | 12.00 | **11.00** |" in text and "nan" not in text
