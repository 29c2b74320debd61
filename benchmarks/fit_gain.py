"""What `--fit` gains over one forward pass: `python -m benchmarks.fit_gain [--json FILE]`.

Measured on the run's emulated test sets (data/packed: RMSE, F1, NoW's mm) and, for landmarks, whose truth those sets
do not hold, on portraits drawn anew with another seed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.reconstruct import draw_portraits
from focus.datasets.celebamask_hq import CelebAMaskHQ
from focus.datasets.landmark_table import read_landmark_table
from focus.datasets.packed import PackedSet
from focus.datasets.scans import read_scans
from focus.evaluation.image_fitting import rmse
from focus.evaluation.now import now_errors
from focus.evaluation.segmentation import scores
from focus.files import write_json
from focus.methods.misfit_prior import correct
from focus.model.inference import Prediction, network_images
from focus.reconstruct.bundle import DEMO
from focus.reconstruct.reconstructor import Reconstructor

Figures = dict[str, float | int]
PACKED = Path("data/packed")


def solved(reconstructor: Reconstructor, packed: PackedSet, rows: np.ndarray, steps: int) -> Prediction:
    """Return what the model makes of some packed images."""
    landmarks = torch.from_numpy(np.array(packed.landmarks[rows]))
    return reconstructor.solve(network_images(packed, rows), landmarks, steps)


def spread(packed: PackedSet, count: int) -> np.ndarray:
    """Return the positions of `count` images, evenly spread over a set."""
    return np.unique(np.linspace(0, len(packed) - 1, count).astype(int))


def image_figures(reconstructor: Reconstructor, name: str, count: int, steps: int) -> Figures:
    """Return the mean RMSE (0..255) and F1 of a test set with masks."""
    packed = PackedSet(PACKED / name)
    rows = spread(packed, count)
    found = solved(reconstructor, packed, rows, steps)
    images, masks = found.images.permute(0, 2, 3, 1).numpy(), found.mask[:, 0].numpy()
    drawn = found.rendered[:, 0].numpy()
    truth = packed.visible
    errors = [rmse(packed.images[row], images[i], truth[row], drawn[i]) for i, row in enumerate(rows)]
    f1 = [scores(masks[i], truth[row], drawn[i]).f1 for i, row in enumerate(rows)]
    return {"images": len(rows), "rmse": round(float(np.nanmean(errors)), 3), "f1": round(float(np.nanmean(f1)), 4)}


def now_figures(reconstructor: Reconstructor, count: int, steps: int) -> Figures:
    """Return NoW's pooled median error (mm), without and with the misfit prior."""
    packed, model = PackedSet(PACKED / "now"), reconstructor.model
    rows, scans = spread(packed, count), read_scans(PACKED / "now")
    neutral = model.neutral(solved(reconstructor, packed, rows, steps).parameters.shape)
    prior = reconstructor.bundle.misfit_prior
    triangles, seven = model.triangles.numpy(), model.landmarks_now.numpy()
    figures: Figures = {"images": len(rows)}
    for name, meshes in (("median_mm", neutral), ("median_mm_with_prior", correct(neutral, prior))):
        errors = []
        for row, vertices in zip(rows, meshes.double().numpy(), strict=True):
            scan = scans[str(packed.index[row]["subject"])]
            errors.append(now_errors(scan.vertices, scan.landmarks, vertices, triangles, vertices[seven]).errors)
        figures[name] = round(float(np.median(np.concatenate(errors))), 4)
    return figures


def landmark_figures(reconstructor: Reconstructor, portraits: Path, steps: int) -> Figures:
    """Return mean landmark errors, detected and reconstructed, in per cent of the face's height."""
    images, truth = CelebAMaskHQ(portraits, "train", ["skin"]), read_landmark_table(portraits / "landmarks.csv")
    found, names = [], []
    for sample in images:
        faces = reconstructor.finder.detect([sample.image])[0]
        if faces:
            found.append(reconstructor.cut(sample.image, faces[0].landmarks))
            names.append(sample.name)
    faces = reconstructor.reconstruct(found, fit=steps)

    def error(points: np.ndarray, name: str) -> float:
        return 100 * float(np.linalg.norm(points - truth[name], axis=1).mean() / np.ptp(truth[name][:, 1]))

    pairs = list(zip(faces, names, strict=True))
    return {
        "images": len(images),
        "found": len(names),
        "detected_percent": round(float(np.mean([error(face.landmarks, name) for face, name in pairs])), 3),
        "reconstructed_percent": round(float(np.mean([error(face.model_landmarks, name) for face, name in pairs])), 3),
    }


def gains(reconstructor: Reconstructor, portraits: Path, count: int) -> dict[str, dict[str, Figures]]:
    """Return all values for the forward pass and for the default number of steps."""
    table = {}
    for name, steps in (("forward", 0), (f"fit {reconstructor.default_fit}", reconstructor.default_fit)):
        table[name] = {
            "celeba_test": image_figures(reconstructor, "celeba_test", count, steps),
            "ar": image_figures(reconstructor, "ar", count, steps),
            "now": now_figures(reconstructor, count, steps),
            "landmarks": landmark_figures(reconstructor, portraits, steps),
        }
        print(name, table[name], flush=True)
    return table


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--model", default=DEMO, help="a model's name or a bundle's path")
    parser.add_argument("--images", type=int, default=60, help="images of each test set, and new portraits")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        portraits = draw_portraits(Path(folder, "portraits"), arguments.images)
        table = gains(Reconstructor.load(arguments.model), portraits, arguments.images)
    if arguments.json:
        write_json(arguments.json, table)


if __name__ == "__main__":
    main()
