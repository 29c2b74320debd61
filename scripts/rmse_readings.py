"""Show what each reading of Table 1's RMSE makes of a finished run: `python scripts/rmse_readings.py [METHOD ...]`.

Prints a Markdown table: method, test set, and the mean over images of every reading in `image_fitting.READINGS`, from
the latents that the `evaluate` stages kept. docs/metrics.md shows it from benchmarks/results/rmse_readings.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import torch

from focus import settings
from focus.evaluation.image_fitting import READINGS
from focus.files import read_npy
from focus.registry.testsets import TESTSETS
from focus.stages import build, paths
from focus.stages.predictions import membership

BATCH = 32


def readings(chosen: settings.AutoencoderSettings, method: str, testset: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the name and all readings of each image of a test set, from the method's kept latents."""
    split = TESTSETS[testset].split
    packed, network = build.packed(split), build.autoencoder(chosen).eval()
    theta = torch.from_numpy(read_npy(paths.EVALUATION / method / f"{split}_theta.npy"))
    for start in range(0, len(packed), BATCH):
        with torch.no_grad():
            result = network.decode(network.split(theta[start : start + BATCH]))
        images, regions = result.image.permute(0, 2, 3, 1).numpy(), result.mask[:, 0].numpy()
        for i, (image, region) in enumerate(zip(images, regions, strict=True), start=start):
            fit = (packed.images[i], image, packed.true_masks()[i], region)
            yield packed.names[i], [reading(*fit) for reading in READINGS.values()]


def rows(chosen: settings.AutoencoderSettings, method: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield Table 1's test sets with the mean of each reading over the images of the set."""
    celeba, ar = dict(readings(chosen, method, "CelebA")), dict(readings(chosen, method, "AR"))
    lists, subsets = (membership(each, build.packed(each.split)) for each in (TESTSETS["CelebA"], TESTSETS["AR"]))
    for subset in ("unoccluded", "occluded"):
        yield f"CelebA-{subset.title()}", np.nanmean([celeba[name] for name in celeba if lists.get(name) == subset], 0)
    yield "AR-Overall", np.nanmean([ar[name] for name in ar if TESTSETS["AR"].counts(subsets[name])], 0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("methods", nargs="*", default=["MoFA", "Backbone", "Deep3D-skin", "FOCUS"])
    wanted = parser.parse_args()
    chosen = settings.load(settings.AutoencoderSettings)
    print("| test set | method |", " | ".join(READINGS), "|\n|---|---|" + "---:|" * len(READINGS))
    found = {method: dict(rows(chosen, method)) for method in wanted.methods}
    for testset in next(iter(found.values())):
        for method, sets in found.items():
            print(f"| {testset} | {method} |", " | ".join(f"{value:.2f}" for value in sets[testset]), "|")


if __name__ == "__main__":
    main()
