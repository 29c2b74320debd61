"""profiles/<name>.yaml: one scale of the pipeline - sizes, schedules, weights, paths of licensed files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from focus.settings.assets import Assets
from focus.settings.base import (
    NUMBER,
    Channels,
    Count,
    Given,
    Level,
    Positive,
    PrintedSection,
    Rate,
    Section,
    Several,
    Share,
    Weight,
)
from focus.settings.pieces import DETECTORS, ENCODERS, FACE_MODELS, one_of
from focus.settings.terms import ReconstructionTerm, SegmentationTerm, Switch


class Compute(Section):
    """How much of the machine one stage takes."""

    threads: Positive = Field(description="torch threads of one stage; part of the result's bits")
    isa: Literal["avx2", "native"] = Field(
        "avx2", description="avx2: the same bits on every x86-64 CPU; native: what the CPU offers, its own bits"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(description="where networks and renderer run; auto: a GPU if any")
    precision: Literal["float32", "bfloat16"] = Field(description="of the networks; rendering and losses are float32")
    compile: bool = Field(description="compile the networks with torch.compile")
    workers: Count = Field(
        description="processes that load training batches, draw pictures and look for landmarks; 0: the stage itself"
    )
    processes: Positive = Field(description="processes that share one training of R or S, one GPU each; 1: none")

    @property
    def data_workers(self) -> int:
        """`workers` of a stage that computes in them: none where torch has several threads, as a copy has not."""
        return self.workers if self.threads == 1 else 0


class Image(Section):
    """The network's input."""

    side: Positive = Field(description="side of the Deep3D crop, px")
    landmarks: Literal["exact", "released"] = Field(
        "exact", description="in the crop: where the crop put them, or by the released code's formula, up to 1 px off"
    )


class FaceModelSettings(Section):
    """The fitted 3D morphable model."""

    kind: Annotated[str, *one_of(FACE_MODELS, "kind of face model")] = Field(
        "bfm", description="of the file assets.bfm"
    )
    level: Level = Field(description="of the embedded model's mesh: 0 has 2,900 vertices, 1 11,000")
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
    sidelight: Count = Field(description="images with a light from the right or both sides (codes 6, 7)")


class NoWSize(Section):
    """Emulated NoW."""

    side: Positive = Field(description="side of the images, px")
    subjects: Positive
    images_per_subject: Positive
    scan_spacing_mm: Rate = Field(description="vertex spacing of the scans, mm")


class IdentitiesSize(Section):
    """Emulated identities for the recogniser."""

    level: Level = Field(description="of the heads' meshes, in place of the other sets'")
    side: Positive = Field(description="side of the images, px")
    identities: Positive
    images: Positive = Field(description="images of one identity")


class Datasets(Section):
    """Sizes of the emulated data sets; a set whose asset path is given is not emulated."""

    level: Level = Field(description="of the photographed heads' meshes: 0 has 4,200 vertices, 1 16,000")
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

    kind: Annotated[str, *one_of(DETECTORS, "detector")]
    tables: Given | None = Field(default=None, description="folder of <split>.csv with known landmarks (kind given)")


class RecogniserNet(Section):
    """The network of the face recogniser F."""

    side: Positive = Field(description="side of the aligned crop, px (112 in the paper)")
    layers: list[Positive]
    widths: list[Channels]
    embedding: Positive


class Recogniser(RecogniserNet):
    """The face recogniser F, trained with the ArcFace loss unless assets.arcface is given."""

    levels: list[Annotated[int, Field(ge=1, le=4), NUMBER]] = Field(
        description="stages whose maps are the features of Eq. 2 and 4 (layer 1 in the released code)"
    )
    steps: Positive
    batch: Several
    margin: Weight = Field(description="additive angular margin, rad")
    scale: Rate
    optimiser: Optimiser

    @model_validator(mode="after")
    def _stages_have_widths(self) -> Recogniser:
        if len(self.layers) != len(self.widths):
            raise ValueError(
                f"recogniser.widths: found {len(self.widths)}, expected one for each of {len(self.layers)} layers"
            )
        return self


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

    architecture: Annotated[str, *one_of(ENCODERS, "encoder")]
    width: Channels = Field(description="channels of the first block (small)")
    output_scale: OutputScale


class SegmentationNet(Section):
    """The U-Net S."""

    width: Positive = Field(description="channels of the first block (64 in the paper)")
    poolings: Positive = Field(description="2x2 poolings (4 in the paper)")


