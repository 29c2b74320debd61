"""A miniature of profile `paper` by its paths alone: what its stages train is what the authors' code trains.

The stages make all objects themselves, from files in the licensed layouts (tests/support/miniature.py). For the steps
encoder, renderer and S are replaced by constants, as they were where the authors' code was run: what is held to its
values is all else between the settings and a loss, F's weights from `backbone.pth` included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from crop_files import VERTICES
from focus import settings
from focus.authors.networks import ROWS, segmentation_name
from focus.datasets.celebamask_hq import CelebAMaskHQ
from focus.datasets.crop import deep3d_crop
from focus.datasets.now import NoW
from focus.evaluation.per_image import image_rows
from focus.evaluation.segmentation import soft_scores
from focus.evaluation.soft_masks import soft_masks
from focus.face_model.crop_file import CROP_LANDMARKS_68
from focus.model.autoencoder import Parameters, Reconstruction
from focus.model.inference import Prediction
from focus.settings import Assets
from focus.stages import build, evaluate, landmarks
from focus.stages.mask_scores import scoring
from focus.training.batches import Batch
from golden_set import GoldenSet, LossInputs, loss_inputs
from miniature import Centred, Training, stages_run

RELATIVE = 1e-5
THROUGH_F = 1e-4  # gradients through the recogniser: its warp rounds (README of the golden figures)


@pytest.fixture(scope="module")
def trainings(
    golden: GoldenSet, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[dict[str, Training]]:
    """What each stage of the miniature would train; its folder is the working folder."""
    with stages_run(golden, tmp_path_factory.mktemp("project"), request.config.rootpath) as found:
        yield found


@dataclass(frozen=True)
class Step:
    """A batch, and what the networks make of it; gradients reach the rendering, the mask and the raw parameters."""

    figures: dict[str, np.ndarray]
    inputs: LossInputs

    def autoencoder(self, images: Tensor) -> Reconstruction:
        """Return the rules' rendering, with the encoder's rows in the released code's scales."""
        raw = self.inputs.raw
        theta = Parameters(raw[:, :80], raw[:, 199:263], 3 * raw[:, 299:379], raw[:, 504:531], raw[:, 498:504])
        rendered = torch.from_numpy(self.figures["landmarks_rendered"])
        return Reconstruction(self.inputs.rendering, self.inputs.region, rendered, theta)

    def batch(self, step: int) -> Batch:
        """Return the rules' images."""
        points = torch.from_numpy(self.figures["landmarks_target"])
        count = len(self.inputs.target)
        return Batch(self.inputs.target, points, torch.ones(count, 1, 1, 1), torch.arange(count))

    def loss(self, objective: Any) -> Tensor:
        """Return the loss of a stage's objective on this batch."""
        constants: dict[str, Any] = {"autoencoder": self.autoencoder, "batches": self.batch}
        if objective.segmentation is not None:
            constants["segmentation"] = Constant(self.inputs.mask)
        return replace(objective, **constants)(0)[0]


