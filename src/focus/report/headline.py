"""The few values that `dvc exp show` puts in one row per variant."""

from __future__ import annotations

from focus.errors import FocusError
from focus.registry.tables import HEADLINE
from focus.report.results import Results
from focus.report.tables import value


def headline(results: Results, method: str, source: str = "run") -> dict[str, float | None]:
    """Return the values of HEADLINE of one method as the tables have them, to four decimals; None where it has none.

    Raises FocusError when the method has no results at all.
    """
    if method not in results.methods(source):
        raise FocusError(f"headline: no results of {method!r}; expected one of {', '.join(results.methods(source))}")
    values = {name: value(results, source, method, *which) for name, which in HEADLINE.items()}
    return {name: None if each is None else round(float(each[0]), 4) for name, each in values.items()}