class Render(Section):
    """The differentiable renderer."""

    interpolation: Literal["affine", "perspective"]
    backend: Literal["torch", "pytorch3d"]
    normals: Literal["unit", "released"] = Field("unit", description="unit length, or the released code's, lit as such")


class LossWeights(PrintedSection):
    """Weights of the loss terms at this scale (settings/terms.py); a variant lists the terms it uses."""

    initialise: dict[ReconstructionTerm, Weight] = Field(description="of L_R while R is initialised, Sec. 3.3")
    reconstruction: dict[ReconstructionTerm, Weight] = Field(description="of L_R after that: lambda_1 to 4 of Eq. 8")
    segmentation: dict[SegmentationTerm, Weight] = Field(description="of L_S: eta_1 to 5")
    neighbourhood: Count = Field(description="radius of N(x) in Eq. 1, px")
    mask_gradient: bool = Field(description="R steps: gradient also through S's mask (the released code)")
    paper_forms: list[Switch] = Field(
        [], description="terms in the paper's form at this scale, though `method.preset` is released"
    )


class AugmentationSettings(Section):
    """Random changes of a training image (kornia); all zero: none."""

    shift: Weight = Field(description="largest shift along each axis, px at 224")
    scale: Share = Field(description="largest change of scale, as a share")
    rotation: Weight = Field(description="largest rotation, degrees")
    flip: Share = Field(description="probability of a mirror image, with the 68-point swap")
    interpolation: Literal["bilinear", "bicubic"] = Field("bilinear", description="of the images (released: bicubic)")


class Training(Section):
    """What all trainings of R and S share."""

    batch: Several
    augmentation: AugmentationSettings
    log_every: Positive = Field(description="steps between two rows of the training curve")
    checkpoint_every: Positive = Field(description="steps between two checkpoints")


class Initialise(PrintedSection):
    """Unsupervised initialisation of R, Eq. 9-10."""

    steps: Count
    optimiser: Optimiser
    xi: Rate = Field(description="threshold of Eq. 10, squared RGB error")


class Pretrain(PrintedSection):
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

    count: Several = Field(description="training faces")
    holdout: Positive = Field(description="further faces, for measuring the prior")
    steps: Count = Field(description="training steps of R_syn")
    optimiser: Optimiser


class Adaptation(Section):
    """Test-time adaptation: the EM rounds, repeated without end, gone on with from a step of theirs on other images."""

    start: Count = Field(description="step of the EM rounds at which it goes on: turns, and rates that fall in steps")
    steps: Count
    lr_share: Share = Field(description="learning rates as a share of the EM rounds' ones")


class InstanceFit(Section):
    """EM on one image at a time, in the spirit of Egger et al.; weights of its terms: `losses`, as in the EM rounds."""

    rounds: Positive = Field(description="EM rounds")
    steps: Positive = Field(description="Adam steps of one round")
    lr: Rate = Field(description="first learning rate")
    bins: Several = Field(description="bins of the colour histograms along each of R, G, B")
    unexplained: Share = Field(description="face pixels whose colour is the histogram's, not the rendering's")
    blur: Weight = Field(description="sigma of the blur of the mask's log-odds, px")


class ReferenceFit(Section):
    """The fit of Table 1's reference rows to the visible pixels (true_mask_fit.py)."""

    steps: Positive = Field(description="Adam steps")
    lr: Rate = Field(description="first learning rate")


class Evaluation(Section):
    """How results are measured."""

    batch: Positive
    celeba_unoccluded: Positive = Field(description="images of Table 1's unoccluded subset (558 in the paper)")
    celeba_occluded: Positive = Field(description="images of Table 1's occluded subset (750 in the paper)")
    now_pairs: Positive = Field(description="pairs of Table 3 (62 in the paper)")
    bootstrap: Positive = Field(description="resamples behind a claim's interval")
    refined: Positive = Field(description="images of each set that are refined for the threshold of `--fit`")


class MaskScores(PrintedSection):
    """How masks are compared in Tables 4 and 5."""

    masks: Literal["rounded", "soft"] = Field(
        description="both masks at one half, as the paper says, or neither, as in the released code"
    )


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
    instance_fit: InstanceFit
    reference_fit: ReferenceFit
    evaluation: Evaluation
    mask_scores: MaskScores
