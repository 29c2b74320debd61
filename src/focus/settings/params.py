"""params.yaml: what is studied - the seeds, the method's switches and the variants."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from focus.registry.tables import TABLES
from focus.settings.base import NUMBER, Count, Given, MethodName, Name, Positive, Section, Weight
from focus.settings.terms import ReconstructionTerm, SegmentationTerm, Switch

Form = Literal["preset", "paper", "released"]
IMPORTED = "imported"  # where the authors' own weights stand, once they are read (docs/released-weights.md)


def _known(number: int) -> int:
    if number not in TABLES:
        raise PydanticCustomError("unknown_table", f"no such table, expected one of {', '.join(map(str, TABLES))}")
    return number


TableNumber = Annotated[int, AfterValidator(_known), NUMBER, WithJsonSchema({"type": "integer", "enum": [*TABLES]})]


class Seeds(Section):
    """Seeds of the random draws."""

    data: Count = Field(description="the emulated world and F, trained on it")
    training: Count = Field(description="initial weights, batches and augmentation")


class Method(Section):
    """Which reading of the method is run."""

    preset: Literal["paper", "released"] = Field(description="the printed text, or the authors' code, throughout")
    reduction: Literal["preset", "mean", "sum"] = Field(
        description="over pixels, in the paper's forms; preset: sum with preset paper, as printed"
    )
    forms: dict[Switch, Form] = Field(description="of each term on which the two differ (docs/paper-vs-released.md)")

    def form(self, term: str, paper_forms: Collection[str] = ()) -> Literal["paper", "released"]:
        """Return whose form of a term is used; `paper_forms`: terms that a scale takes from the paper."""
        form = self.forms.get(term, "preset")
        if form != "preset":
            return form
        return "paper" if term in paper_forms else self.preset

    @property
    def reduced(self) -> Literal["mean", "sum"]:
        """How the paper's forms are reduced over pixels."""
        if self.reduction != "preset":
            return self.reduction
        return "sum" if self.preset == "paper" else "mean"


TrainingMask = Literal["ones", "ground_truth", "robust", "skin", "segmentation"]
TestMask = Literal["none", "ones", "robust", "skin", "segmentation"]


class Variant(Section):
    """One trained network (or an untrained reference): a row of the tables."""

    tables: list[TableNumber] = Field(description="tables it appears in")
    start: Name = Field(description="models/<start>: where its weights start")
    images: Literal["celeba_train", "now"] = Field(description="packed images it is trained on")
    schedule: Literal["none", "reconstruction", "em", "adaptation"]
    reconstruction: list[ReconstructionTerm] = Field(description="terms of Eq. 8 it uses in R steps")
    segmentation: list[SegmentationTerm] = Field(description="terms of L_S it uses in S steps")
    training_mask: TrainingMask = Field(description="M of Eq. 5 in R steps")
    test_mask: TestMask = Field(description="mask it predicts at test time; none: no segmentation figures")
    augmentation: Literal["none", "cutout", "cutmix"]
    preset: Literal["paper", "released"] | None = Field(
        None, description="in place of method.preset, `printed` included"
    )
    forms: dict[Switch, Form] = Field({}, description="in place of those of `method.forms`")
    reconstruction_weights: dict[ReconstructionTerm, Weight] = Field({}, description="in place of the profile's")
    segmentation_weights: dict[SegmentationTerm, Weight] = Field({}, description="in place of the profile's")
    rounds: Positive | None = Field(None, description="EM rounds, in place of the profile's")


class Corrected(Section):
    """A variant with a misfit prior subtracted (Sec. 3.4)."""

    tables: list[TableNumber]
    variant: Name
    prior: Literal["plain", "composited"]


class InstanceWise(Section):
    """A method that fits each test image by itself, without a network (Egger et al. [8])."""

    tables: list[TableNumber]


class ConstantMask(Section):
    """A variant's reconstructions with everything in them taken for face: a reference of segmentation."""

    tables: list[TableNumber]
    variant: Name


class Reference(Section):
    """A face that no network saw, as a reference of fit and shape: printed in italics, never the best."""

    label: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z -]*$")] = Field(description="its name in tables and claims")
    face: Literal["mean", "fitted"] = Field(description="the face model's mean, or its best fit to the ground truth")
    tables: list[TableNumber]


class Ablation(Section):
    """What `dvc exp show` shows."""

    variant: Name = Field(description="the variant of results/headline.json, of the page's gallery and of the curves")


