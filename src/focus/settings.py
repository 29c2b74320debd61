"""params.yaml and the profile it names, as typed and validated settings.

The only reader of both files. A stage asks for its own sections and keys (`load`), the ones dvc.yaml tracks for it,
and cannot reach any other. Units stand in the field descriptions. `json_schemas` gives the schemas in workflow/schemas.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from focus.errors import FocusError

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]
Form = Literal["preset", "paper", "released"]


class Section(BaseModel):
    """A group of settings; an unknown key is an error.

    No key may be called `size` or `nfiles`: DVC's run-cache leaves those names out of its hash, parameters included,
    and would answer a changed value with the old result. A test holds this.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


# --- profiles/<name>.yaml: one scale of the pipeline -----------------------------------------------------------------


class Compute(Section):
    """How much of the machine one stage takes."""

    threads: Positive = Field(description="torch threads of one stage; part of the result's bits")


class Image(Section):
    """The network's input."""

    side: Positive = Field(description="side of the Deep3D crop, px")


class Assets(Section):
    """Paths of licensed files; null: the stand-in that the pipeline makes, if the profile's `emulate` allows it."""

    bfm: Path | None = Field(description="model2017-1_bfm_nomouth.h5 or model2019_bfm.h5")
    celeba_hq: Path | None = Field(description="folder with CelebA-HQ-img/ and CelebAMask-HQ-mask-anno/")
    ar: Path | None = Field(description="folder with AR raw files, labels/ and faceEllipse/")
    now: Path | None = Field(description="folder with NoW_Dataset/, scans/, scans_lmks_onlypp/ and the lists")
    arcface: Path | None = Field(description="ms1mv3_arcface_r50_fp16/backbone.pth")
    resnet50: Path | None = Field(description="ImageNet weights of ResNet-50, torchvision's state dict")


class FaceModelSettings(Section):
    """The fitted 3D morphable model."""

    spacing_mm: Rate = Field(description="vertex spacing of the embedded model's lattice, mm")
    samples: Positive = Field(description="generated faces behind the embedded model's PCA")
    shape: Positive = Field(description="fitted shape components (80 in the paper)")
    expression: Positive = Field(description="fitted expression components (64 in the paper)")
    albedo: Positive = Field(description="fitted albedo components (80 in the paper)")
    crop_to_face: bool = Field(description="render only the face region of BFM (evaluation keeps the full mesh)")


class CelebAHQSize(Section):
    """Emulated CelebA-HQ."""

    side: Positive = Field(description="side of the images, px")
    train: Positive
    val: Positive
    test_unoccluded: Positive
    test_occluded: Positive
    occluded_share: Share = Field(description="share of occluded faces among the training images")


class ARSize(Section):
    """Emulated AR."""

    per_subset: Positive = Field(description="images in each of unoccluded, glasses and scarf")
    sidelight: Count = Field(description="images with a light from the side (codes 5-7)")


class NoWSize(Section):
    """Emulated NoW."""

    side: Positive = Field(description="side of the images, px")
    subjects: Positive
    images_per_subject: Positive
    scan_spacing_mm: Rate = Field(description="vertex spacing of the scans, mm")


class IdentitiesSize(Section):
    """Emulated identities for the recogniser."""

    side: Positive = Field(description="side of the images, px")
    identities: Positive
    images: Positive = Field(description="images of one identity")


class Datasets(Section):
    """Sizes of the emulated data sets; a set whose asset path is given is not emulated."""

    spacing_mm: Rate = Field(description="vertex spacing of the photographed faces, mm")
    celeba_hq: CelebAHQSize
    ar: ARSize
    now: NoWSize
    identities: IdentitiesSize


