"""The few figures that `dvc exp show` puts in one row per variant."""

from __future__ import annotations

from focus.errors import FocusError
from focus.report.results import Results
from focus.report.tables import table1_rows, table2_rows, table4_rows


def headline(results: Results, method: str, source: str = "run") -> dict[str, float | None]:
    """Return AR F1 on three subsets, RMSE (0..255) on CelebA and AR, and NoW's pooled median (mm) of one method.

    The figures are those of Tables 1, 2 and 4, rounded to four decimals; None where the method has none.
    Raises FocusError when the method has no results at all.
    """
    if method not in results.methods(source):
        raise FocusError(f"headline: no results of {method!r}; expected one of {', '.join(results.methods(source))}")
    f1 = {str(row["subset"]): row["f1_mean"] for row in table4_rows(results, source, method)}
    rmse = {str(row["testset"]): row["rmse_mean"] for row in table1_rows(results, source, method)}
    now = {str(row["split"]): row["median_mm"] for row in table2_rows(results, source, method)}
    figures = {
        "ar_f1_unoccluded": f1.get("Unoccluded"),
        "ar_f1_glasses": f1.get("Glasses"),
        "ar_f1_scarf": f1.get("Scarf"),
        "celeba_rmse_unoccluded": rmse.get("CelebA-Unoccluded"),
        "celeba_rmse_occluded": rmse.get("CelebA-Occluded"),
        "ar_rmse": rmse.get("AR-Overall"),
        "now_median": now.get("validation"),
    }
    return {name: None if value is None else round(float(value), 4) for name, value in figures.items()}
