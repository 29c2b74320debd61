"""Why each misfit prior helps or harms: R_syn's mean error on held-out synthetic faces against R's on NoW's scans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from focus.datasets.scans import read_scans
from focus.evaluation.misfit import agreement, along_normals, mean_signed_error, share_made_worse
from focus.face_model import FaceModel
from focus.files import read_json, read_npy, whole_directory, write_bytes, write_json
from focus.networks.store import load_weights
from focus.report.mesh_figure import signed_errors
from focus.report.results import read_images
from focus.settings import Corrected, StageSettings
from focus.stages import build, paths
from focus.stages.runner import run


@dataclass(frozen=True, kw_only=True)
class Settings(StageSettings):
    """What the stage reads."""

    corrected: dict[str, Corrected]


def work(settings: Settings) -> None:
    """Write results/misfit: a picture for each corrected method, and misfit.json with how far they agree."""
    model, agreements = build.face_model(), {}
    with whole_directory(paths.MISFIT) as folder:
        if build.has("now"):
            on_scans = {
                name: scan_error(model, name) for name in {plan.variant for plan in settings.corrected.values()}
            }
            for name, plan in settings.corrected.items():
                agreements[name], picture = compare(model, name, plan.variant, plan.prior, on_scans[plan.variant])
                write_bytes(folder / f"{name}.png", picture)
        write_json(folder / "misfit.json", agreements)


def scan_error(model: FaceModel, variant: str) -> np.ndarray:
    """Return the variant's mean signed error on NoW (V,) mm."""
    packed = build.packed("now")
    scans = read_scans(packed.folder)
    shape = torch.from_numpy(read_npy(paths.EVALUATION / variant / "now_shape.npy"))
    subjects = [scans[row["subject"]] for row in packed.index]
    return mean_signed_error(
        model.neutral(shape).double().numpy(), model.triangles.numpy(), model.landmarks_now.numpy(), subjects
    )


def compare(
    model: FaceModel, name: str, variant: str, prior: str, on_scans: np.ndarray
) -> tuple[dict[str, float], bytes]:
    """Return the values of one prior, and its picture beside that of the error on NoW."""
    file = paths.misfit_prior(prior)
    field = load_weights(file)[0]["holdout_error"].double().numpy()
    mean_face, triangles, region = model.shape_mean.double().numpy(), model.triangles.numpy(), np.isfinite(on_scans)
    on_synthetic = along_normals(field, mean_face, triangles, region)
    values = {
        **agreement(on_synthetic, on_scans),
        "rms_synthetic_mm": _root_mean_square(on_synthetic[region]),
        "rms_now_mm": _root_mean_square(on_scans[region]),
        "share_made_worse_synthetic": read_json(file.with_name("holdout.json"))["share_made_worse"],
        "share_made_worse_now": share_made_worse(now_medians(variant), now_medians(name)),
    }
    panels = {"R_syn on synthetic faces": np.where(region, on_synthetic, np.nan), f"{variant} on NoW": on_scans}
    return values, signed_errors(mean_face, triangles, panels, f"{name}: cosine {values['cosine']:.2f}")


def now_medians(method: str) -> dict[str, float]:
    """Return NoW image -> median error in mm."""
    rows = read_images(paths.METRICS / method / "images.csv")
    rows = rows[rows["testset"] == "NoW"]
    return dict(zip(rows["image"], rows["now_median"], strict=True))


def _root_mean_square(values: np.ndarray) -> float:
    return round(float(np.sqrt((values**2).mean())), 4)


if __name__ == "__main__":
    run("misfit", Settings, work)
