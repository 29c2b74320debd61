from __future__ import annotations

import pytest

from focus.errors import FocusError
from focus.report.results import load_results
from focus.report.tables import headline


def test_headline(two_methods):
    """`dvc exp show` compares variants by other values than the tables'."""
    assert headline(two_methods, "Poor") == {
        "ar_f1_unoccluded": 0.8,
        "ar_f1_glasses": 0.7,
        "ar_f1_scarf": 0.6,
        "celeba_rmse_unoccluded": 9.0,
        "celeba_rmse_occluded": 13.0,
        "ar_rmse": 5.5,
        "now_median": 1.25,
    }


def test_headline_with_gaps(write_method, rows):
    """A variant without NoW has a wrong value there instead of none."""
    results = load_results([write_method("M", rows("AR", "scarf", "f1", [0.25, 0.75]))])
    figures = headline(results, "M")
    assert figures["ar_f1_scarf"] == 0.5
    assert figures["now_median"] is None
    with pytest.raises(FocusError, match="headline: no results of 'FOCUS'"):
        headline(results, "FOCUS")