class Optimiser(Section):
    """An optimiser and the shape of its learning rate."""

    name: Literal["adam", "adamw", "adadelta"]
    lr: Rate = Field(description="peak learning rate")
    schedule: Literal["cosine", "step"]
    warmup: Count = Field(description="steps of linear warm-up (cosine)")
    final: Share = Field(description="last learning rate as a share of the peak (cosine)")
    decay: Share = Field(description="factor per decay_every steps (step)")
    decay_every: Positive = Field(description="steps between decays (step)")
    clip: Weight = Field(description="largest gradient norm; 0 for no clipping")
    weight_decay: Weight


class Detector(Section):
    """Who finds the 68 landmarks."""

    kind: Literal["heatmap", "face-alignment"]
    side: Positive = Field(description="input side of the heat-map network, px")
    width: Positive = Field(description="channels of its first block")
    steps: Positive
    batch: Positive
    optimiser: Optimiser
    threshold: Share = Field(description="least mean heat-map peak that counts as a face")


class Recogniser(Section):
    """The face recogniser F, trained with the ArcFace loss unless assets.arcface is given."""

    side: Positive = Field(description="side of the aligned crop, px (112 in the paper)")
    layers: list[Positive]
    widths: list[Positive]
    embedding: Positive
    steps: Positive
    batch: Positive
    margin: Weight = Field(description="additive angular margin, rad")
    scale: Rate
    optimiser: Optimiser


class OutputScale(Section):
    """What one unit of the encoder's output means."""

    shape: Rate = Field(description="standard deviations")
    expression: Rate = Field(description="standard deviations")
    albedo: Rate = Field(description="standard deviations (3 in the released code)")
    light: Rate = Field(description="spherical-harmonics coefficient")
    rotation: Rate = Field(description="rad (0.3 in the released code)")
    translation_xy: Rate = Field(description="mm (1 in the released code)")
    translation_z: Rate = Field(description="mm (0.005 in the released code)")


class Encoder(Section):
    """The face encoder of R."""

    architecture: Literal["small", "resnet50"]
    width: Positive = Field(description="channels of the first block (small)")
    output_scale: OutputScale


class SegmentationNet(Section):
    """The U-Net S."""

    width: Positive = Field(description="channels of the first block (64 in the paper)")
    poolings: Positive = Field(description="2x2 poolings (4 in the paper)")


class Render(Section):
    """The differentiable renderer."""

    interpolation: Literal["affine", "perspective"]
    backend: Literal["torch", "pytorch3d"]


class LossWeights(Section):
    """Weights of the loss terms at this scale; a variant lists the terms it uses."""

    pixel: Weight = Field(description="lambda_1 of Eq. 8, Eq. 5")
    perceptual: Weight = Field(description="lambda_2, Eq. 6")
    landmarks: Weight = Field(description="lambda_3, Eq. 7, px at 224")
    landmarks_em: Weight = Field(description="lambda_3 after the initialisation")
    regularisation: Weight = Field(description="lambda_4, L_reg")
    area_reconstruction: Weight = Field(description="the released code's extra area term in R steps")
    neighbour: Weight = Field(description="eta_1, Eq. 1")
    pixel_segmentation: Weight = Field(description="weight of Eq. 5 in the Baseline's S steps, in eta_1's place")
    distance: Weight = Field(description="eta_2, Eq. 2")
    area: Weight = Field(description="eta_3, Eq. 3")
    preservation: Weight = Field(description="eta_4, Eq. 4")
    binary: Weight = Field(description="eta_5, L_bin")
    neighbourhood: Count = Field(description="radius of N(x) in Eq. 1, px")


class AugmentationSettings(Section):
    """Random changes of a training image (kornia); all zero: none."""

    shift: Weight = Field(description="largest shift along each axis, px at 224")
    scale: Share = Field(description="largest change of scale, as a share")
    rotation: Weight = Field(description="largest rotation, degrees")
    flip: Share = Field(description="probability of a mirror image, with the 68-point swap")


class Training(Section):
    """What all trainings of R and S share."""

    batch: Positive
    augmentation: AugmentationSettings
    log_every: Positive = Field(description="steps between two rows of the training curve")
    checkpoint_every: Positive = Field(description="steps between two checkpoints")


