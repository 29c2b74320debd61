"""The figures of params.yaml (1, 3, 5) and Figure 4, NoW's error curves, the F1 of the ablation, training curves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from focus.datasets.packed import PackedSet
from focus.evaluation.now_benchmark import error_curve
from focus.files import whole_directory, write_bytes
from focus.registry.testsets import TESTSETS
from focus.report import figures
from focus.report.mesh_figure import misfit_prior
from focus.report.tables import build_tables
from focus.settings import Ablation, Picture, PictureRow
from focus.stages import build, paths
from focus.stages.common import curve, missing, read_shown, results
from focus.stages.finer import Finer
from focus.stages.finer import Settings as FinerSettings
from focus.stages.predictions import membership
from focus.stages.runner import run

FIRST = 8  # images of CelebA-Occluded in a grid, as in the paper's Figure 5
DPI = 220  # by which the labels are as large as they should be


@dataclass(frozen=True, kw_only=True)
class Settings(FinerSettings):
    """What the stage reads."""

    ablation: Ablation
    figures: dict[str, Picture]


def work(settings: Settings) -> None:
    """Write results/figures. Pictures of real people go to results/figures/faces, which git ignores."""
    with whole_directory(paths.FIGURES) as folder:
        real = settings.assets.celeba_hq is not None or settings.assets.ar is not None
        faces = folder / "faces" if real else folder
        for name, picture in face_figures(settings).items():
            write_bytes(faces / f"{name}.png", picture)
        curves = curve_figures(settings.ablation.variant)
        for name, picture in {**prior_figures(), **curves, **result_figures()}.items():
            write_bytes(folder / f"{name}.png", picture)


def occluded_portraits(packed: PackedSet) -> list[int]:
    """Return the first images of CelebA-Occluded's middle, as positions in the test set."""
    names = [name for name, subset in membership(TESTSETS["CelebA"], packed).items() if subset == "occluded"]
    middle = names[len(names) // 2 :][:FIRST]  # of middling occlusion: the first are nearly all covered
    return sorted(packed.names.index(name) for name in middle)


def ar_people(packed: PackedSet) -> list[int]:
    """Return one AR image with glasses and one with a scarf, where there are such."""
    subsets = [row["subset"] for row in packed.index]
    return [subsets.index(kind) for kind in ("glasses", "scarf") if kind in subsets]


SHOWN = {"celeba_test": occluded_portraits, "ar": ar_people}


class Gallery:
    """The same test images as every variant sees them."""

    def __init__(self, settings: Settings) -> None:
        self.finer = Finer(settings)
        packed = {split: build.packed(split) for split in SHOWN if build.has(split)}
        self.rows = {split: SHOWN[split](there) for split, there in packed.items()}
        self.cut = {split: self.finer.cut(split, rows) for split, rows in self.rows.items()}

    def gather(self, pick: Callable[[str, list[int]], ArrayLike]) -> np.ndarray:
        """Return `pick(split, rows)` of both sets, one after the other."""
        return np.concatenate([np.asarray(pick(split, rows)) for split, rows in self.rows.items()])

    def truth(self, variant: str) -> np.ndarray:
        """Return the visible face inside the variant's rendered region (N,fS,fS)."""
        inside = self.gather(lambda split, rows: self.drawn(variant, split, rows)[1])
        truth: np.ndarray = self.gather(lambda split, _: self.visible(split)) * inside
        return truth

    def visible(self, split: str) -> np.ndarray:
        """Return the visible faces (n,fS,fS) of a split's images. Raises FocusError where it has no ground truth."""
        faces = self.cut[split][1]
        return build.packed(split).true_masks() if faces is None else faces  # the packed set says what is missing

    def drawn(self, variant: str, split: str, rows: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the variant's renderings (n,fS,fS,3) in 0..1 and rendered regions (n,fS,fS)."""
        return self.finer.drawn(self.finer.latents(variant, split, rows))

    def row(self, plan: PictureRow) -> np.ndarray:
        """Return the pictures of one row of a figure (N,fS,fS,3) or (N,fS,fS)."""
        if plan.show == "target":
            return self.gather(lambda split, _: self.cut[split][0])
        if plan.show == "rendering":
            return self.gather(lambda split, rows: self.drawn(plan.of, split, rows)[0])
        if plan.show == "mask":
            return self.gather(lambda split, rows: self.finer.masks(plan.of, split, rows))
        return self.truth(plan.of)


def face_figures(settings: Settings) -> dict[str, bytes]:
    """Return the figures that params.yaml lists: Figures 1, 3 and 5."""
    gallery = Gallery(settings)
    cell = gallery.finer.side / DPI  # no pixel is resampled
    return {
        name: figures.image_grid([(row.label, gallery.row(row)) for row in plan.rows], cell=cell, dpi=DPI)
        for name, plan in settings.figures.items()
    }


def prior_figures() -> dict[str, bytes]:
    """Return Figure 4 for each kind of misfit prior."""
    model = build.face_model()
    mesh = model.shape_mean.numpy(), model.triangles.numpy()
    return {
        f"figure4_{kind}": misfit_prior(*mesh, build.misfit_prior(kind).numpy(), kind)
        for kind in ("plain", "composited")
    }


def curve_figures(variant: str) -> dict[str, bytes]:
    """Return the training curves: initialisation, and the R and S steps of a variant."""

    def steps(name: str, network: str) -> pd.DataFrame:
        frame = curve(name)
        return frame[frame["network"] == network]

    reconstruction = {name: steps(name, "reconstruction") for name in ("initialise", variant)}
    segmentation = {variant: steps(variant, "segmentation")}
    terms = ["loss", "pixel", "perceptual", "landmarks", "regularisation"]
    terms_of_s = ["loss", "neighbour", "distance", "area", "preservation", "binary"]
    return {
        "training_reconstruction": figures.training_curves(reconstruction, terms),
        "training_segmentation": figures.training_curves(segmentation, terms_of_s),
    }


def result_figures() -> dict[str, bytes]:
    """Return the NoW error curves by image medians, the F1 of Table 5's methods, and the hyper-parameters' effect."""
    methods = read_shown()
    measured = results(methods.folders)
    table5 = build_tables(measured, methods.tables, missing=missing())[5]
    medians = {name: measured.rows("run", name, "NoW")["now_median"].to_numpy(float) for name in methods.tables}
    curves = {name: error_curve(medians[name]) for name, tables in methods.tables.items() if {2, 3} & set(tables)}
    shown = {
        "F1": ["ar_f1_unoccluded", "ar_f1_glasses", "ar_f1_scarf"],
        "RMSE": ["celeba_rmse_occluded", "celeba_rmse_unoccluded", "ar_rmse"],
    }
    tried = pd.read_csv(paths.SENSITIVITY, dtype={"commit": str})
    return {
        "f1_ablation": figures.f1_bars(table5),
        "now_curves": figures.error_curves(curves, references=[*methods.faces]),
        **({"sensitivity": figures.sensitivity(tried, shown)} if len(tried) else {}),
    }


if __name__ == "__main__":
    run("figures", Settings, work)
