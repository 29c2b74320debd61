"""A few figures of the variant named in ablation.variant, one row of `dvc exp show`."""

from __future__ import annotations

from types import SimpleNamespace

from focus.files import write_json
from focus.report.headline import headline
from focus.stages import paths
from focus.stages.common import results
from focus.stages.runner import run

SECTIONS = ()
PARAMS = ("ablation",)


def work(settings: SimpleNamespace) -> None:
    """Write results/headline.json."""
    name = settings.ablation.variant
    write_json(paths.RESULTS / "headline.json", headline(results([name]), name))


if __name__ == "__main__":
    run("headline", SECTIONS, PARAMS, work)