class Initialise(Section):
    """Unsupervised initialisation of R, Eq. 9-10."""

    steps: Count
    optimiser: Optimiser
    xi: Rate = Field(description="threshold of Eq. 10, squared RGB error")


class Pretrain(Section):
    """Pre-training of S on the masks of Eq. 10."""

    steps: Count
    optimiser: Optimiser
    xi: Rate = Field(description="threshold of Eq. 10, squared RGB error")


class EM(Section):
    """EM rounds: S steps, then R steps."""

    rounds: Positive
    segmentation_steps: Count = Field(description="S steps of one round")
    reconstruction_steps: Count = Field(description="R steps of one round")
    reconstruction: Optimiser
    segmentation: Optimiser


class Synthetic(Section):
    """Faces drawn in the model's latent space for R_syn and the misfit prior."""

    count: Positive = Field(description="training faces")
    holdout: Positive = Field(description="further faces, for measuring the prior")
    steps: Count = Field(description="training steps of R_syn")
    optimiser: Optimiser


class Adaptation(Section):
    """Test-time adaptation: EM rounds on the test images."""

    rounds: Count
    segmentation_steps: Count
    reconstruction_steps: Count
    lr_share: Share = Field(description="learning rates as a share of the EM rounds' ones")


class Evaluation(Section):
    """How results are measured."""

    batch: Positive
    celeba_unoccluded: Positive = Field(description="images of Table 1's unoccluded subset (558 in the paper)")
    celeba_occluded: Positive = Field(description="images of Table 1's occluded subset (750 in the paper)")
    now_pairs: Positive = Field(description="pairs of Table 3 (62 in the paper)")
    bootstrap: Positive = Field(description="resamples behind a claim's interval")


class Profile(Section):
    """profiles/<name>.yaml."""

    emulate: bool = Field(description="let the pipeline make a stand-in for an asset that is null")
    compute: Compute
    image: Image
    assets: Assets
    face_model: FaceModelSettings
    datasets: Datasets
    detector: Detector
    recogniser: Recogniser
    encoder: Encoder
    segmentation: SegmentationNet
    render: Render
    losses: LossWeights
    training: Training
    initialise: Initialise
    pretrain: Pretrain
    em: EM
    synthetic: Synthetic
    adaptation: Adaptation
    evaluation: Evaluation


# --- params.yaml: the method, its variants and the seeds -----------------------------------------------------------


class Seeds(Section):
    """Seeds of the random draws."""

    data: Count = Field(description="the emulated world")
    training: Count = Field(description="initial weights, batches and augmentation")


class Forms(Section):
    """Paper's or released code's form of each term on which the two differ (docs/paper-vs-released.md)."""

    neighbour: Form
    area: Form
    pixel: Form
    landmarks: Form
    regularisation: Form
    binary: Form
    features: Form = Field(description="one cosine per location (released) or per map (paper) in Eq. 2 and 4")


class Method(Section):
    """Which reading of the method is run."""

    preset: Literal["paper", "released"]
    reduction: Literal["mean", "sum"] = Field(description="over pixels, in the paper's forms")
    mask_gradient: bool = Field(description="R steps: gradient also through S's mask (the released code)")
    forms: Forms

    def form(self, term: str) -> str:
        """Return "paper" or "released" for a loss term."""
        chosen = getattr(self.forms, term)
        return self.preset if chosen == "preset" else chosen


MaskName = Literal["none", "ones", "ground_truth", "robust", "skin", "segmentation"]
ReconstructionTerm = Literal["pixel", "perceptual", "landmarks", "regularisation", "area_reconstruction"]
SegmentationTerm = Literal["neighbour", "distance", "area", "preservation", "binary", "pixel"]


