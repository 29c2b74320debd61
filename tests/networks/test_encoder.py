"""The face encoder of both architectures."""

from __future__ import annotations

import pytest
import torch

from focus.errors import FocusError
from focus.networks import FaceEncoder


@pytest.mark.parametrize(("architecture", "size"), [("small", 64), ("small", 48), ("small", 50), ("resnet50", 64)])
def test_starts_at_the_mean_face(architecture, size):
    """Training would start from another face than the model's mean."""
    encoder = FaceEncoder(73, architecture, size, 8)
    theta = encoder(torch.rand(2, 3, size, size))
    assert theta.shape == (2, 73)
    assert theta.dtype == torch.float32
    assert theta.abs().sum() == 0


def test_full_paper_size():
    """The paper's network would not take the paper's image, or not return its 257 parameters."""
    encoder = FaceEncoder(257).eval()
    with torch.no_grad():
        assert encoder(torch.rand(1, 3, 224, 224)).shape == (1, 257)


def test_learns_position():
    """An average over the image would hide where a feature is, and with it pose."""
    torch.manual_seed(0)
    encoder = FaceEncoder(2, "small", 32, 8)
    optimiser = torch.optim.Adam(encoder.parameters(), 5e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        place = torch.randint(4, 24, (32, 2), generator=generator)
        images = torch.zeros(32, 3, 32, 32)
        for image, (x, y) in zip(images, place.tolist(), strict=True):
            image[:, y : y + 4, x : x + 4] = 1
        loss = (encoder(images) - (place / 12 - 1.2)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.1  # a constant answer has 0.23


def test_deterministic():
    """The same seed would give another network."""
    outputs = []
    for _ in range(2):
        torch.manual_seed(3)
        encoder = FaceEncoder(5, "small", 32, 8)
        torch.nn.init.ones_(encoder.network.fc.weight)
        outputs.append(encoder(torch.linspace(0, 1, 2 * 3 * 32 * 32).reshape(2, 3, 32, 32)))
    assert torch.equal(*outputs)
    assert outputs[0].abs().sum() > 0


def test_weights_are_contiguous():
    """The safetensors writer would refuse to write the network."""
    assert all(tensor.is_contiguous() for tensor in FaceEncoder(5, "small", 32, 8).state_dict().values())


def test_load_backbone(tmp_path):
    """ImageNet weights would not reach the network, or overwrite the zero-initialised last layer."""
    path = tmp_path / "resnet50.pth"
    imagenet = FaceEncoder(1000)
    torch.nn.init.ones_(imagenet.network.fc.weight)
    torch.save(imagenet.network.state_dict(), path)
    encoder = FaceEncoder(257)
    encoder.load_backbone(path)
    assert torch.equal(encoder.network.layer4[2].conv3.weight, imagenet.network.layer4[2].conv3.weight)
    assert encoder.network.fc.weight.shape == (257, 2048)
    assert encoder.network.fc.weight.abs().sum() == 0


def test_unknown_architecture():
    """A misspelt architecture would end in a traceback."""
    with pytest.raises(FocusError, match="found 'resnet18', expected one of resnet50, small"):
        FaceEncoder(5, "resnet18")
