"""From settings to objects: the one place where a stage's networks, face model and losses are put together."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import torch

from focus.autoencoder import Autoencoder, OutputScale
from focus.datasets.augmentation import Augmentation
from focus.datasets.packed import PackedSet
from focus.errors import FocusError
from focus.face_model import FaceModel
from focus.files import read_json
from focus.landmarks import Detector, HeatmapDetector, HeatmapNetwork
from focus.networks import FaceEncoder, FaceRecogniser, SegmentationNetwork
from focus.networks.store import load_networks
from focus.perception import Perception
from focus.rendering import Renderer
from focus.seeds import derive
from focus.settings import Detector as DetectorSettings
from focus.settings import Optimiser, Recogniser
from focus.stages import paths
from focus.training.checkpoint import Checkpoint, fingerprint
from focus.training.objectives import LossPlan
from focus.training.optimisers import OptimiserPlan


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


def autoencoder(settings: SimpleNamespace, *, purpose: str = "reference", seed: int = 0) -> Autoencoder:
    """Return R with fresh weights drawn for (seed, purpose); needs sections image, encoder and render."""
    model = rendered_model()
    torch.manual_seed(derive(seed, "weights", "encoder", purpose))
    plan = settings.encoder
    encoder = FaceEncoder(Autoencoder.output_count(model), plan.architecture, settings.image.side, plan.width)
    renderer = Renderer(model.triangles, settings.image.side, settings.render.interpolation, settings.render.backend)
    return Autoencoder(encoder, model, renderer, OutputScale(**plan.output_scale.model_dump()))


def segmentation(settings: SimpleNamespace, *, purpose: str = "reference", seed: int = 0) -> SegmentationNetwork:
    """Return S with fresh weights drawn for (seed, purpose); needs section segmentation."""
    torch.manual_seed(derive(seed, "weights", "segmentation", purpose))
    return SegmentationNetwork(settings.segmentation.width, settings.segmentation.poolings)


def focus_networks(settings: SimpleNamespace, file: Path) -> tuple[Autoencoder, SegmentationNetwork]:
    """Return R and S as trained in a model file, in eval mode."""
    reconstruction, mask_network = autoencoder(settings), segmentation(settings)
    load_networks(file, {"encoder": reconstruction.encoder, "segmentation": mask_network})
    return reconstruction.eval(), mask_network.eval()


def recogniser(plan: Recogniser) -> FaceRecogniser:
    """Return an untrained face recogniser of the size that the settings name."""
    return FaceRecogniser(tuple(plan.layers), tuple(plan.widths), plan.side, plan.embedding)


def perception(settings: SimpleNamespace) -> Perception:
    """Return the frozen recogniser F; needs section recogniser."""
    network = recogniser(settings.recogniser)
    load_networks(paths.RECOGNISER, {"recogniser": network})
    return Perception(network, settings.recogniser.side)


def detector(plan: DetectorSettings) -> Detector:
    """Return the landmark detector that the profile names."""
    if plan.kind == "face-alignment":
        from focus.landmarks.face_alignment_adapter import FaceAlignmentDetector

        return FaceAlignmentDetector()
    network = HeatmapNetwork(plan.width)
    load_networks(paths.DETECTOR, {"detector": network})
    return HeatmapDetector(network, plan.side, plan.threshold)


def augmentation(settings: SimpleNamespace) -> Augmentation | None:
    """Return the augmentation of training images, None where all is zero; needs sections image and training."""
    values = settings.training.augmentation.model_dump()
    return Augmentation(settings.image.side, **values) if any(values.values()) else None


def loss_plan(settings: SimpleNamespace, terms: list[str], weight_of: dict[str, str] | None = None) -> LossPlan:
    """Return the weights and forms of the named terms; needs section losses and key method.

    `weight_of` names the setting of a term's weight where it is not the term's own name.
    """
    if not terms:
        raise FocusError("variants: found no loss terms, expected at least one")
    weights = {term: getattr(settings.losses, (weight_of or {}).get(term, term)) for term in terms}
    method = settings.method
    forms = {term: method.form(term) for term in type(method.forms).model_fields}
    forms |= {"distance": forms["features"], "preservation": forms["features"], "pixel_segmentation": forms["pixel"]}
    return LossPlan(weights, forms, method.reduction, settings.losses.neighbourhood)


def optimiser(plan: Optimiser, *, lr_share: float = 1.0) -> OptimiserPlan:
    """Return an optimiser plan, its learning rate scaled by `lr_share`."""
    values = plan.model_dump()
    return OptimiserPlan(**{**values, "lr": plan.lr * lr_share})


def checkpoint(stage: str, settings: SimpleNamespace, inputs: list[Path]) -> Checkpoint:
    """Return a stage's checkpoint, tied to its settings and the bytes of its inputs; needs section training."""
    chosen = {name: _plain(value) for name, value in vars(settings).items()}
    return Checkpoint(paths.checkpoint(stage), fingerprint(stage, chosen, *inputs), settings.training.checkpoint_every)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value
