"""Time FOCUS against the instance-wise fit (claim 16): `python -m benchmarks.fitting [--json [FILE]]`.

Run it in a project whose pipeline has run, beside nothing else. Seconds for each image one at a time (an instance-wise
method knows no other way), and per image in a batch: FOCUS is encoder, renderer and segmentation network; the fit is
start, EM and masks. CPU seconds of one thread, as the wall's depend on what else runs; both without reading the image.
The `claims` stage takes the committed file, because a stage's results may not depend on the machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from focus import settings
from focus.files import write_json
from focus.masks.sources import segmentation
from focus.methods.instance_fit import fit
from focus.model.inference import network_images
from focus.stages import build, paths
from focus.stages.instance_fit import weights_of

IMAGES = 20
WARM_UP = 2
Method = Callable[[torch.Tensor, torch.Tensor], object]


@dataclass(frozen=True, kw_only=True)
class Settings(settings.NetworkSettings):
    """What the two methods are made from."""

    losses: settings.LossWeights
    instance_fit: settings.InstanceFit


def methods() -> dict[str, Method]:
    """Return what turns images (B,3,S,S) and landmarks (B,68,2) into faces and masks, by the method's name."""
    chosen = settings.load(Settings)
    autoencoder, network = build.focus_networks(chosen, paths.network("FOCUS"))
    plan, weights = chosen.instance_fit, weights_of(chosen.losses)

    @torch.no_grad()
    def focus(images: torch.Tensor, landmarks: torch.Tensor) -> object:
        result = autoencoder(images)
        return segmentation(images, result.image, result.mask, None, network)

    return {"FOCUS": focus, "Egger-like": lambda images, landmarks: fit(autoencoder, images, landmarks, plan, weights)}


def seconds(method: Method, images: torch.Tensor, landmarks: torch.Tensor) -> float:
    """Return the CPU seconds of one call."""
    start = time.process_time()
    method(images, landmarks)
    return time.process_time() - start


def measure(method: Method, images: torch.Tensor, landmarks: torch.Tensor) -> dict[str, object]:
    """Return the seconds of each image alone, and per image of them all as one batch."""
    single = [seconds(method, images[i : i + 1], landmarks[i : i + 1]) for i in [*range(WARM_UP), *range(len(images))]]
    batch = seconds(method, images, landmarks) / len(images)
    return {"one_at_a_time": [round(value, 5) for value in single[WARM_UP:]], "in_a_batch": round(batch, 5)}


def main() -> None:
    """Measure both methods on the first AR images, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, nargs="?", const=paths.FITTING_TIMES, help="write the figures to a file")
    file = parser.parse_args().json
    torch.set_num_threads(1)
    packed = build.packed("ar")
    images = network_images(packed, slice(IMAGES))
    landmarks = torch.from_numpy(np.array(packed.landmarks[:IMAGES]))
    found = {name: measure(method, images, landmarks) for name, method in methods().items()}
    for name, times in found.items():
        alone = np.mean(times["one_at_a_time"])
        print(f"{name:12} {alone:8.4f} s per image alone, {times['in_a_batch']:8.4f} s in a batch")
    if file:
        machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
        machine |= {"torch": torch.__version__, "load_average": round(os.getloadavg()[0], 2), "threads": 1}
        facts = {"machine": machine, "profile": settings.read_params().profile, "side": packed.size, "images": IMAGES}
        write_json(file, {**facts, "cpu_seconds_per_image": found})


if __name__ == "__main__":
    main()