class Variant(Section):
    """One trained network (or an untrained reference): a row of the tables."""

    tables: list[Annotated[int, Field(ge=1, le=5)]] = Field(description="tables it appears in")
    start: Name = Field(description="models/<start>: where its weights start")
    images: Literal["celeba_train", "now"] = Field(description="packed images it is trained on")
    schedule: Literal["none", "reconstruction", "em", "adaptation"]
    reconstruction: list[ReconstructionTerm] = Field(description="terms of Eq. 8 it uses in R steps")
    segmentation: list[SegmentationTerm] = Field(description="terms of L_S it uses in S steps")
    training_mask: MaskName = Field(description="M of Eq. 5 in R steps")
    test_mask: MaskName = Field(description="mask it predicts at test time; none: no segmentation figures")
    augmentation: Literal["none", "cutout", "cutmix"]


class Corrected(Section):
    """A variant with a misfit prior subtracted (Sec. 3.4)."""

    tables: list[Annotated[int, Field(ge=1, le=5)]]
    variant: Name
    prior: Literal["plain", "composited"]


class Ablation(Section):
    """What `dvc exp show` shows."""

    variant: Name = Field(description="the variant whose figures go to results/headline.json")


class Params(Section):
    """params.yaml."""

    profile: Name = Field(description="profiles/<profile>.yaml")
    remote: Literal["shared", "private"] = Field(
        description="DVC remote of data and models; must be private with licensed assets: no such remote exists"
    )
    seeds: Seeds
    method: Method
    visible_face: list[str] = Field(description="CelebAMask-HQ parts that make the visible face")
    variants: dict[Name, Variant]
    corrected: dict[Name, Corrected]
    ablation: Ablation


# --- loading --------------------------------------------------------------------------------------------------------


def read_yaml(path: Path) -> Any:
    """Read a YAML file safely. Raises FocusError when it is missing or not YAML."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FocusError(f"{path}: no such file; expected a YAML file with settings") from None
    except (ValueError, yaml.YAMLError) as error:  # ValueError: no UTF-8, or a date that does not exist
        raise FocusError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None


def validate(path: Path, kind: type[BaseModel]) -> Any:
    """Return `path` as an instance of `kind`. Raises FocusError that names the first wrong key."""
    content = read_yaml(path)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        found = "" if first["type"] == "missing" else f", found {first['input']!r:.60}"
        raise FocusError(f"{path}: {key}: {first['msg']}{found}") from None


def read_params(root: Path = Path()) -> Params:
    """Return the validated params.yaml of a project folder."""
    return validate(root / "params.yaml", Params)


def read_profile(name: str, root: Path = Path()) -> Profile:
    """Return a validated profile."""
    return validate(root / "profiles" / f"{name}.yaml", Profile)


def load(sections: tuple[str, ...], params: tuple[str, ...] = (), root: Path = Path()) -> SimpleNamespace:
    """Return only the named profile sections and params.yaml keys, after validating both files whole.

    `params` may be dotted ("variants.FOCUS"); the last word names the attribute's parent: `settings.variants` is then
    a dict with that one entry. Raises FocusError on any wrong key, or when licensed assets meet `remote: shared`.
    """
    everything = read_params(root)
    profile = read_profile(everything.profile, root)
    if everything.remote != "private" and any(path is not None for path in dict(profile.assets).values()):
        raise FocusError("params.yaml: remote: found shared, expected private, as the profile names licensed assets")
    chosen: dict[str, Any] = {name: getattr(profile, name) for name in sections}
    for key in params:
        head, _, entry = key.partition(".")
        value = getattr(everything, head)
        if entry:
            if entry not in value:
                raise FocusError(f"params.yaml: {head}: found no entry {entry!r}, expected one of {', '.join(value)}")
            chosen.setdefault(head, {})[entry] = value[entry]
        else:
            chosen[head] = value
    return SimpleNamespace(**chosen)


def json_schemas() -> dict[str, dict]:
    """Return the JSON schemas of params.yaml and of a profile."""
    return {"params": TypeAdapter(Params).json_schema(), "profile": TypeAdapter(Profile).json_schema()}