class Constant(nn.Module):
    """S with one answer."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.mask = mask

    def forward(self, rendering: Tensor, target: Tensor) -> Tensor:
        """Return the answer."""
        return self.mask

    def logits(self, rendering: Tensor, target: Tensor) -> Tensor:
        """Return zeros that gradients reach."""
        return self.mask - self.mask.detach()


@pytest.fixture(scope="module", params=["1", "2"])
def step(request: pytest.FixtureRequest, golden: GoldenSet) -> Step:
    """One of the two batches."""
    figures = golden.arrays(f"losses_{request.param}")
    given = loss_inputs(golden, request.param, figures)
    varied = {name: getattr(given, name).requires_grad_() for name in ("rendering", "mask", "raw")}
    return Step(figures, replace(given, **varied))


def assert_gradient(found: Tensor, expected: np.ndarray, share: float) -> None:
    """Compare at every 4th pixel, within `share` of the largest; the figures are times the count of pixels."""
    times = found.shape[0] * found.shape[2] * found.shape[3]
    sampled = (times * found[:, :, ::4, ::4]).numpy()
    np.testing.assert_allclose(sampled, expected, rtol=0, atol=share * np.abs(expected).max())


def test_reconstruction_step(step, trainings):
    """R of a user with all the real files would be trained by another loss than the released one."""
    loss = step.loss(trainings["train/FOCUS"].trained["reconstruction"].objective)
    assert float(loss.detach()) == pytest.approx(float(step.figures["R_total"]), rel=RELATIVE)
    inputs = step.inputs
    of_rendering, of_mask, of_raw = torch.autograd.grad(loss, (inputs.rendering, inputs.mask, inputs.raw))
    assert_gradient(of_rendering, step.figures["R_total_grad_rendering"], 2e-2)  # single pixels, through F's warp
    assert_gradient(of_mask, step.figures["R_total_grad_mask"], THROUGH_F)  # theirs does not detach M
    np.testing.assert_allclose(of_raw.numpy(), step.figures["R_total_grad_raw"], rtol=RELATIVE, atol=1e-9)


def test_segmentation_step(step, trainings):
    """S of such a user would be trained by another loss than the released one."""
    loss = step.loss(trainings["train/FOCUS"].trained["segmentation"].objective)
    assert float(loss.detach()) == pytest.approx(float(step.figures["S_total"]), rel=RELATIVE)
    [gradient] = torch.autograd.grad(loss, step.inputs.mask)
    weights = {"neighbour": 15.0, "dist": 3.0, "area": 0.5, "preserve": 0.25, "binary": 10.0}
    parts = (abs(weight * float(step.figures[f"S_{term}_grad_dot"])) for term, weight in weights.items())
    found = float((gradient.double() * step.inputs.probe.double()).sum())
    assert found == pytest.approx(float(step.figures["S_total_grad_dot"]), abs=THROUGH_F * sum(parts))


def test_initialisation_step(step, trainings):
    """Colours would count otherwise beside landmarks and prior while R is initialised."""
    loss = step.loss(trainings["initialise"].trained["reconstruction"].objective)
    assert float(loss.detach()) == pytest.approx(float(step.figures["init_total"]), rel=RELATIVE)
    [gradient] = torch.autograd.grad(loss, step.inputs.rendering)
    assert_gradient(gradient, step.figures["init_total_grad_rendering"], 2e-2)


def test_pretraining_step(step, trainings):
    """S would be pre-trained on masks of another threshold than R was initialised with."""
    loss = step.loss(trainings["pretrain"].trained["segmentation"].objective)
    [gradient] = torch.autograd.grad(loss, step.inputs.mask)
    target = (0.5 - gradient.numel() * gradient).round().numpy().astype(bool)[:, 0]  # of logits that are 0
    wrong = np.unpackbits(np.packbits(target)) != np.unpackbits(step.figures["init_inliers"])
    assert wrong.sum() <= 2  # rounding at the threshold


def test_schedules(golden, trainings):
    """Turns or rates would be others than the released ones, in one stage or another."""
    figures, rounds = golden.arrays("schedules"), trainings["train/FOCUS"]
    assert [turn.steps for turn in rounds.turns] == figures["turn_length"].tolist()
    assert [turn.network == "reconstruction" for turn in rounds.turns] == figures["turn_is_R"].tolist()
    for network, key in (("reconstruction", "R"), ("segmentation", "S")):
        np.testing.assert_allclose(rounds.rates(network, figures["iteration"]), figures[f"lr_{key}"], rtol=1e-6)
    for stage, network, key in (("initialise", "reconstruction", "init"), ("pretrain", "segmentation", "pretrain")):
        iterations, found = figures[f"{key}_iteration"], trainings[stage]
        np.testing.assert_allclose(found.rates(network, iterations), figures[f"{key}_lr"], rtol=1e-6)
        assert sum(turn.steps for turn in found.turns) == iterations.max()


def test_adaptation(golden, trainings):
    """Test-time adaptation would begin with S, or run at other rates than those of the release's iteration 260,000."""
    figures, adaptation = golden.arrays("schedules"), trainings["train/FOCUS-TTA"]
    [at] = np.flatnonzero(figures["iteration"] == 260_000)
    assert {turn.network for turn in adaptation.turns} == {"reconstruction"}
    assert adaptation.rates("reconstruction", [0]) == pytest.approx([figures["lr_R"][at]], rel=1e-6)
    assert adaptation.rates("segmentation", [0]) == pytest.approx([figures["lr_S"][at]], rel=1e-6)
    batches = adaptation.trained["reconstruction"].objective.batches
    images = NoW(assets().now, "validation")
    assert batches.packed.names == [images[position].name for position in range(len(images))]


