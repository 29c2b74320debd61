"""68 landmarks for each image of a split, the Deep3D crop, and both packed; images without a face are named."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from focus import device
from focus.datasets.ar import AR
from focus.datasets.celebamask_hq import CelebAMaskHQ
from focus.datasets.crop import deep3d_crop
from focus.datasets.now import NoW
from focus.datasets.packed import pack
from focus.datasets.pictures import Pictures
from focus.datasets.sample import Sample, Samples
from focus.datasets.scans import pack_scans
from focus.environment.workers import by_workers
from focus.errors import FocusError
from focus.files import read_json, write_json
from focus.landmarks import Detector
from focus.settings import Assets, Image, StageSettings
from focus.settings import Detector as DetectorSettings
from focus.stages import build, paths
from focus.stages.runner import run_one_of

logger = logging.getLogger(__name__)

FACTS = ("occluder", "occluder_fraction")
CHUNK = 64  # images held in memory at once, by each process


@dataclass(frozen=True, kw_only=True)
class Settings(StageSettings):
    """What the stage reads."""

    assets: Assets
    detector: DetectorSettings
    image: Image
    visible_face: list[str]


SPLITS: dict[str, Callable[[Settings], Samples]] = {
    "celeba_train": lambda s: CelebAMaskHQ(root(s, "celeba_hq"), "train", s.visible_face),
    "celeba_val": lambda s: CelebAMaskHQ(root(s, "celeba_hq"), "val", s.visible_face),
    "celeba_test": lambda s: CelebAMaskHQ(root(s, "celeba_hq"), "test", s.visible_face),
    "ar": lambda s: AR(root(s, "ar"), masked_only=True),
    "now": lambda s: NoW(root(s, "now"), "validation"),
}
"""The packed splits whose data sets have readers of their own, by their names in dvc.yaml."""


def samples_of(settings: Settings, split: str) -> Samples:
    """Return the images of a split: by its own reader, else photographs with masks in data/raw/<split>."""
    reader = SPLITS.get(split)
    return Pictures(root(settings, split)) if reader is None else reader(settings)


def root(settings: Settings, asset: str) -> Path:
    """Return the user's folder of a data set, or the emulated one."""
    return getattr(settings.assets, asset, None) or paths.RAW / asset


def work(settings: Settings, split: str) -> None:
    """Write data/packed/<split> and results/landmarks/<split>.json; only a note where the licensed set is missing."""
    note = paths.RAW / asset_of(split) / paths.MISSING
    if note.is_file():
        write_json(paths.PACKED / split / paths.MISSING, read_json(note))
        write_json(paths.RESULTS / "landmarks" / f"{split}.json", {"images": 0, "packed": 0, **read_json(note)})
        logger.warning("landmarks/%s: %s", split, read_json(note)["reason"])
        return
    detector = build.detector(settings.detector, split, settings.compute)
    missed: dict[str, str] = {}
    samples = samples_of(settings, split)
    facts = emulation_facts(settings, split)
    released = settings.image.landmarks == "released"
    # A GPU would not follow into a copy of this process.
    workers = settings.compute.data_workers if device.choose(settings.compute.device).type == "cpu" else 0
    cut = crops(samples, detector, settings.image.side, missed, facts, released, workers)
    packed = pack(paths.PACKED / split, cut)
    if isinstance(samples, NoW):
        pack_scans(packed.folder, samples)
    subsets = Counter(row["subset"] for row in packed.index)
    report = {
        "images": len(samples),
        "packed": len(packed),
        "subsets": dict(sorted(subsets.items())),
        "left_out": missed,
    }
    write_json(paths.RESULTS / "landmarks" / f"{split}.json", report)


def asset_of(split: str) -> str:
    """Return the key of the data set that a split is of."""
    return "celeba_hq" if split.startswith("celeba") else split


def emulation_facts(settings: Settings, split: str) -> dict[str, dict[str, str]]:
    """Return image name -> occluder and its share of the face, where the emulator noted them; {} for real data."""
    path = root(settings, asset_of(split)) / "emulation.csv"
    if not path.is_file():
        return {}
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    return {row.pop("image"): {key: row[key] for key in FACTS} for row in rows}


def crops(
    samples: Samples,
    detector: Detector,
    size: int,
    missed: dict[str, str],
    facts: dict[str, dict[str, str]],
    released: bool = False,
    workers: int = 0,
) -> Iterator[Sample]:
    """Yield the largest face of each image, cropped with its mask and landmarks; name those without one in `missed`.

    `released`: landmarks by the released code's formula (`cropped`); `workers`: processes that look, 0: this one.
    """

    def look(start: int) -> tuple[list[Sample], dict[str, str]]:
        """Return the crops of a chunk of images, and image -> reason for those without one."""
        chunk = [samples[position] for position in range(start, min(start + CHUNK, len(samples)))]
        detections = detector.detect([sample.image for sample in chunk], [sample.name for sample in chunk])
        found, lacking = [], {}
        for sample, faces in zip(chunk, detections, strict=True):
            if not faces:
                lacking[sample.name] = f"no face found by {detector.name}"
                continue
            try:
                found.append(cropped(sample, faces[0].landmarks, size, facts.get(sample.name, {}), released))
            except FocusError as error:
                lacking[sample.name] = str(error)
        return found, lacking

    for number, (found, lacking) in enumerate(by_workers(look, range(0, len(samples), CHUNK), workers), start=1):
        yield from found
        missed |= lacking
        logger.info("landmarks: %d of %d images", min(number * CHUNK, len(samples)), len(samples))


def cropped(sample: Sample, landmarks: np.ndarray, size: int, facts: dict[str, str], released: bool = False) -> Sample:
    """Return a sample cut to Deep3D's frame, with further facts about it.

    Its landmarks are where the crop put them; `released`: by Deep3D's formula, as the released code packs them, which
    is off by its rounding: less than a pixel, and so much at 64 px.
    """
    image, by_formula, transform = deep3d_crop(sample.image, landmarks, size)
    points = by_formula if released else transform.to_crop(landmarks)
    mask = None if sample.visible_face is None else transform.crop_mask(sample.visible_face)
    attributes = sample.attributes | facts | {"crop": transform.to_json()}
    return replace(sample, image=image, visible_face=mask, landmarks=points.astype("float32"), attributes=attributes)


if __name__ == "__main__":
    run_one_of("landmarks", Settings, work)
