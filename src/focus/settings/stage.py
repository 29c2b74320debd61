"""What a stage reads, as a class: its fields are the profile's sections and the keys of params.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from focus.settings.assets import Assets
from focus.settings.params import ConstantMask, Corrected, InstanceWise, Method, Reference, Variant
from focus.settings.profile import (
    Compute,
    Encoder,
    Image,
    LossWeights,
    Recogniser,
    Render,
    SegmentationNet,
    Training,
)


class Key(NamedTuple):
    """Which key of params.yaml a field holds where that is not its name: `Annotated[int, Key("seeds.data")]`.

    {name} in it stands for what the stage is started with: `variants.{name}` of train/FOCUS is `variants.FOCUS`.
    """

    path: str


@dataclass(frozen=True, kw_only=True)
class StageSettings:
    """What every stage reads. A field is called like a section of the profile, or holds a key of params.yaml."""

    compute: Compute


@dataclass(frozen=True, kw_only=True)
class AutoencoderSettings(StageSettings):
    """What R is made from."""

    image: Image
    encoder: Encoder
    render: Render


@dataclass(frozen=True, kw_only=True)
class SegmentationSettings(StageSettings):
    """What S is made from."""

    segmentation: SegmentationNet


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(AutoencoderSettings, SegmentationSettings):
    """What R and S are made from."""


@dataclass(frozen=True, kw_only=True)
class RecogniserSettings(StageSettings):
    """What F is made from."""

    recogniser: Recogniser


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(StageSettings):
    """What every training reads."""

    training: Training


@dataclass(frozen=True, kw_only=True)
class BatchSettings(TrainingSettings):
    """What batches of packed images are drawn by."""

    image: Image
    training_seed: Annotated[int, Key("seeds.training")]


@dataclass(frozen=True, kw_only=True)
class LossSettings(StageSettings):
    """What the weights and forms of loss terms are taken from."""

    losses: LossWeights
    method: Method


@dataclass(frozen=True, kw_only=True)
class MethodSettings(StageSettings):
    """What names all methods, and the tables that each stands in."""

    variants: dict[str, Variant]
    corrected: dict[str, Corrected]
    instance_wise: dict[str, InstanceWise]
    constant_masks: dict[str, ConstantMask]
    references: dict[str, Reference]


@dataclass(frozen=True, kw_only=True)
class ProvenanceSettings(StageSettings):
    """What says on which data a run was made."""

    assets: Assets
    profile: str