def test_batches(trainings):
    """Training images would be moved, cut or packed otherwise than the release's."""
    for stage in ("initialise", "pretrain", "train/FOCUS"):
        [network] = {"initialise": ["reconstruction"], "pretrain": ["segmentation"]}.get(stage, ["reconstruction"])
        objective, batch = trainings[stage].trained[network].objective, trainings[stage].settings.training.batch
        changes = objective.batches.augmentation.changes
        assert (batch, changes.interpolation, changes.flip) == (12, "bicubic", 0.5)
        assert (changes.shift, changes.scale, changes.rotation) == (10, 0.1, 10)  # util/load_dataset.py:35-60
    first = CelebAMaskHQ(assets().celeba_hq, "train")[0]
    image, by_formula, _ = deep3d_crop(first.image, Centred.points(first.image))
    packed = build.packed("celeba_train")
    assert np.array_equal(packed.images[0], image)
    np.testing.assert_allclose(packed.landmarks[0], by_formula, rtol=1e-6)


def test_networks(golden, trainings):
    """R, S or F would be of another size, start from other weights, or their outputs mean something else."""
    encoder, unet = golden.arrays("encoder"), golden.arrays("unet")
    rounds, first = trainings["train/FOCUS"].trained, trainings["initialise"].trained["reconstruction"]
    found = {name.replace("network.", "vgg.", 1): value.numel() for name, value in sizes(first.network)}
    expected = dict(zip(encoder["state_names"].tolist(), encoder["state_sizes"].tolist(), strict=True))
    heads = {"vgg.fc.weight", "vgg.fc.bias"}
    assert found.keys() == expected.keys()
    assert {name for name in found if found[name] != expected[name]} == heads  # 257 rows of their 1000
    theirs = dict(zip(map(segmentation_name, unet["state_names"].tolist()), unet["state_sizes"].tolist(), strict=True))
    assert {name: value.numel() for name, value in sizes(rounds["segmentation"].network)} == theirs
    state = torch.load(assets().resnet50, weights_only=True)
    assert torch.equal(first.network.network.layer4[2].conv3.weight, state["layer4.2.conv3.weight"])


def sizes(network: nn.Module) -> list[tuple[str, Tensor]]:
    """Return the entries of a network's state."""
    return list(network.state_dict().items())


def test_face(golden, trainings):
    """The rendered part, its landmarks, its normals or the outputs' units would be others than the release's."""
    for stage in ("initialise", "train/FOCUS"):
        autoencoder = trainings[stage].trained["reconstruction"].objective.autoencoder
        assert autoencoder.model.vertex_count == VERTICES
        assert autoencoder.model.landmarks68.tolist() == list(CROP_LANDMARKS_68)
        assert not autoencoder.renderer.unit_normals and not autoencoder.renderer.perspective
        np.testing.assert_allclose(autoencoder.units, golden.arrays("encoder")["row_scale"][ROWS], rtol=1e-6)


def test_scores(trainings):
    """Tables 4 and 5 would compare rounded masks where the release compares soft ones."""
    chosen, packed = settings.load(evaluate.Settings, "FOCUS"), build.packed("ar")
    region = torch.ones(len(packed), 1, 224, 224)
    parameters = Parameters(*(torch.zeros(len(packed), size) for size in (80, 64, 80, 27, 6)))
    prediction = Prediction(
        region.expand(-1, 3, -1, -1), region, 0.7 * region, torch.zeros(len(packed), 68, 2), parameters
    )
    visible = list(soft_masks(packed, landmarks.samples_of(chosen, "ar")))
    rows = scoring(chosen, "ar")(image_rows(packed, 0, prediction), prediction)
    for row, mask in zip(rows, visible, strict=True):
        expected = soft_scores(np.full((224, 224), np.float32(0.7)), mask, np.ones((224, 224)))
        assert (row["acc"], row["ppv"], row["tpr"], row["f1"]) == pytest.approx(
            (expected.acc, expected.ppv, expected.tpr, expected.f1), rel=1e-12
        )
        assert ((mask > 0) & (mask < 1)).any()


def assets() -> Assets:
    """Return the paths that the miniature's profile names."""
    return settings.read_profile("paper").assets
