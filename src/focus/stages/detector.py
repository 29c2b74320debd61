"""The embedded landmark detector: trained on the emulated training images, whose 68 points are known.

The paper takes a finished one, so its seed is the world's: all trainings in a world see the same landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch

from focus.datasets.celebamask_hq import IMAGE_FOLDER
from focus.datasets.images import read_image
from focus.datasets.landmark_table import read_landmark_table
from focus.errors import FocusError
from focus.files import write_json
from focus.landmarks import HeatmapNetwork
from focus.networks.store import save_networks
from focus.seeds import derive
from focus.settings import Assets, Detector, Key
from focus.stages import paths
from focus.stages.runner import run
from focus.stages.training import Trained, TrainingSettings, optimiser, run_training
from focus.training.detector import AnnotatedImages, DetectorObjective
from focus.training.loop import Turn

LANDMARKS = "landmarks.csv"
SHRINK = 2  # images are averaged down once: the detector looks at 64 px squares of them


@dataclass(frozen=True, kw_only=True)
class Settings(TrainingSettings):
    """What the stage reads."""

    assets: Assets
    detector: Detector
    data_seed: Annotated[int, Key("seeds.data")]


def work(settings: Settings) -> None:
    """Train the heat-map network and write models/detector; with another detector only a note of that."""
    if settings.detector.kind != "heatmap":
        write_json(paths.DETECTOR.with_name("detector.json"), {"kind": settings.detector.kind})
        return
    plan, seed = settings.detector, settings.data_seed
    torch.manual_seed(derive(seed, "weights", "detector"))
    network = HeatmapNetwork(plan.width)
    root = settings.assets.celeba_hq or paths.RAW / "celeba_hq"
    objective = DetectorObjective(network, annotated_images(root), plan.side, plan.batch, seed)
    facts = {"stage": "detector", "side": plan.side}
    run_training(
        "detector",
        settings,
        {"detector": Trained(network, objective, optimiser(plan.optimiser))},
        [Turn("detector", plan.steps)],
        inputs=[root / LANDMARKS],
        seed=seed,
        curve=None,
        save=lambda: save_networks(paths.DETECTOR, {"detector": network}, facts),
    )


def annotated_images(root: Path) -> AnnotatedImages:
    """Read the training images and their exact landmarks, which the emulated set has and the real one has not."""
    if not (root / LANDMARKS).is_file():
        raise FocusError(
            f"{root / LANDMARKS}: no such file; expected known landmarks to train detector.kind heatmap on, "
            "or detector.kind face-alignment in the profile"
        )
    table = read_landmark_table(root / LANDMARKS)
    pictures = [read_image(root / IMAGE_FOLDER / name) for name in table]
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div_(255)
    points = torch.from_numpy(np.stack(list(table.values()))).float()
    return AnnotatedImages(torch.nn.functional.avg_pool2d(images, SHRINK), (points + 0.5) / SHRINK - 0.5)


if __name__ == "__main__":
    run("detector", Settings, work)
