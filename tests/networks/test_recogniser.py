"""The face recogniser with arcface_torch's names."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from focus.errors import FocusError
from focus.networks import FaceRecogniser
from focus.networks.recogniser import ChannelPReLU

SMALL = {"layers": (1, 1, 1, 1), "widths": (8, 8, 16, 16), "size": 56, "embedding": 12}


@pytest.fixture
def small():
    torch.manual_seed(0)
    return FaceRecogniser(**SMALL).eval()


def test_state_dict_is_arcface_torchs():
    """The published ms1mv3 weights would not load."""
    with torch.device("meta"):
        network = FaceRecogniser()
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    block = {
        *(f"{norm}.{entry}" for norm in ("bn1", "bn2", "bn3") for entry in nn.BatchNorm2d(1).state_dict()),
        *("conv1.weight", "prelu.weight", "conv2.weight"),
    }
    first = {name.removeprefix("layer3.0.") for name in shapes if name.startswith("layer3.0.")}
    assert first == block | {
        "downsample.0.weight",
        *(f"downsample.1.{entry}" for entry in nn.BatchNorm2d(1).state_dict()),
    }
    assert {name.removeprefix("layer3.13.") for name in shapes if name.startswith("layer3.13.")} == block
    assert "layer3.14.conv1.weight" not in shapes
    expected = {
        "conv1.weight": (64, 3, 3, 3),
        "prelu.weight": (64,),
        "layer1.0.downsample.0.weight": (64, 64, 1, 1),
        "layer2.0.bn1.weight": (64,),
        "layer2.0.conv1.weight": (128, 64, 3, 3),
        "bn2.running_mean": (512,),
        "fc.weight": (512, 25088),
        "features.weight": (512,),
        "features.running_var": (512,),
    }
    assert {name: shapes.get(name) for name in expected} == expected
    assert len(shapes) == 475
    assert sum(weight.numel() for weight in network.parameters()) == 43_590_848  # the published network's count


def test_full_size_features():
    """Eq. 2 and 4 would read another layer than the released code's (64 x 56 x 56)."""
    network = FaceRecogniser().eval()
    aligned = torch.rand(1, 3, 112, 112)
    with torch.no_grad():
        assert network.feature_maps(aligned, [1])[0].shape == (1, 64, 56, 56)
        assert network.embedding(aligned).shape == (1, 512)


def test_levels(small):
    """Features of several levels would come from other stages than asked for, or without a sign."""
    aligned = torch.rand(2, 3, 56, 56)
    maps = small.feature_maps(aligned, [3, 1])
    assert [tuple(level.shape) for level in maps] == [(2, 16, 7, 7), (2, 8, 28, 28)]
    assert torch.equal(maps[1], small.feature_maps(aligned, [1])[0])
    assert torch.equal(maps[0], small.feature_maps(aligned, [3])[0])
    assert maps[0].min() < 0
    for levels in ([], [0], [5, 1]):
        with pytest.raises(FocusError, match="expected some of 1, 2, 3, 4"):
            small.feature_maps(aligned, levels)


def test_input_is_centred_inside(small):
    """The published weights would see [0,1] where they want [-1,1]."""
    seen = []
    small.conv1.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    small(torch.tensor([0.0, 0.5, 1.0])[None, :, None, None].expand(1, 3, 56, 56))
    assert torch.equal(seen[0][0, :, 0, 0], torch.tensor([-1.0, 0.0, 1.0]))


def test_prelu_is_torchs():
    """The quicker PReLU would differ from torch's in value or gradient."""
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    torch_prelu, own = nn.PReLU(3).double(), ChannelPReLU(3).double()
    torch_prelu.weight.data = own.weight.data = torch.tensor([0.25, -0.5, 2.0], dtype=torch.float64)
    gradients = []
    for prelu in (torch_prelu, own):
        given = x.clone().requires_grad_()
        torch.testing.assert_close(prelu(given), torch_prelu(x))
        prelu(given).square().sum().backward()
        gradients.append((given.grad, prelu.weight.grad))
        prelu.zero_grad()
    torch.testing.assert_close(gradients[0], gradients[1])


def test_load_backbone(tmp_path, small):
    """Published weights would not reach the network, or a smaller network's be taken for them."""
    path = tmp_path / "backbone.pth"
    torch.save(small.state_dict(), path)
    other = FaceRecogniser(**SMALL).eval()
    aligned = torch.rand(2, 3, 56, 56)
    assert not torch.equal(other(aligned), small(aligned))
    other.load_backbone(path)
    assert torch.equal(other(aligned), small(aligned))
    with pytest.raises(FocusError, match=r"backbone.pth: .* is \(8, 3, 3, 3\), expected \(16, 3, 3, 3\)"):
        FaceRecogniser(**{**SMALL, "widths": (16, 8, 16, 16)}).load_backbone(path)
