"""What a second thread does of a step."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from focus.training.aside import aside, in_halves


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.PReLU(4), nn.Flatten(), nn.Linear(256, 5))
    return layers.double().requires_grad_(False)


def faces(count: int) -> torch.Tensor:
    return torch.rand(count, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(count))


def test_aside_returns_what_the_function_does_and_records_nothing():
    """The target's embedding would be another one, or take part in the gradient."""
    images = faces(4).requires_grad_()
    found = aside(network(), images)()
    assert torch.equal(found, network()(images)) and not found.requires_grad


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_halves_are_the_whole(count):
    """R would be trained by other features than those of its renderings, or by another gradient."""
    weight = torch.arange(1.0, count + 1, dtype=torch.float64)[:, None, None, None]
    seen = network()

    def function(images: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        return seen(images * scale)

    found, gradients = [], []
    for way in (lambda images: in_halves(function, images, weight), lambda images: function(images, weight)):
        images = faces(count).requires_grad_()
        found.append(way(images))
        gradients += torch.autograd.grad(found[-1].square().sum(), images)
    torch.testing.assert_close(*found)
    torch.testing.assert_close(*gradients)


def test_gradient_of_halves():
    """As above, against finite differences."""
    seen = network()
    assert torch.autograd.gradcheck(lambda images: in_halves(seen, images), faces(3).requires_grad_())


@pytest.mark.parametrize("bad", [0, 3])
def test_an_error_in_either_half_is_raised(bad):
    """A training would wait for ever, or go on with half of a batch."""
    images = faces(4).requires_grad_()

    def refuses(half: torch.Tensor) -> torch.Tensor:
        if any(torch.equal(image, images[bad]) for image in half):
            raise ValueError("no face")
        return half

    with pytest.raises(ValueError, match="no face"):
        in_halves(refuses, images)
    with pytest.raises(ValueError, match="no face"):
        aside(refuses, images)()


def test_one_image_has_no_halves():
    """A batch that leaves one image over would stop a training."""
    assert in_halves(network(), faces(1)).shape == (1, 5)
