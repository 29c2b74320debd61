"""From settings and files to objects: a stage's data, face model and networks."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from focus import device
from focus.datasets.packed import PackedSet
from focus.errors import FocusError
from focus.face_model import FaceModel
from focus.files import read_json
from focus.landmarks import Detector
from focus.model import factory
from focus.model.autoencoder import Autoencoder
from focus.model.perception import Perception
from focus.networks import Engine, FaceRecogniser, SegmentationNetwork
from focus.networks.store import load_networks, load_weights
from focus.seeds import derive
from focus.settings import (
    AutoencoderSettings,
    Compute,
    NetworkSettings,
    RecogniserSettings,
    SegmentationSettings,
)
from focus.settings import Detector as DetectorSettings
from focus.settings.pieces import module
from focus.stages import paths

NetworkT = TypeVar("NetworkT", bound=Engine)


def packed(split: str) -> PackedSet:
    """Return a packed split. Raises FocusError that says what is missing when the licensed set is not there."""
    note = paths.PACKED / split / paths.MISSING
    if note.is_file():
        raise FocusError(read_json(note)["reason"])
    return PackedSet(paths.PACKED / split)


def has(split: str) -> bool:
    """Tell whether a split is there: False when its licensed set is missing and the profile does not emulate."""
    return not (paths.PACKED / split / paths.MISSING).is_file()


def face_model() -> FaceModel:
    """Return the fitted face model: the full mesh, for evaluation and export."""
    return FaceModel.load(paths.FACE_MODEL)


def rendered_model() -> FaceModel:
    """Return the part of the model that is rendered: the face region of a BFM, all of the embedded model."""
    return FaceModel.load(paths.RENDERED_MODEL)


def ready(network: NetworkT, compute: Compute) -> NetworkT:
    """Return a network where, and as, section compute wants it to run."""
    network.run_with(bfloat16=compute.precision == "bfloat16", compiled=compute.compile)
    return network.to(device.choose(compute.device))


def autoencoder(
    settings: AutoencoderSettings, *, purpose: str = "reference", seed: int = 0, backbone: Path | None = None
) -> Autoencoder:
    """Return R with fresh weights drawn for (seed, purpose), those of the encoder's backbone from a file if given."""
    model = rendered_model().to(device.choose(settings.compute.device))
    torch.manual_seed(derive(seed, "weights", "encoder", purpose))
    encoder = factory.face_encoder(model, settings.image.side, settings.encoder)
    if backbone is not None:
        encoder.load_backbone(backbone)
    ready(encoder, settings.compute)
    return factory.autoencoder(encoder, model, settings.image.side, settings.encoder, settings.render)


def segmentation(settings: SegmentationSettings, *, purpose: str = "reference", seed: int = 0) -> SegmentationNetwork:
    """Return S with fresh weights drawn for (seed, purpose)."""
    torch.manual_seed(derive(seed, "weights", "segmentation", purpose))
    return ready(factory.segmentation(settings.segmentation), settings.compute)


def start(name: str) -> Path:
    """Return the model file that a variant starts from. Raises FocusError where it is the authors', not given."""
    note = paths.network(name).with_name(paths.MISSING)
    if note.is_file():
        raise FocusError(read_json(note)["reason"])
    return paths.network(name)


def focus_networks(settings: NetworkSettings, file: Path) -> tuple[Autoencoder, SegmentationNetwork]:
    """Return R and S as trained in a model file, in eval mode."""
    reconstruction, mask_network = autoencoder(settings), segmentation(settings)
    load_networks(file, {"encoder": reconstruction.encoder, "segmentation": mask_network})
    return reconstruction.eval(), mask_network.eval()


def misfit_prior(kind: str) -> Tensor:
    """Return the misfit prior E_MP (V,3) mm of one kind. Raises FocusError when it has not been made."""
    return load_weights(paths.misfit_prior(kind))[0]["misfit_prior"]


def recogniser(settings: RecogniserSettings) -> FaceRecogniser:
    """Return an untrained face recogniser F of the size that section recogniser names."""
    return ready(factory.recogniser(settings.recogniser), settings.compute)


def perception(settings: RecogniserSettings) -> Perception:
    """Return the frozen recogniser F."""
    network = recogniser(settings)
    load_networks(paths.RECOGNISER, {"recogniser": network})
    return Perception(network, settings.recogniser.side, settings.recogniser.levels)


def detector(plan: DetectorSettings, split: str, compute: Compute) -> Detector:
    """Return the landmark detector that the profile names, for a split."""
    kind = import_module(f"focus.landmarks.detectors.{module(plan.kind)}")
    made: Detector = kind.make(plan, split, device.choose(compute.device))
    return made
