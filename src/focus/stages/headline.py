"""A few values of the variant named in ablation.variant, one row of `dvc exp show`."""

from __future__ import annotations

from dataclasses import dataclass

from focus.files import write_json
from focus.report.tables import headline
from focus.settings import Ablation, StageSettings
from focus.stages import paths
from focus.stages.common import results
from focus.stages.runner import run


@dataclass(frozen=True, kw_only=True)
class Settings(StageSettings):
    """What the stage reads."""

    ablation: Ablation


def work(settings: Settings) -> None:
    """Write results/headline.json."""
    name = settings.ablation.variant
    write_json(paths.RESULTS / "headline.json", headline(results([name]), name))


if __name__ == "__main__":
    run("headline", Settings, work)
