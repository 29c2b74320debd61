"""What `focus now submit` packs: a method of params.yaml applied to a NoW list, or a folder of predictions."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from focus import settings
from focus.datasets.now import NoW
from focus.datasets.packed import pack
from focus.errors import FocusError
from focus.evaluation.now_submission import Prediction, in_folder, write_submission
from focus.methods.misfit_prior import correct
from focus.model.inference import encode
from focus.settings import Assets, Corrected, Detector, Evaluation, NetworkSettings, Variant
from focus.stages import build, paths
from focus.stages.landmarks import crops

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings(NetworkSettings):
    """What a submission is made by."""

    assets: Assets
    detector: Detector
    evaluation: Evaluation
    variants: dict[str, Variant]
    corrected: dict[str, Corrected]


def submit(method: str, out: Path, split: str, dataset: Path | None, reach: float) -> str:
    """Write the zip for every image of NoW's list of `split`, and return a line that says what was written.

    `method` names a variant or a corrected one of params.yaml, whose model files must be there, or a folder in NoW
    form. `dataset` is NoW's folder; by default the one that the profile names, or else the emulated one.

    Raises:
        FocusError: an unknown method, a missing list or model, or what `write_submission` refuses; nothing is written
            then.
    """
    folder = Path(method)
    if folder.is_dir() and dataset is not None:  # anybody's predictions: no project is needed
        pictures, source = NoW(dataset, split), in_folder(folder)
    else:
        chosen = settings.load(Settings)
        pictures = NoW(dataset or chosen.assets.now or paths.RAW / "now", split)
        source = in_folder(folder) if folder.is_dir() else method_predictions(method, pictures, chosen)
    count = write_submission(source, pictures.names, out, reach=reach)
    emulated = " of EMULATED pictures, not for the server" if (pictures.root / "emulation.csv").is_file() else ""
    return f"{out}: {count} predictions for the {split} list of {pictures.root}{emulated}"


def method_predictions(method: str, pictures: NoW, chosen: Settings) -> Callable[[str], Prediction]:
    """Return line -> neutral full mesh of a trained method, less its misfit prior where it has one."""
    known = [*chosen.variants, *chosen.corrected]
    if method not in known:
        raise FocusError(f"METHOD: found {method!r}, expected a folder of predictions or one of {', '.join(known)}")
    plan = chosen.corrected.get(method)
    model, prior = build.face_model(), None if plan is None else build.misfit_prior(plan.prior)
    shapes = shape_latents(pictures, method if plan is None else plan.variant, chosen)
    triangles, seven = model.triangles.numpy(), model.landmarks_now.numpy()

    def predict(line: str) -> Prediction:
        mesh = model.neutral(shapes[line][None])[0]
        vertices = (mesh if prior is None else correct(mesh, prior)).double().numpy()
        return vertices, triangles, vertices[seven]

    return predict


def shape_latents(pictures: NoW, variant: str, chosen: Settings) -> dict[str, Tensor]:
    """Return line -> shape latents (K,) by the variant's R, on Deep3D crops by the detected landmarks.

    The server wants a mesh for every image: one without a usable face gets the mean face, and a log message names it.
    """
    if not paths.network(variant).is_file():
        raise FocusError(f"{paths.network(variant)}: no such file; expected {variant} trained by `dvc repro`")
    autoencoder, _ = build.focus_networks(chosen, paths.network(variant))
    missed: dict[str, str] = {}
    cut = list(crops(pictures, build.detector(chosen.detector, "now", chosen.compute), chosen.image.side, missed, {}))
    if not cut:
        line, reason = next(iter(missed.items()))
        raise FocusError(f"{pictures.root}: found no image with a usable face, expected some; {line}: {reason}")
    for line, reason in missed.items():
        logger.warning("submit: %s: %s; the mean face is sent for it", line, reason)
    with tempfile.TemporaryDirectory() as scratch:
        packed = pack(Path(scratch, "now"), cut)
        latents = encode(autoencoder, packed, chosen.evaluation.batch).shape
    mean_face = torch.zeros_like(latents[0])
    return dict.fromkeys(missed, mean_face) | dict(zip([sample.name for sample in cut], latents, strict=True))
