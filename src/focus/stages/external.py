"""Other people's predictions (`external` in params.yaml) measured by the functions that measure the run's own."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from focus.datasets.scans import read_scans
from focus.errors import FocusError
from focus.evaluation.external import Measured, measure_images, measure_now
from focus.evaluation.per_image import pooled, write_figures
from focus.files import whole_directory, write_json
from focus.registry.testsets import TESTSETS, WITH_MASKS
from focus.settings import External, StageSettings
from focus.stages import build, paths
from focus.stages.predictions import membership
from focus.stages.runner import run

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings(StageSettings):
    """What the stage reads."""

    external: dict[str, External]


def work(settings: Settings) -> None:
    """Write results/external: <method>/images.csv and pooled.json, and methods.json with what was left out and why."""
    with whole_directory(paths.EXTERNAL) as folder:
        report = {}
        for name, given in settings.external.items():
            measured = measure(given)
            rows = [row for part in measured.values() for row in part.rows]
            if rows:
                write_figures(folder / name, name, rows, pooled(measured["NoW"].errors) if "NoW" in measured else {})
            report[name] = {testset: counts(name, testset, part) for testset, part in measured.items()}
        write_json(folder / "methods.json", report)


def measure(given: External) -> dict[str, Measured]:
    """Return test set -> values of one method, for the sets it has predictions of and that are there."""
    measured = {}
    for testset in WITH_MASKS:
        folder = image_folder(given.images, testset.name)
        if folder is not None and build.has(testset.split):
            packed = build.packed(testset.split)
            masks = image_folder(given.masks, testset.name)
            measured[testset.name] = measure_images(packed, testset.name, membership(testset, packed), folder, masks)
    if given.now is not None and build.has("now"):
        packed = build.packed("now")
        subsets = membership(TESTSETS["NoW"], packed)
        measured["NoW"] = measure_now(packed, read_scans(packed.folder), given.now, subsets)
    return measured


def image_folder(given: Path | None, testset: str) -> Path | None:
    """Return the folder of one test set, None where the method has none. FocusError when it has none at all."""
    if given is None:
        return None
    names = [each.name for each in WITH_MASKS]
    if not any((given / name).is_dir() for name in names):
        raise FocusError(f"{given}: found neither {' nor '.join(names)} in it, expected at least one of them")
    return given / testset if (given / testset).is_dir() else None


def counts(method: str, testset: str, measured: Measured) -> dict[str, object]:
    """Return how many images were measured and which were not, and say so on standard error."""
    if measured.left_out:
        image, reason = next(iter(measured.left_out.items()))
        line = "external: %s: %s: %d images left out, the first: %s: %s"
        logger.warning(line, method, testset, len(measured.left_out), image, reason)
    return {"measured": len(measured.rows), "left_out": measured.left_out}


if __name__ == "__main__":
    run("external", Settings, work)
