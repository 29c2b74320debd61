"""A model to take along: all networks, the face model and the misfit prior in one safetensors file.

One metadata key holds JSON: the networks' sizes, the face model's hash, what the weights were trained on, the licence,
the loss of `--fit`, the thresholds of "occluded", and the measured figures. Nothing in the file is executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, TypedDict

import torch
from pydantic import Field, TypeAdapter, ValidationError
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from focus.errors import FocusError, reason_of
from focus.face_model import FaceModel, crop_to_face
from focus.model import factory
from focus.model.autoencoder import Autoencoder
from focus.networks import FaceEncoder, FaceRecogniser, SegmentationNetwork
from focus.networks.store import fill_network, load_weights, save_tensors
from focus.rendering import Interpolation, Normals
from focus.settings import Encoder, OutputScale, RecogniserNet, Render, SegmentationNet

FORMAT = "focus-bundle-1"
MODELS = Path(str(resources.files("focus") / "models"))
DEMO = "demo"
Count = Annotated[int, Field(ge=1, le=4096)]


@dataclass(frozen=True)
class NetworkSizes:
    """What must be known to build the networks that the weights belong to; the names are those of the profiles."""

    side: Count
    encoder_architecture: str
    encoder_width: Count
    output_scale: Mapping[str, float]
    segmentation_width: Count
    segmentation_poolings: Count
    interpolation: Interpolation
    crop_to_face: bool
    recogniser_side: Count
    recogniser_layers: tuple[Count, ...]
    recogniser_widths: tuple[Count, ...]
    recogniser_embedding: Count
    normals: Normals = "unit"  # files of before this setting have none

    @property
    def encoder(self) -> Encoder:
        """The sizes of R's encoder, as a profile has them."""
        scale = OutputScale.model_validate(self.output_scale)
        return Encoder(architecture=self.encoder_architecture, width=self.encoder_width, output_scale=scale)


class Networks(TypedDict):
    """R's encoder, S and F."""

    encoder: FaceEncoder
    segmentation: SegmentationNetwork
    recogniser: FaceRecogniser


def modules(networks: Networks) -> dict[str, nn.Module]:
    """Return the networks by name."""
    return {
        "encoder": networks["encoder"],
        "segmentation": networks["segmentation"],
        "recogniser": networks["recogniser"],
    }


@dataclass(frozen=True)
class FitLoss:
    """Eq. 8 as `--fit` minimises it: weights of the terms, and the form of each (paper or released)."""

    weights: Mapping[str, float]
    forms: Mapping[str, str]


@dataclass(frozen=True)
class Card:
    """What a person should know of a model: its name, licence, training data (drawn faces or not), and figures."""

    name: str
    licence: str
    training_data: str
    drawn_faces: bool
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Bundle:
    """Networks by name (weights float32), the full face model, E_MP (V,3) mm, and all that goes with them.

    `thresholds`: least occlusion score that counts as occluded, for "forward" and for "fit".
    """

    sizes: NetworkSizes
    face_model: FaceModel
    misfit_prior: Tensor
    networks: Networks
    fit_loss: FitLoss
    thresholds: Mapping[str, float]
    card: Card

    def with_figures(self, thresholds: Mapping[str, float], metrics: Mapping[str, Any]) -> Bundle:
        """Return the bundle with calibrated thresholds and measured figures."""
        return replace(self, thresholds=thresholds, card=replace(self.card, metrics=metrics))

    def autoencoder(self, device: torch.device | str = "cpu") -> Autoencoder:
        """Return R, in eval mode, on a device; it renders the face only where the sizes say so."""
        model = crop_to_face(self.face_model)[0] if self.sizes.crop_to_face else self.face_model
        model = model.to(device)
        render = Render(interpolation=self.sizes.interpolation, backend="torch", normals=self.sizes.normals)
        whole = factory.autoencoder(self.networks["encoder"], model, self.sizes.side, self.sizes.encoder, render)
        return whole.eval()


def empty_networks(sizes: NetworkSizes, face_model: FaceModel) -> Networks:
    """Return the three networks of these sizes with fresh weights."""
    recogniser = RecogniserNet(
        side=sizes.recogniser_side,
        layers=list(sizes.recogniser_layers),
        widths=list(sizes.recogniser_widths),
        embedding=sizes.recogniser_embedding,
    )
    mask_network = SegmentationNet(width=sizes.segmentation_width, poolings=sizes.segmentation_poolings)
    return {
        "encoder": factory.face_encoder(face_model, sizes.side, sizes.encoder),
        "segmentation": factory.segmentation(mask_network),
        "recogniser": factory.recogniser(recogniser),
    }