class PictureRow(Section):
    """A row of pictures, the same test images in each row."""

    show: Literal["target", "rendering", "mask", "true_mask"]
    of: str = Field("", description="the variant; true_mask: in whose rendered region")
    label: str = ""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, row: Any) -> Any:
        """Label a row by what it shows, where nothing else is said."""
        if not isinstance(row, dict):
            return row
        names = {"rendering": row.get("of", ""), "mask": f"{row.get('of', '')} mask", "true_mask": "true mask"}
        return {"label": names.get(row.get("show", ""), row.get("show")), **row}


class Picture(Section):
    """A figure of results/figures, and what the page says of it."""

    title: str
    caption: str
    rows: Annotated[list[PictureRow], Field(min_length=1)]


class Lists(Section):
    """A user's own lists, an image per line, in place of the stated rules; null: the rule (evaluation/subsets.py)."""

    celeba_unoccluded: Given | None = Field(description="Table 1's unoccluded images, names as in CelebA-HQ-img/")
    celeba_occluded: Given | None = Field(description="Table 1's occluded images")
    now_unoccluded: Given | None = Field(description="Table 3's unoccluded images, lines as in NoW's lists")
    now_occluded: Given | None = Field(description="Table 3's occluded images")


class NoWTest(Section):
    """Values that the NoW benchmark's server returned for the test set."""

    median_mm: Weight
    mean_mm: Weight
    std_mm: Weight


class External(Section):
    """Another method's predictions (docs/external.md); what is null gives no rows."""

    now: Given | None = Field(None, description="folder in NoW form: meshes and landmarks of the validation set")
    images: Given | None = Field(None, description="folder with CelebA/ and AR/: RGBA crops, alpha = rendered region")
    masks: Given | None = Field(None, description="folder with CelebA/ and AR/: predicted masks, white = face")
    now_test: NoWTest | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> External:
        if self.masks is not None and self.images is None:
            raise ValueError("found masks without images, expected both: scores count inside the rendered region")
        if all(value is None for _, value in self):
            raise ValueError("found nothing, expected at least one of now, images, now_test")
        return self


class Params(Section):
    """params.yaml."""

    profile: Name = Field(description="profiles/<profile>.yaml")
    remote: Literal["shared", "private"] = Field(
        description="DVC remote of data and models; must be private with licensed assets: no such remote exists"
    )
    seeds: Seeds
    method: Method
    visible_face: list[str] = Field(description="CelebAMask-HQ parts that make the visible face")
    variants: dict[MethodName, Variant]
    corrected: dict[MethodName, Corrected]
    instance_wise: dict[MethodName, InstanceWise]
    constant_masks: dict[MethodName, ConstantMask]
    references: dict[MethodName, Reference]
    external: dict[MethodName, External]
    study: list[MethodName] = Field(
        description="variants and corrected ones that `make worlds` runs, besides references"
    )
    figures: dict[Name, Picture] = Field(description="pictures of faces, by file name")
    lists: Lists
    ablation: Ablation

    @model_validator(mode="after")
    def _fits_together(self) -> Params:
        starts = {"initialise", "pretrain", IMPORTED, *self.variants}
        named: list[tuple[str, str, Collection[str]]]
        named = [(f"variants.{name}.start", variant.start, starts) for name, variant in self.variants.items()]
        named += [(f"corrected.{name}.variant", plan.variant, self.variants) for name, plan in self.corrected.items()]
        named += [
            (f"constant_masks.{name}.variant", plan.variant, self.variants)
            for name, plan in self.constant_masks.items()
        ]
        # A corrected variant trains no networks of its own, which the shipped model would be made of.
        named += [("ablation.variant", self.ablation.variant, self.variants)]
        rows = [(name, row) for name, picture in self.figures.items() for row in picture.rows]
        named += [(f"figures.{name}.of", row.of, self.variants) for name, row in rows if row.show != "target"]
        for key, found, known in named:
            if found not in known:
                raise ValueError(f"{key}: found {found!r}, expected one of {', '.join(known)}")
        for name, variant in self.variants.items():
            if variant.schedule in ("em", "adaptation") and not variant.segmentation:
                key = f"variants.{name}.segmentation"
                raise ValueError(f"{key}: found no terms, expected some: schedule {variant.schedule} has S steps")
        own = [*self.variants, *self.corrected, *self.instance_wise, *self.constant_masks, *self.references]
        own += [plan.label for name, plan in self.references.items() if plan.label != name]
        for name in own:
            if own.count(name) > 1:
                raise ValueError(f"params.yaml: found {name!r} twice, expected one method of each name")
        for name in self.external:
            if name in own:
                raise ValueError(f"external: found {name!r}, a method of this run; expected another name")
        return self
