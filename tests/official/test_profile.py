"""Profile `paper` as it ships, with FOCUS of params.yaml: one R step, one S step and one of the initialisation.

Encoder, renderer and S are replaced by constants, as they were where the authors' code was run; what is held to its
values are the settings and all that lies between them and a loss: weights, forms, thresholds, masks, features.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from focus import settings
from focus.masks.sources import mask_source
from focus.methods.em import ReconstructionObjective, SegmentationObjective
from focus.model.autoencoder import Parameters, Reconstruction
from focus.model.perception import Perception
from focus.stages import initialise, train
from focus.stages.training import loss_plan
from focus.training.batches import Batch
from golden_set import GoldenSet, LossInputs, loss_inputs, paper_recogniser

RELATIVE = 1e-5


@dataclass(frozen=True)
class Step:
    """A batch, and what the networks make of it."""

    figures: dict[str, np.ndarray]
    inputs: LossInputs
    perception: Perception

    def autoencoder(self, images: Tensor) -> Reconstruction:
        """Return the rules' rendering, with the encoder's rows in the released code's scales."""
        raw = self.inputs.raw
        theta = Parameters(raw[:, :80], raw[:, 199:263], 3 * raw[:, 299:379], raw[:, 504:531], raw[:, 498:504])
        landmarks = torch.from_numpy(self.figures["landmarks_rendered"])
        return Reconstruction(self.inputs.rendering, self.inputs.region, landmarks, theta)

    def batch(self, step: int) -> Batch:
        """Return the rules' images."""
        landmarks = torch.from_numpy(self.figures["landmarks_target"])
        count = len(self.inputs.target)
        return Batch(self.inputs.target, landmarks, torch.ones(count, 1, 1, 1), torch.arange(count))

    def common(self) -> dict[str, Any]:
        """Return what every objective is made from."""
        return {"autoencoder": self.autoencoder, "batches": self.batch, "perception": self.perception}


class Constant(nn.Module):
    """S with one answer."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.mask = mask

    def forward(self, rendering: Tensor, target: Tensor) -> Tensor:
        """Return the answer."""
        return self.mask


@pytest.fixture(scope="module", params=["1", "2"])
def step(request: pytest.FixtureRequest, golden: GoldenSet) -> Step:
    """One of the two batches."""
    figures = golden.arrays(f"losses_{request.param}")
    return Step(figures, loss_inputs(golden, request.param, figures), Perception(paper_recogniser(golden), 112))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A project in which only the profile was chosen."""
    folder, here = tmp_path_factory.mktemp("project"), request.config.rootpath
    shutil.copytree(here / "profiles", folder / "profiles")
    text = (here / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text.replace("profile: demo ", "profile: paper "), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def chosen(root: Path) -> train.Settings:
    """What the training of FOCUS reads there."""
    found = settings.load(train.Settings, "FOCUS", root)
    assert found.image.side == 224
    return found


def test_reconstruction_step(step, chosen):
    """R of a user with all the real files would be trained by another loss than the released one."""
    objective = ReconstructionObjective(
        plan=loss_plan(chosen, "reconstruction", chosen.variant.reconstruction),
        mask_source=mask_source(chosen.variant.training_mask),
        segmentation=Constant(step.inputs.mask),
        mask_gradient=chosen.losses.mask_gradient,
        **step.common(),
    )
    assert float(objective(0)[0]) == pytest.approx(float(step.figures["R_total"]), rel=RELATIVE)
    assert chosen.losses.mask_gradient  # theirs does not detach M


def test_segmentation_step(step, chosen):
    """S of such a user would be trained by another loss than the released one."""
    plan = loss_plan(chosen, "segmentation", chosen.variant.segmentation)
    objective = SegmentationObjective(segmentation=Constant(step.inputs.mask), plan=plan, **step.common())
    assert float(objective(0)[0]) == pytest.approx(float(step.figures["S_total"]), rel=RELATIVE)


def test_initialisation_step(step, root):
    """Colours would count otherwise beside landmarks and prior while R is initialised."""
    chosen = settings.load(initialise.Settings, "", root)
    terms = [initialise.COLOUR[chosen.method.form("initialisation", chosen.losses.paper_forms)]]
    objective = ReconstructionObjective(
        plan=loss_plan(chosen, "initialise", [*terms, "perceptual", "landmarks", "regularisation"]),
        mask_source=mask_source("robust", xi=chosen.initialise.xi),
        **step.common(),
    )
    assert float(objective(0)[0]) == pytest.approx(float(step.figures["init_total"]), rel=RELATIVE)
