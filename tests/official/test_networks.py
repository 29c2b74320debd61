"""The three networks at full size, with rule-made weights, against the authors' own classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from focus.authors.networks import ROWS, segmentation_name
from focus.networks import FaceEncoder, FaceRecogniser, SegmentationNetwork, align_faces
from focus.networks.alignment import similarity_to_template
from golden_set import GoldenSet, image, weights

PAPER_RECOGNISER = ((3, 4, 14, 3), (64, 128, 256, 512), 112, 512)


def filled(network: nn.Module, theirs: list[str], ours: list[str], tag: str, gain: float) -> nn.Module:
    """Give a network the rules' weights, drawn by the authors' names of its entries."""
    state = network.state_dict()
    assert len(theirs) == len(set(theirs)) and set(ours) == set(state)
    drawn = weights(tag, theirs, (state[name].shape for name in ours), gain)
    network.load_state_dict({name: drawn[other] for name, other in zip(ours, theirs, strict=True)})
    return network.eval()


def pictures(golden: GoldenSet, what: str, places: str, count: int) -> Tensor:
    """Return `count` images of one network's inputs; README's line `Sizes in this set` names their side and grid."""
    [side] = golden.numbers(rf"{places} (\d+) px", 224)
    [grid] = golden.numbers(r"coarse image grids (\d+)", 15)
    return image(f"{golden.name}/{what}", count, grid, side)


def assert_close(found: Tensor | np.ndarray, expected: np.ndarray, share: float) -> None:
    """Compare within a share of the largest value."""
    np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=share * np.abs(expected).max())


def test_encoder(golden):
    """R's ResNet-50 would see another image than the authors' one, or emit the parameters in another order."""
    figures = golden.arrays("encoder")
    network = FaceEncoder(1000)
    names = figures["state_names"].tolist()
    filled(network, names, [name.replace("vgg.", "network.", 1) for name in names], f"{golden.name}/encoder/", 1.0)
    inputs = pictures(golden, "encoder/image", "encoder", len(figures["outputs"]))
    inputs[1] *= 0.25
    assert float(inputs.double().mean()) == pytest.approx(float(figures["image_mean"]))
    with torch.no_grad():
        assert_close(network(inputs), figures["outputs"], 1e-5)


def test_rows_of_the_encoder(golden):
    """A parameter would be steered by another row than in the authors' weights."""
    figures = golden.arrays("encoder")
    parts = figures["row_part"][ROWS]
    assert parts.tolist() == [0] * 80 + [1] * 64 + [2] * 80 + [4] * 27 + [3] * 6
    assert sorted(ROWS) == np.flatnonzero(figures["row_used"]).tolist()


def test_scales_of_the_encoder(golden, profile_paper):
    """One unit of the encoder's output would turn, move or colour the face by another amount."""
    scale = profile_paper.encoder.output_scale
    shape, expression, albedo, light = scale.shape, scale.expression, scale.albedo, scale.light
    pose = [scale.rotation] * 3 + [scale.translation_xy] * 2 + [scale.translation_z]
    ours = [shape] * 80 + [expression] * 64 + [albedo] * 80 + [light] * 27 + pose
    np.testing.assert_allclose(ours, golden.arrays("encoder")["row_scale"][ROWS], rtol=1e-6)


def test_last_layer_starts_at_zero(golden):
    """Training would not start at the mean face."""
    last = FaceEncoder(257).network.fc
    largest = max(float(weight.detach().abs().max()) for weight in (last.weight, last.bias))
    assert largest == golden.arrays("encoder")["fresh_fc_abs_max"]


@pytest.fixture
def unet(golden: GoldenSet) -> SegmentationNetwork:
    """S with the rules' weights, in float64: batch statistics of float32 round by 6e-5 of the largest logit."""
    network, names = SegmentationNetwork(), golden.arrays("unet")["state_names"].tolist()
    filled(network, names, [segmentation_name(name) for name in names], f"{golden.name}/unet/", 2.0)
    return network.double()


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_segmentation(golden, unet, mode):
    """S would be another U-Net, as it was without the batch norms of its up-convolutions."""
    figures = golden.arrays("unet")
    count = len(figures["eval_mask"])
    rendering, target = (pictures(golden, f"unet/{what}", "U-Net", count).double() for what in ("rendering", "target"))
    unet.train(mode == "train")
    for module in unet.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    with torch.no_grad():
        logits = unet.logits(rendering, target)
    mask = torch.sigmoid(logits)
    assert_close(logits[..., ::4, ::4] / 5, figures[f"{mode}_logit"], 2e-5)
    assert_close(mask[..., ::2, ::2], figures[f"{mode}_mask"], 1e-4)  # 5/4 of the logits' difference
    assert float(mask.double().mean()) == pytest.approx(float(figures[f"{mode}_mean"]), rel=1e-5)
    if mode == "train":
        state = unet.state_dict()
        for key in (key for key in figures if key.startswith("after_train_")):
            assert_close(state[segmentation_name(key.removeprefix("after_train_"))], figures[key], 2e-5)


def test_recogniser(golden):
    """F would see another crop, or give other features, than the authors' wrapper of the same weights."""
    figures = golden.arrays("r50")
    network, names = FaceRecogniser(*PAPER_RECOGNISER), golden.arrays("r50")["state_names"].tolist()
    filled(network, names, names, f"{golden.name}/r50/", 1.0)
    landmarks = torch.from_numpy(figures["landmarks"])
    inputs = pictures(golden, "r50/image", "recogniser", len(landmarks))
    assert_close(similarity_to_template(landmarks, 112), figures["matrix"], 1e-5)
    with torch.no_grad():
        aligned = align_faces(inputs, landmarks, 112)
        assert_close(aligned[..., ::2, ::2], figures["aligned"], 1e-4)
        embedding, maps = network.embedding(aligned), network.feature_maps(aligned, [1])[0]
    assert_close(embedding, figures["embedding_raw"], 5e-5)
    assert_close(nn.functional.normalize(embedding), figures["embedding_unit"], 5e-5)
    assert_close(maps[:, ::4, ::4, ::2], figures["layer1"], 5e-5)
