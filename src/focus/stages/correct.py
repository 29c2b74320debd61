"""A variant's NoW values with a misfit prior subtracted from its neutral meshes (Sec. 3.4): the "-MP" rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch

from focus.datasets.scans import read_scans
from focus.evaluation.per_image import now_rows, pooled, write_figures
from focus.files import read_npy, whole_directory
from focus.methods.misfit_prior import correct
from focus.registry.testsets import TESTSETS
from focus.settings import Corrected, Key, StageSettings
from focus.stages import build, paths
from focus.stages.predictions import membership
from focus.stages.runner import run_one_of


@dataclass(frozen=True, kw_only=True)
class Settings(StageSettings):
    """What the stage reads."""

    corrected: Annotated[Corrected, Key("corrected.{name}")]


def work(settings: Settings, name: str) -> None:
    """Write results/metrics/<name>."""
    plan = settings.corrected
    if not build.has("now"):
        with whole_directory(paths.METRICS / name) as folder:
            write_figures(folder, name, [], {})
        return
    packed, model = build.packed("now"), build.face_model()
    shape = torch.from_numpy(read_npy(paths.EVALUATION / plan.variant / "now_shape.npy"))
    meshes = correct(model.neutral(shape), build.misfit_prior(plan.prior))
    rows, errors = now_rows(packed, read_scans(packed.folder), meshes, model, membership(TESTSETS["NoW"], packed))
    with whole_directory(paths.METRICS / name) as folder:
        write_figures(folder, name, rows, pooled(errors))


if __name__ == "__main__":
    run_one_of("correct", Settings, work)
