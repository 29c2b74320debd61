"""Where a training step's time goes: `python -m benchmarks.training [--profile demo] [--batch N] [--json FILE]`.

An R step (Eq. 8 with S's mask) and an S step (L_S) as a whole, and their parts by themselves, on the same batch:

    networks   forward and backward passes of encoder, F and S, as the step has them (frozen ones without weights' part)
    rendering  face model and renderer, forward, and backward in R steps
    optimiser  Adam with clipping as in the loop
    data       cutting and augmenting a batch
    losses     the rest: Eq. 1-10, the masks between the networks, alignment to F's crop, what Python costs

CPU seconds per step on one thread, or seconds on a GPU, the best of the repeats. `others` is the share of a step that
is not the networks' (the aim: under 0.15).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.steps import Setup, command, one_step, set_up, timed
from focus.datasets.augmentation import Augmentation
from focus.settings import Profile

Work = Callable[[], None]


def network_passes(setup: Setup, kind: str) -> Work:
    """Return what the networks do in one step of a kind, on noise of the shapes they get there."""
    images, side = setup.source(0).images, setup.perception.size
    crop = torch.rand(len(images), 3, side, side, device=images.device)
    encoder, segmentation, seen = setup.autoencoder.encoder, setup.segmentation, setup.perception.recogniser

    def reconstruction() -> None:
        freeze(encoder, segmentation)
        encoder(images).sum().backward()
        with torch.no_grad():
            segmentation(images, images)
            seen.embedding(crop)
        seen.embedding(crop.clone().requires_grad_()).sum().backward()

    def segmenting() -> None:
        freeze(segmentation, encoder)
        with torch.no_grad():
            encoder(images)
            seen.feature_maps(crop, setup.perception.levels)
        segmentation(images, images).sum().backward()
        for _ in ("M * I_T", "M * I_R"):
            maps = seen.feature_maps(crop.clone().requires_grad_(), setup.perception.levels)
            torch.stack([level.sum() for level in maps]).sum().backward()

    return {"reconstruction": reconstruction, "segmentation": segmenting}[kind]


def freeze(active: nn.Module, frozen: nn.Module) -> None:
    """Set both networks as the loop does when `active` is in turn."""
    for network, trains in ((active, True), (frozen, False)):
        network.train(trains).requires_grad_(trains)
        network.zero_grad(set_to_none=True)


def rendering(setup: Setup, kind: str) -> Work:
    """Return one rendering of the batch: with its backward pass in R steps, without gradient in S steps."""
    images = setup.source(0).images
    with torch.no_grad():
        theta = setup.autoencoder.eval().encode(images).theta()

    def draw() -> None:
        with torch.set_grad_enabled(kind == "reconstruction"):
            latents = setup.autoencoder.split(theta.clone().requires_grad_(kind == "reconstruction"))
            result = setup.autoencoder.decode(latents)
            total: Tensor = result.image.sum() + result.landmarks.sum()
        if kind == "reconstruction":
            total.backward()

    return draw


def optimising(network: nn.Module) -> Work:
    """Return one step of Adam with the loop's clipping, on gradients of noise."""
    for weight in network.parameters():
        weight.requires_grad_(True)
        weight.grad = torch.randn_like(weight)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-6)

    def step() -> None:
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()

    return step


def loading(setup: Setup) -> Work:
    """Return the augmentation of one batch from bytes, as the profile sets it."""
    batch, side = setup.source(0), setup.profile.image.side
    pixels = batch.images.mul(255).byte().permute(0, 2, 3, 1).contiguous()
    augmentation = Augmentation(side, setup.profile.training.augmentation)

    def load() -> None:
        images = pixels.permute(0, 3, 1, 2).float().div_(255)
        augmentation(images, batch.visible, batch.landmarks, torch.Generator().manual_seed(0))

    return load


def measure(profile: Profile, batch: int | None, repeats: int, device: torch.device) -> dict[str, Any]:
    """Return the seconds of both kinds of step and of their parts; `batch` None: the profile's."""
    count = batch or profile.training.batch
    setup = set_up(profile, count, device)
    encoder, segmentation = setup.autoencoder.encoder, setup.segmentation
    whole = {
        "reconstruction": one_step(setup.reconstruction(), encoder, setup.autoencoder),
        "segmentation": one_step(setup.segmenting(), segmentation, setup.autoencoder),
    }
    found = {}
    for kind, step in whole.items():
        freeze(*((encoder, segmentation) if kind == "reconstruction" else (segmentation, encoder)))
        bare = best(step, repeats, device)
        parts = {
            "networks": best(network_passes(setup, kind), repeats, device),
            "rendering": best(rendering(setup, kind), repeats, device),
            "optimiser": best(optimising(encoder if kind == "reconstruction" else segmentation), repeats, device),
            "data": best(loading(setup), repeats, device),
        }
        parts["losses"] = max(0.0, bare - parts["networks"] - parts["rendering"])
        total = bare + parts["optimiser"] + parts["data"]
        rounded = {name: round(seconds, 4) for name, seconds in {"step": total, **parts}.items()}
        found[kind] = {**rounded, "others": round(1 - parts["networks"] / total, 3)}
    return {"side": profile.image.side, "batch": count, "seconds": found}


def best(work: Work, repeats: int, device: torch.device) -> float:
    """Return the seconds of the fastest of `repeats` runs, after one to warm up."""
    work()
    return min(timed(work, device) for _ in range(repeats))


if __name__ == "__main__":
    command(__doc__.splitlines()[0], measure, profile="demo", batch=None, repeats=5)
