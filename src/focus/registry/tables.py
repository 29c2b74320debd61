"""The tables: caption, key column, and which metrics over which images, an entry each.

Columns, schema, layout, page and README follow from an entry; what the paper prints lies in
`report/paper/table<number>.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass

from focus.registry.metrics import METRICS


@dataclass(frozen=True)
class Column:
    """A printed column. mean, std: its names in the tidy frame; metric: what of each image they are taken of.

    pooled: "median", "mean" or "std" of NoW's errors over all scan points of all images; "": the mean over images.
    decimals: as printed, the paper's two.
    """

    heading: str
    mean: str
    metric: str
    std: str | None = None
    pooled: str = ""
    decimals: int = 2

    @property
    def names(self) -> tuple[str, ...]:
        """Its names in the tidy frame."""
        return (self.mean,) if self.std is None else (self.mean, self.std)

    @property
    def best(self) -> str:
        """Which end of the scale is the best."""
        return METRICS[self.metric].better


@dataclass(frozen=True)
class Group:
    """Columns over one set of images. value: in the key column; images: of IMAGE_SETS, "" where a server has them.

    optional: no method has to have it, as where the set is not public or says the same as the others.
    """

    value: str
    heading: str
    images: str
    columns: tuple[Column, ...]
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """A table. key: its second column; transposed: groups in rows and methods in columns, with `corner` above."""

    caption: str
    key: str
    groups: tuple[Group, ...]
    corner: str = "Method"
    transposed: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns of its groups, each once."""
        return tuple(dict.fromkeys(column for group in self.groups for column in group.columns))


RMSE = Column("RMSE", "rmse_mean", "rmse", "rmse_std")
SCORES = (
    *(Column(name.upper(), name, name) for name in ("acc", "ppv", "tpr")),
    Column("F1", "f1_mean", "f1", "f1_std"),
)
MM = tuple(Column(name, f"{name}_mm", f"now_{name}", pooled=name) for name in ("median", "mean", "std"))
NOW_MM = tuple(Column(name, f"now_{name}_mm", f"now_{name}", pooled=name) for name in ("median", "mean", "std"))

TABLES: dict[int, Table] = {
    1: Table(
        "RMSE (0..255, mean ± std over images) on the CelebA-HQ test sets and the AR test set.",
        "testset",
        (
            *(Group(f"CelebA-{name}", f"CelebA-{name}", f"CelebA-{name}", (RMSE,))
              for name in ("Unoccluded", "Occluded", "Overall")),
            Group("CelebA-Pooled", "CelebA-Pooled", "CelebA-Pooled", (RMSE,), optional=True),
            Group("AR-Overall", "AR-Overall", "AR", (RMSE,)),
        ),
        corner="Testset",
        transposed=True,
    ),
    2: Table(
        "Reconstruction error (mm) on NoW.",
        "split",
        (
            Group("test", "NoW test set", "", MM, optional=True),
            Group("validation", "NoW validation set", "NoW", MM),
        ),
    ),
    3: Table(
        "Reconstruction error (mm) on the unoccluded and occluded pairs of the NoW validation set.",
        "subset",
        tuple(Group(name, f"{name} Subset", f"NoW-{name}", MM) for name in ("Unoccluded", "Occluded")),
    ),
    4: Table(
        "Occlusion segmentation on the AR test sets (positive = face, inside the rendered region).",
        "subset",
        tuple(Group(name, name, f"AR-{name.lower()}", SCORES) for name in ("Unoccluded", "Glasses", "Scarf")),
    ),
    5: Table(
        "Ablation study on the AR test sets and the NoW validation set (mm).",
        "subset",
        (
            *(Group(f"AR-{name}", f"AR-{name}", f"AR-{name}", SCORES) for name in ("unoccluded", "glasses", "scarf")),
            Group("NoW", "NoW Evaluation Set", "NoW", NOW_MM),
        ),
    ),
}  # fmt: skip
"""Number -> table."""

HEADLINE: dict[str, tuple[str, Column]] = {
    **{f"ar_f1_{name}": (f"AR-{name}", SCORES[-1]) for name in ("unoccluded", "glasses", "scarf")},
    "celeba_rmse_unoccluded": ("CelebA-Unoccluded", RMSE),
    "celeba_rmse_occluded": ("CelebA-Occluded", RMSE),
    "ar_rmse": ("AR", RMSE),
    "now_median": ("NoW", MM[0]),
}
"""Column of `dvc exp show` -> the images and the column it shows."""
