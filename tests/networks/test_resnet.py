"""ResNet-50 with torchvision's names."""

from __future__ import annotations

import pytest
import torch

from focus.networks.resnet import BasicBlock, Bottleneck, ResNet, resnet50


def test_state_dict_is_torchvisions():
    """ImageNet weights would not load."""
    with torch.device("meta"):
        shapes = {name: tuple(tensor.shape) for name, tensor in resnet50().state_dict().items()}
    assert len(shapes) == 320
    expected = {
        "conv1.weight": (64, 3, 7, 7),
        "bn1.num_batches_tracked": (),
        "layer1.0.conv1.weight": (64, 64, 1, 1),
        "layer1.0.conv3.weight": (256, 64, 1, 1),
        "layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "layer1.0.downsample.1.running_var": (256,),
        "layer2.0.conv2.weight": (128, 128, 3, 3),
        "layer2.3.bn3.bias": (512,),
        "layer3.5.conv1.weight": (256, 1024, 1, 1),
        "layer4.0.downsample.0.weight": (2048, 1024, 1, 1),
        "layer4.2.bn3.running_mean": (2048,),
        "fc.weight": (1000, 2048),
        "fc.bias": (1000,),
    }
    assert {name: shapes.get(name) for name in expected} == expected
    assert "layer1.1.downsample.0.weight" not in shapes


def test_parameter_count():
    """A layer of another width would pass the names' test."""
    with torch.device("meta"):
        assert sum(weight.numel() for weight in resnet50().parameters()) == 25_557_032  # torchvision's count


def test_stride_is_in_the_3x3_convolution():
    """Weights would load and give other features: the first publication strides in the 1x1."""
    block = resnet50(1).layer2[0]
    assert block.conv1.stride == (1, 1)
    assert block.conv2.stride == (2, 2)


@pytest.mark.parametrize(("block", "features"), [(BasicBlock, 512), (Bottleneck, 2048)])
def test_shapes(block, features):
    """Blocks would not fit each other."""
    network = ResNet(block, (1, 1, 1, 1), 7).eval()
    assert network.fc.in_features == features
    assert network(torch.rand(2, 3, 64, 48)).shape == (2, 7)


def test_block_by_hand():
    """With zero convolutions a block is the ReLU of its input."""
    block = BasicBlock(3, 3).eval()
    for weight in (block.conv1.weight, block.conv2.weight):
        torch.nn.init.zeros_(weight)
    x = torch.randn(1, 3, 4, 4)
    assert torch.equal(block(x), x.relu())
