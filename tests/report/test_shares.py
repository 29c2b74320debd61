"""The share of the way from the mean face to the best fit."""

import pandas as pd
import pytest

from focus.files import write_csv
from focus.report.results import load_results
from focus.report.shares import COLUMNS, now_shares


@pytest.fixture
def found(write_method, rows):
    """Results of four methods with NoW medians of 1, 0.2, 0.8 and 1.2 mm."""
    folders = []
    for name, median in (("mean face", 1.0), ("best fit", 0.2), ("Good", 0.8), ("Poor", 1.2)):
        pooled = {"all": {"median": median, "mean": 1.0, "std": 0.1, "images": 2}}
        folders.append(write_method(name, rows("NoW", "none", "now_median", [median, median], points=9), pooled))
    return load_results(folders)


def test_shares_by_hand(found):
    """A method that is worse than no look at the image would seem to have come some of the way."""
    frame = now_shares(found, "mean face", "best fit")
    assert list(frame.columns) == COLUMNS
    assert dict(zip(frame["method"], frame["share"], strict=True)) == pytest.approx(
        {"mean face": 0, "best fit": 1, "Good": 0.25, "Poor": -0.25}
    )


def test_without_both_ends_there_is_no_share(found):
    """A run without references would fail, or print a share of nothing."""
    frame = now_shares(found, "mean face", "absent")
    assert len(frame) == 4 and frame["share"].isna().all()


def test_without_now_the_file_is_empty_but_whole(write_method, rows, tmp_path):
    """A user without NoW could not build the page."""
    found = load_results([write_method("A", rows("AR", "scarf", "f1", [1.0]))])
    write_csv(tmp_path / "shares.csv", now_shares(found, "mean face", "best fit"), "%.4f")
    frame = pd.read_csv(tmp_path / "shares.csv")
    assert list(frame.columns) == COLUMNS
