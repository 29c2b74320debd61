"""A bundle of the tiny networks, and photographs of tiny faces that go with it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import torch

import tiny
from focus.reconstruct.bundle import Bundle, Card, FitLoss, NetworkSizes, empty_networks
from focus.reconstruct.reconstructor import Reconstructor

SIDE = 160
SIZES = NetworkSizes(
    side=tiny.SIZE,
    encoder_architecture="small",
    encoder_width=8,
    output_scale=vars(tiny.SCALE),
    segmentation_width=4,
    segmentation_poolings=2,
    interpolation="affine",
    crop_to_face=False,
    recogniser_side=16,
    recogniser_layers=(1, 1, 1, 1),
    recogniser_widths=(8, 8, 8, 8),
    recogniser_embedding=8,
)
LOSS = FitLoss({"pixel": 0.5, "perceptual": 0.25, "landmarks": 1e-3, "regularisation": 0.1}, {})


@cache
def bundle(drawn: bool = True) -> Bundle:
    """Return a bundle of untrained networks that answer with the mean face."""
    torch.manual_seed(0)
    model = tiny.face_model()
    networks = {name: network.eval() for name, network in empty_networks(SIZES, model).items()}
    card = Card("tiny", "MIT", "nothing", drawn)
    return Bundle(
        SIZES, model, torch.full_like(model.shape_mean, 0.5), networks, LOSS, {"forward": 0.2, "fit": 0.3}, card
    )


def reconstructor() -> Reconstructor:
    """Return a reconstructor of the tiny bundle."""
    return Reconstructor(bundle())


@cache
def photo() -> tuple[np.ndarray, np.ndarray]:
    """Return a photograph (160,200,3) uint8 of a rendered face on grey, off its middle, and its 68 points."""
    r = tiny.autoencoder()
    renderer = type(r.renderer)(r.model.triangles, SIDE)
    latents = tiny.latents(1, seed=3)
    vertices = r.model.geometry(latents.shape, latents.expression)
    drawn = renderer(vertices, r.model.albedo(latents.albedo), latents.light, latents.pose)
    face = torch.where(drawn.mask > 0, drawn.image.clamp(0, 1), 0.5)[0].permute(1, 2, 0).numpy()
    image = np.full((SIDE, 200, 3), 128, np.uint8)
    image[:, 30 : 30 + SIDE] = np.rint(face * 255)
    return image, drawn.points[0, r.model.landmarks68, :2].numpy() + np.array([30, 0])


def write_model(folder: Path) -> Path:
    """Write the tiny bundle as folder/model.safetensors."""
    from focus.reconstruct.bundle import save_bundle

    save_bundle(folder / "model.safetensors", bundle())
    return folder / "model.safetensors"