def save_bundle(path: Path, bundle: Bundle) -> None:
    """Write a bundle, the same bytes each time. Network weights are stored as float16, a tenth of an 8-bit step."""
    tensors = {f"face_model.{name}": value for name, value in bundle.face_model.tensors().items()}
    tensors["misfit_prior"] = bundle.misfit_prior
    for name, network in modules(bundle.networks).items():
        tensors |= {f"{name}.{key}": _half(value) for key, value in network.state_dict().items()}
    model = bundle.face_model
    header = {
        "format": FORMAT,
        "sizes": asdict(bundle.sizes),
        "face_model": {"name": model.name, "licence": model.licence, "sha256": model.content_hash()},
        "fit_loss": asdict(bundle.fit_loss),
        "thresholds": dict(bundle.thresholds),
        "card": asdict(bundle.card),
    }
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    save_tensors(path, plain, header)


def load_bundle(source: str | Path) -> Bundle:
    """Read a bundle by its path, or by the name of one inside the package ("demo").

    Raises FocusError, in one line, for a name or file that is not there, another kind of file, a truncated one, one
    whose face model is not the one it was trained with, and weights of another size.
    """
    path = _find(source)
    weights, header = load_weights(path)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise FocusError(f"{path}: found no bundle, expected one written by the stage demo_model (format {FORMAT})")
    try:
        sizes, fit_loss = _checked(NetworkSizes, header["sizes"]), _checked(FitLoss, header["fit_loss"])
        card, thresholds = _checked(Card, header["card"]), _checked(Mapping[str, float], header["thresholds"])
        face_model, prior = _face_model(path, weights, header["face_model"]), weights["misfit_prior"]
        networks = _networks(sizes, face_model, weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FocusError(f"{path}: incomplete bundle ({reason_of(error)}), expected all of format {FORMAT}") from None
    if prior.shape != face_model.shape_mean.shape:
        raise FocusError(f"{path}: misfit prior of shape {tuple(prior.shape)}, expected one row for each vertex")
    for name, network in modules(networks).items():
        fill_network(network.eval(), name, weights, path)
    return Bundle(sizes, face_model, prior, networks, fit_loss, thresholds, card)


def _checked(kind: Any, value: object) -> Any:
    """Return a part of the header as its type. Raises ValueError naming the first value that is none."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _networks(sizes: NetworkSizes, face_model: FaceModel, weights: Mapping[str, Tensor]) -> Networks:
    """Return the networks of these sizes, which take no more memory than the weights that the file holds."""
    with torch.device("meta"), Unfilled():
        planned = empty_networks(sizes, face_model)
    needed = sum(value.numel() for network in modules(planned).values() for value in network.state_dict().values())
    held = sum(value.numel() for value in weights.values())
    if needed > held:
        raise ValueError(f"sizes of {needed:,} weights, of which the file holds {held:,}")
    return empty_networks(sizes, face_model)


class Unfilled(TorchFunctionMode):
    """Leaves new weights as they are: to draw them on the meta device torch would first load its compiler, 1.5 s."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Pass over the functions of torch.nn.init."""
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def _find(source: str | Path) -> Path:
    path = Path(source)
    if path.is_file():
        return path
    named = MODELS / str(source) / "model.safetensors"
    if named.is_file():
        return named
    known = sorted(folder.parent.name for folder in MODELS.glob("*/model.safetensors"))
    raise FocusError(f"model: found no file or model {str(source)!r}, expected a path or one of {', '.join(known)}")


def _face_model(path: Path, weights: Mapping[str, Tensor], header: Mapping[str, str]) -> FaceModel:
    names = {entry.name for entry in fields(FaceModel)} - {"name", "licence"}
    tensors = {name: weights[f"face_model.{name}"] for name in sorted(names) if f"face_model.{name}" in weights}
    model = FaceModel(**tensors, name=header["name"], licence=header["licence"])
    if model.content_hash() != header["sha256"]:
        raise FocusError(
            f"{path}: face model with hash {model.content_hash()[:12]}, expected {header['sha256'][:12]}: "
            "the networks were trained with another one"
        )
    return model


def _half(value: Tensor) -> Tensor:
    return value.half() if value.is_floating_point() else value
