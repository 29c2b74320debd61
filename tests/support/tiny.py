"""The smallest face model, networks and packed images that the whole code can work on, all made by code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import igl
import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import nn

from focus.datasets.augmentation import Augmentation
from focus.datasets.packed import PackedSet, pack
from focus.datasets.sample import Sample
from focus.face_model import FaceModel, read_bfm, write_bfm
from focus.face_model.heads import FaceGenerator, build_embedded_model
from focus.model.autoencoder import Autoencoder, Parameters
from focus.model.perception import Perception
from focus.networks import FaceEncoder, FaceRecogniser, SegmentationNetwork
from focus.rendering import Renderer
from focus.settings import AugmentationSettings, AutoencoderSettings, Optimiser, OutputScale
from focus.training.optimisers import OptimiserPlan

SIZE = 32
SCALE = OutputScale(
    shape=1.0, expression=1.0, albedo=1.0, light=0.5, rotation=0.3, translation_xy=10.0, translation_z=30.0
)
SettingsT = TypeVar("SettingsT", bound=AutoencoderSettings)


def optimiser(name: str, lr: float, schedule: str = "cosine", *, start: int = 0, **changes: float) -> OptimiserPlan:
    """Return an optimiser without warm-up, decay, clipping and weight decay, but for `changes`."""
    plain = {"warmup": 0, "final": 0.0, "decay": 1.0, "decay_every": 5000, "clip": 0.0, "weight_decay": 0.0}
    return OptimiserPlan(Optimiser(name=name, lr=lr, schedule=schedule, **{**plain, **changes}), start=start)


def augmentation(size: int = SIZE, **changes: float | str) -> Augmentation:
    """Return the paper's augmentation of images, but for `changes`."""
    paper = {"shift": 10.0, "scale": 0.1, "rotation": 10.0, "flip": 0.5}
    return Augmentation(size, AugmentationSettings(**{**paper, **changes}))


def sized(settings: SettingsT) -> SettingsT:
    """Return settings of a stage for images of SIZE px."""
    return replace(settings, image=settings.image.model_copy(update={"side": SIZE}))


@cache
def face_model() -> FaceModel:
    """Return an embedded model of 900 vertices and 4 shape, 3 expression and 3 albedo components."""
    generator = FaceGenerator(0, 0, whole=False)
    arrays = build_embedded_model(generator, np.random.default_rng(0), 30, 4, 3, 3)
    with TemporaryDirectory() as folder:
        path = Path(folder, "model.h5")
        write_bfm(path, arrays)
        return _coarse(read_bfm(path, 4, 3, 3))


def _coarse(model: FaceModel, triangles: int = 1700) -> FaceModel:
    """Return the model on a decimated mesh, which renders faster."""
    vertices = model.shape_mean.numpy().astype(float)
    _, faces, _, born = igl.decimate(vertices, model.triangles.numpy(), triangles)
    landmarks = torch.cat([model.landmarks68, model.landmarks_now])
    nearest = torch.from_numpy(cKDTree(vertices[born]).query(vertices[landmarks])[1])
    kept = torch.from_numpy(born)
    rows = (3 * kept[:, None] + torch.arange(3)).flatten()
    parts = ("shape", "expression", "albedo")
    return replace(
        model,
        **{f"{part}_mean": getattr(model, f"{part}_mean")[kept] for part in parts},
        **{f"{part}_basis": getattr(model, f"{part}_basis")[rows] for part in parts},
        triangles=torch.from_numpy(faces),
        landmarks68=nearest[:68],
        landmarks_now=nearest[68:],
    )


def autoencoder(seed: int = 0, scale: OutputScale = SCALE, *, head: float = 0.0) -> Autoencoder:
    """Return R for 32 px images; `head`: standard deviation of the last layer's weights, 0 as training starts."""
    model = face_model()
    torch.manual_seed(seed)
    encoder = FaceEncoder(Autoencoder.output_count(model), "small", SIZE, 8)
    if head:
        nn.init.normal_(encoder.network.fc.weight, std=head)
    return Autoencoder(encoder, model, Renderer(model.triangles, SIZE), scale)


def segmentation(seed: int = 0) -> SegmentationNetwork:
    """Return S with 4 channels and two poolings, dropout after both."""
    torch.manual_seed(seed)
    return SegmentationNetwork(4, 2)


def recogniser(seed: int = 0) -> FaceRecogniser:
    """Return F for 16 px crops, with an embedding of 8."""
    torch.manual_seed(seed)
    return FaceRecogniser((1, 1, 1, 1), (8, 8, 8, 8), 16, 8)


def perception(seed: int = 0) -> Perception:
    """Return the frozen F."""
    return Perception(recogniser(seed), 16)


def latents(count: int, seed: int = 0) -> Parameters:
    """Return random faces that are nearly upright."""
    generator = torch.Generator().manual_seed(seed)
    model = face_model()
    sizes = (model.n_shape, model.n_expression, model.n_albedo, 27, 6)
    parts = [torch.randn(count, size, generator=generator) for size in sizes]
    spread = torch.tensor([0.1, 0.2, 0.1, 5.0, 5.0, 20.0])
    return Parameters(*parts[:3], 0.1 * parts[3], spread * parts[4])


def packed_faces(folder: Path, count: int = 6, seed: int = 0) -> PackedSet:
    """Pack rendered faces on noise, the left third of each image covered in grey, with visible-face masks."""
    with torch.no_grad():
        result = autoencoder().decode(latents(count, seed))
    noise = torch.rand(result.image.shape, generator=torch.Generator().manual_seed(seed + 1))
    images = torch.where(result.mask > 0, result.image.clamp(0, 1), noise)
    images[..., : SIZE // 3] = 0.5
    visible = result.mask.clone()
    visible[..., : SIZE // 3] = 0
    pixels = images.mul(255).round().byte().permute(0, 2, 3, 1).numpy()
    masks = visible[:, 0].byte().numpy()
    points = result.landmarks.numpy()
    return pack(folder, (Sample(f"{i}.png", pixels[i], masks[i], points[i], f"s{i % 2}") for i in range(count)))
