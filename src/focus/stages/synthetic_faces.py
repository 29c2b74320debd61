"""Synthetic faces with known geometry (Sec. 3.4), packed like photographs, for R_syn and the misfit prior."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from focus.datasets.packed import pack
from focus.datasets.sample import Sample
from focus.files import write_npy
from focus.methods.misfit_prior import draw_composited, draw_plain, render_faces
from focus.model.autoencoder import Autoencoder, Parameters
from focus.model.inference import encode, network_images
from focus.seeds import numpy_generator, torch_generator
from focus.settings import Key, NetworkSettings, Synthetic
from focus.stages import build, paths
from focus.stages.runner import run_one_of

logger = logging.getLogger(__name__)

Backgrounds = Callable[[slice], Tensor | None]
"""Faces wanted -> what lies behind them (n,3,S,S); None: black. Read when drawn: all of them are 15 GB at 224 px."""

CHUNK = 100


@dataclass(frozen=True, kw_only=True)
class Settings(NetworkSettings):
    """What the stage reads."""

    synthetic: Synthetic
    data_seed: Annotated[int, Key("seeds.data")]


def work(settings: Settings, kind: str) -> None:
    """Write data/synthetic/<kind>: faces/ (a packed set) and shape.npy (N,Ks), the faces' true shape latents."""
    count = settings.synthetic.count + settings.synthetic.holdout
    autoencoder, _ = build.focus_networks(settings, paths.network("initialise"))
    latents, backgrounds = DRAWS[kind](settings, autoencoder, count)
    folder = paths.SYNTHETIC / kind
    pack(folder / "faces", samples(autoencoder, latents, backgrounds))
    write_npy(folder / "shape.npy", latents.shape.numpy())


def plain(settings: Settings, autoencoder: Autoencoder, count: int) -> tuple[Parameters, Backgrounds]:
    """All of theta drawn; black backgrounds."""
    predicted = encode(autoencoder, build.packed("celeba_train"))
    return draw_plain(predicted, count, torch_generator(settings.data_seed, "synthetic", "plain")), lambda part: None


def composited(settings: Settings, autoencoder: Autoencoder, count: int) -> tuple[Parameters, Backgrounds]:
    """Shape and albedo drawn; the rest, and the background, from training images."""
    packed, seed = build.packed("celeba_train"), settings.data_seed
    rows = numpy_generator(seed, "synthetic", "composited", "rows").permutation(np.arange(count) % len(packed))
    predicted = encode(autoencoder, packed).map(lambda part: part[torch.from_numpy(rows)])
    latents = draw_composited(predicted, torch_generator(seed, "synthetic", "composited"))
    return latents, lambda part: network_images(packed, rows[part])


DRAWS = {"plain": plain, "composited": composited}


def samples(autoencoder: Autoencoder, latents: Parameters, backgrounds: Backgrounds) -> Iterator[Sample]:
    """Yield the rendered faces with the model's own landmarks.

    Not a detector's: one trained on photographs is off by many pixels here, always the same way (on black it sees no
    chin; on a composited face the photograph's), and R_syn would learn that for the model's misfit.
    """
    count = len(latents.shape)
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        drawn = latents.map(itemgetter(part))
        images, landmarks = render_faces(autoencoder, drawn, backgrounds(part))
        pictures = images.mul(255).round().byte().permute(0, 2, 3, 1).numpy()
        for place, picture in enumerate(pictures):
            yield Sample(name=f"{start + place:06d}", image=picture, landmarks=landmarks[place].numpy())
        logger.info("synthetic faces: %d of %d", min(start + CHUNK, count), count)


if __name__ == "__main__":
    run_one_of("synthetic_faces", Settings, work)
