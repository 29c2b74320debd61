"""A device against the CPU: the same weights and inputs through every part, forward and backward.

A difference is ||device - CPU|| / ||CPU|| over all entries, both in float32 with TF32 off; of a step it is that of the
loss and that of all gradients of the network in turn, as one vector.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.steps import Setup, set_up
from focus.settings import Profile
from focus.training.batches import Batch

Parts = dict[str, list[Tensor]]


def compare(profile: Profile, batch: int, device: torch.device) -> dict[str, Any]:
    """Return the differences of every part at one profile's size, whether a repeat gives the same bits, and memory."""
    with exact_products(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        here = comparable(set_up(profile, batch, torch.device("cpu")))
        there = on(here, device)
        expected, found, again = all_parts(here), all_parts(there), all_parts(there)
    return {
        "side": profile.image.side,
        "batch": batch,
        "differences": {name: relative(found[name], expected[name]) for name in expected},
        "repeats_to_the_bit": {name: same_bits(found[name], again[name]) for name in found},
        "peak_memory_mib": peak_memory(device),
        "warnings": sorted({str(warning.message).split("\n")[0][:200] for warning in caught}),
    }


@contextmanager
def exact_products() -> Iterator[None]:
    """Compute float32 products as such, by deterministic algorithms where there are any; a warning names the others."""
    kept = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(kept[0])
        torch.backends.cudnn.allow_tf32 = kept[1]
        torch.use_deterministic_algorithms(False)


def comparable(setup: Setup) -> Setup:
    """Switch S's dropout off, whose draws differ between devices by design, and fill the encoder's zero last layer.

    With a last layer of zeros no gradient would reach the layers below it.
    """
    for module in setup.segmentation.modules():
        if isinstance(module, nn.Dropout | nn.Dropout2d):
            module.p = 0.0
    generator = torch.Generator().manual_seed(3)
    for weight in setup.autoencoder.encoder.parameters():
        if not weight.any():
            weight.data.normal_(0.0, 1e-3, generator=generator)
    return setup


def on(setup: Setup, device: torch.device) -> Setup:
    """Return a copy of a setup, weights and batch included, on another device."""
    batch = setup.source(0)
    moved = Batch(*(value.to(device) for value in (batch.images, batch.landmarks, batch.visible, batch.index)))
    networks = (copy.deepcopy(part).to(device) for part in (setup.autoencoder, setup.segmentation, setup.perception))
    return Setup(setup.profile, *networks, lambda step: moved)


def all_parts(setup: Setup) -> Parts:
    """Return each part's results: outputs first, then gradients, by name."""
    return {name: part(setup) for name, part in PARTS.items()}


def rendering(setup: Setup) -> list[Tensor]:
    """Face model, camera, light and renderer (Sec. 3.1): image, landmarks, and the gradient to theta."""
    device = setup.source(0).images.device
    generator = torch.Generator().manual_seed(2)
    theta = 0.1 * torch.randn(len(setup.source(0).images), sum(setup.autoencoder.sizes), generator=generator)
    theta = theta.to(device).requires_grad_()
    result = setup.autoencoder.decode(setup.autoencoder.split(theta))
    weight = torch.randn(result.image.shape, generator=generator).to(device)
    ((result.image * weight).sum() + result.landmarks.sum()).backward()
    return [result.image, result.landmarks, gradient(theta)]


def encoder(setup: Setup) -> list[Tensor]:
    """R's encoder, forward and backward."""
    return through(setup.autoencoder.encoder, lambda: setup.autoencoder.encoder(setup.source(0).images))


def segmentation(setup: Setup) -> list[Tensor]:
    """S, forward and backward."""
    images = setup.source(0).images
    return through(setup.segmentation, lambda: setup.segmentation(images, images.flip(0)))


def recogniser(setup: Setup) -> list[Tensor]:
    """F's embedding of the batch, with the gradient to the images through the aligned crop (Eq. 6)."""
    batch = setup.source(0)
    images = batch.images.clone().requires_grad_()
    found = setup.perception.embedding(images, batch.landmarks)
    found.square().mean().backward()
    return [found, gradient(images)]


def reconstruction_step(setup: Setup) -> list[Tensor]:
    """An R step, Eq. 8 with S's mask."""
    setup.segmentation.eval()
    objective = setup.reconstruction()
    return through(setup.autoencoder.encoder, lambda: objective(0)[0])


def segmentation_step(setup: Setup) -> list[Tensor]:
    """An S step, L_S."""
    setup.autoencoder.encoder.eval()
    objective = setup.segmenting()
    return through(setup.segmentation, lambda: objective(0)[0])


PARTS: dict[str, Callable[[Setup], list[Tensor]]] = {
    "rendering": rendering,
    "encoder": encoder,
    "segmentation": segmentation,
    "recogniser": recogniser,
    "reconstruction_step": reconstruction_step,
    "segmentation_step": segmentation_step,
}


def through(network: nn.Module, forward: Callable[[], Tensor]) -> list[Tensor]:
    """Return a forward pass in training mode and all of the network's gradients as one vector."""
    before = copy.deepcopy(network.state_dict())  # batch norm's running statistics move with every pass
    network.train().zero_grad(set_to_none=True)
    found = forward()
    probe = torch.randn(found.shape, generator=torch.Generator().manual_seed(4)).to(found.device)
    (found * probe).sum().backward()
    gradients = torch.cat([weight.grad.flatten() for weight in network.parameters() if weight.grad is not None])
    network.zero_grad(set_to_none=True)
    network.load_state_dict(before)
    return [found, gradients]


def gradient(leaf: Tensor) -> Tensor:
    """Return a leaf's gradient."""
    assert leaf.grad is not None
    return leaf.grad


def relative(found: list[Tensor], expected: list[Tensor]) -> list[float | str]:
    """Return ||found - expected|| / ||expected|| for each tensor; "not finite" in place of a NaN."""
    pairs = [(a.detach().cpu().double(), b.detach().cpu().double()) for a, b in zip(found, expected, strict=True)]
    values = [((a - b).norm() / b.norm().clamp(min=1e-30)) for a, b in pairs]
    return [float(f"{value:.3g}") if value.isfinite() else "not finite" for value in values]


def same_bits(first: list[Tensor], second: list[Tensor]) -> bool:
    """Tell whether two runs of a part gave the same bits."""
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def peak_memory(device: torch.device) -> int | None:
    """Return the most memory that tensors took on a GPU, MiB; None on a CPU."""
    return torch.cuda.max_memory_allocated(device) >> 20 if device.type == "cuda" else None
