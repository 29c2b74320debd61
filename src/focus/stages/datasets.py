"""The emulated data sets, in the real layouts; for a set whose asset path is given, only a note of that path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from focus.emulation import emulate_identities, write_ar, write_celeba_hq, write_now
from focus.face_model.heads import FaceGenerator
from focus.files import whole_directory, write_json, write_npy
from focus.settings import Assets, Datasets, Key, StageSettings
from focus.settings.assets import ASSETS
from focus.stages import paths
from focus.stages.runner import run_one_of

ASSET = {"celeba_hq": "celeba_hq", "ar": "ar", "now": "now", "identities": "arcface"}


@dataclass(frozen=True, kw_only=True)
class Settings(StageSettings):
    """What the stage reads."""

    emulate: bool
    assets: Assets
    datasets: Datasets
    data_seed: Annotated[int, Key("seeds.data")]


def celeba_hq(root: Path, generator: FaceGenerator, settings: Settings) -> None:
    """Emulate CelebA-HQ with CelebAMask-HQ's masks."""
    plan = settings.datasets.celeba_hq
    names = ("train", "val", "test_unoccluded", "test_occluded")
    counts = {name: getattr(plan, name) for name in names}
    seed, workers = settings.data_seed, settings.compute.data_workers
    write_celeba_hq(root, generator, counts, plan.side, seed, plan.occluded_share, workers=workers)


def ar(root: Path, generator: FaceGenerator, settings: Settings) -> None:
    """Emulate AR."""
    plan = settings.datasets.ar
    write_ar(root, generator, plan.per_subset, plan.sidelight, settings.data_seed)


def now(root: Path, generator: FaceGenerator, settings: Settings) -> None:
    """Emulate NoW."""
    plan, seed = settings.datasets.now, settings.data_seed
    write_now(root, generator, plan.subjects, plan.images_per_subject, plan.side, seed, plan.scan_spacing_mm)


def identities(root: Path, generator: FaceGenerator, settings: Settings) -> None:
    """Emulate a recognition set, the stand-in for the one behind ms1mv3's weights."""
    plan = settings.datasets.identities
    images, labels, landmarks = emulate_identities(
        generator, plan.identities, plan.images, plan.side, settings.data_seed
    )
    with whole_directory(root) as folder:
        arrays: dict[str, np.ndarray] = {"images": images, "labels": labels, "landmarks": landmarks}
        for name, array in arrays.items():
            write_npy(folder / f"{name}.npy", array)


WRITERS: dict[str, Callable[[Path, FaceGenerator, Settings], None]] = {
    "celeba_hq": celeba_hq,
    "ar": ar,
    "now": now,
    "identities": identities,
}


def work(settings: Settings, name: str) -> None:
    """Write data/raw/<name>."""
    root, given = paths.RAW / name, getattr(settings.assets, ASSET[name])
    if given is not None:
        write_json(root / "source.json", {"asset": ASSET[name], "path": str(given)})
        return
    if not settings.emulate:
        write_json(
            root / paths.MISSING, {"missing": ASSETS[ASSET[name]].short, "reason": ASSETS[ASSET[name]].missing()}
        )
        return
    level = settings.datasets.identities.level if name == "identities" else settings.datasets.level
    generator = FaceGenerator(level, settings.data_seed)
    WRITERS[name](root, generator, settings)


if __name__ == "__main__":
    run_one_of("datasets", Settings, work)
