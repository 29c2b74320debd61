"""The methods of params.yaml, and what they have made, as hashes: the documents depend on these, not on leftovers.

DVC knows files and folders as dependencies, not lists from params.yaml. So this quick stage reads the folders, and what
comes after runs again only where something changed that it shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from focus.files import sha256, write_json
from focus.settings import MethodSettings
from focus.stages import paths
from focus.stages.common import SHARED_CURVES, shown
from focus.stages.runner import run


@dataclass(frozen=True, kw_only=True)
class Settings(MethodSettings):
    """What the stage reads."""


def work(settings: Settings) -> None:
    """Write results/listed: the methods; their values, predictions and curves, and all of the corrected ones."""
    methods = shown(settings)
    corrected = {*settings.corrected, *(plan.variant for plan in settings.corrected.values())}
    curves = [f"{name}.csv" for name in (*SHARED_CURVES, *settings.variants)]
    write_json(paths.LISTED / "methods.json", asdict(methods))
    write_json(paths.LISTED / "metrics.json", hashes(paths.METRICS, methods.folders))
    write_json(paths.LISTED / "predictions.json", hashes(paths.EVALUATION, methods.folders))
    write_json(paths.LISTED / "curves.json", hashes(paths.CURVES, curves))
    both = hashes(paths.METRICS, corrected) | hashes(paths.EVALUATION, corrected)
    write_json(paths.LISTED / "corrected.json", both)


def hashes(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file under these names of a folder; a name that is not there has none.

    Hidden files are an engine's notes (.snakemake_timestamp), not results.
    """
    files = [path for name in names for path in (root / name, *(root / name).rglob("*")) if path.is_file()]
    return {path.as_posix(): sha256(path) for path in sorted(files) if not path.name.startswith(".")}


if __name__ == "__main__":
    run("listed", Settings, work)
