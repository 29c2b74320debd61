"""The figures stage: training curves of whichever variant `ablation.variant` names."""

from __future__ import annotations

from focus.files import write_text
from focus.stages import figures, paths


def test_a_variant_that_did_not_train_has_curves_without_lines(project) -> None:
    """`ablation.variant: Pretrained` would end the stage in a traceback: its curve is an empty file."""
    write_text(paths.CURVES / "initialise.csv", "step,network,loss\n0,reconstruction,2\n10,reconstruction,1\n")
    write_text(paths.CURVES / "Pretrained.csv", "\n")
    pictures = figures.curve_figures("Pretrained")
    assert set(pictures) == {"training_reconstruction", "training_segmentation"}
    assert all(picture.startswith(b"\x89PNG") for picture in pictures.values())
