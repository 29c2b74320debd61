"""The emulated data sets, in the real layouts; for a set whose asset path is given, only a note of that path."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from focus.assets import ASSETS
from focus.emulation import emulate_identities, write_ar, write_celeba_hq, write_now
from focus.face_model.heads import FaceGenerator
from focus.files import whole_directory, write_json, write_npy
from focus.stages import paths
from focus.stages.runner import run

SECTIONS = ("emulate", "assets", "datasets")
PARAMS = ("seeds.data",)
ASSET = {"celeba_hq": "celeba_hq", "ar": "ar", "now": "now", "identities": "arcface"}


def celeba_hq(root: Path, generator: FaceGenerator, settings: SimpleNamespace) -> None:
    """Emulate CelebA-HQ with CelebAMask-HQ's masks."""
    plan = settings.datasets.celeba_hq
    names = ("train", "val", "test_unoccluded", "test_occluded")
    counts = {name: getattr(plan, name) for name in names}
    write_celeba_hq(root, generator, counts, plan.side, settings.seeds.data, plan.occluded_share)


def ar(root: Path, generator: FaceGenerator, settings: SimpleNamespace) -> None:
    """Emulate AR."""
    plan = settings.datasets.ar
    write_ar(root, generator, plan.per_subset, plan.sidelight, settings.seeds.data)


def now(root: Path, generator: FaceGenerator, settings: SimpleNamespace) -> None:
    """Emulate NoW."""
    plan, seed = settings.datasets.now, settings.seeds.data
    write_now(root, generator, plan.subjects, plan.images_per_subject, plan.side, seed, plan.scan_spacing_mm)


def identities(root: Path, generator: FaceGenerator, settings: SimpleNamespace) -> None:
    """Emulate a recognition set, the stand-in for the one behind ms1mv3's weights."""
    plan = settings.datasets.identities
    images, labels, landmarks = emulate_identities(
        generator, plan.identities, plan.images, plan.side, settings.seeds.data
    )
    with whole_directory(root) as folder:
        for name, array in {"images": images, "labels": labels, "landmarks": landmarks}.items():
            write_npy(folder / f"{name}.npy", array)


WRITERS: dict[str, Callable[[Path, FaceGenerator, SimpleNamespace], None]] = {
    "celeba_hq": celeba_hq,
    "ar": ar,
    "now": now,
    "identities": identities,
}


def work(settings: SimpleNamespace, name: str) -> None:
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
    generator = FaceGenerator(level, settings.seeds.data)
    WRITERS[name](root, generator, settings)


if __name__ == "__main__":
    chosen = sys.argv[1]
    run(f"datasets/{chosen}", SECTIONS, PARAMS, partial(work, name=chosen))
