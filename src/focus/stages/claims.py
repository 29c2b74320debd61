"""The paper's claims held against this run's per-image values, each with a 95 % bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from focus.files import read_json, write_json, write_text
from focus.report.claims_text import claims_markdown
from focus.report.verdicts import evaluate_claims
from focus.seeds import numpy_generator
from focus.settings import Evaluation, External, Key, ProvenanceSettings
from focus.stages import paths
from focus.stages.common import provenance, read_shown, results
from focus.stages.runner import run


@dataclass(frozen=True, kw_only=True)
class Settings(ProvenanceSettings):
    """What the stage reads."""

    evaluation: Evaluation
    external: dict[str, External]
    training_seed: Annotated[int, Key("seeds.training")]


def work(settings: Settings) -> None:
    """Write results/claims.json and results/claims.md."""
    measured = results(read_shown().folders, settings.external)
    rng = numpy_generator(settings.training_seed, "claims", "bootstrap")
    verdicts = evaluate_claims([[measured]], rng, timings(settings.profile), resamples=settings.evaluation.bootstrap)
    write_json(paths.RESULTS / "claims.json", verdicts)
    write_text(paths.RESULTS / "claims.md", claims_markdown(verdicts, provenance(settings)))


def timings(profile: str) -> dict[str, list[float]]:
    """Return method -> CPU seconds of each image by itself, as benchmarks/fitting.py measured them on this profile."""
    times = read_json(paths.FITTING_TIMES)
    if times["profile"] != profile:
        return {}
    return {method: seconds["one_at_a_time"] for method, seconds in times["cpu_seconds_per_image"].items()}


if __name__ == "__main__":
    run("claims", Settings, work)
