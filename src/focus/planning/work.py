"""How much each stage has to do under a profile: the quantity that its time and its disk grow with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from focus.settings import Params, Profile, Variant
from focus.training.turns import Turn, resumed

# Steps: of the initialisation (Eq. 10's mask), of S's pre-training, R's with a fixed mask or with S's, and S's.
Kind = Literal["initialise", "pretrain", "reconstruction", "reconstruction_masked", "segmentation"]

# Images of the licensed sets: CelebA-HQ by CelebA's split, AR as annotated by Egger et al., NoW's validation set.
LICENSED = {"celeba_train": 24183, "celeba_val": 2993, "celeba_test": 2824, "ar": 120, "now": 352}


@dataclass(frozen=True)
class Work:
    """One stage's work.

    amount: in a unit of the stage's own (images, image pixels, …); 0: nothing to do under this profile.
    images: training images that pass through each kind of step (steps x batch).
    perceptual: whether R's steps have the perceptual loss.
    pixels: image pixels that the stage's outputs hold; 0 where they hold none.
    networks: whether it writes a model file with R and S.
    """

    amount: float = 0.0
    images: tuple[tuple[Kind, int], ...] = ()
    perceptual: bool = True
    pixels: float = 0.0
    networks: bool = False


def image_counts(profile: Profile) -> dict[str, int]:
    """Return the images of each packed split: those of the emulated sets, or of the licensed ones."""
    if not profile.emulate:
        return LICENSED
    sets = profile.datasets
    return {
        "celeba_train": sets.celeba_hq.train,
        "celeba_val": sets.celeba_hq.val,
        "celeba_test": sets.celeba_hq.test_unoccluded + sets.celeba_hq.test_occluded,
        "ar": 3 * sets.ar.per_subset,
        "now": sets.now.subjects * sets.now.images_per_subject,
    }


def all_work(params: Params, profile: Profile) -> dict[str, Work]:
    """Return the work of every stage of dvc.yaml by its name there ("train@FOCUS")."""
    counts = image_counts(profile)
    area = profile.image.side**2
    found = {**_data_work(profile, counts), **_network_work(profile)}
    for name, variant in params.variants.items():
        found[f"train@{name}"] = _variant_work(variant, profile)
        tests = counts["celeba_test"] + counts["ar"] + counts["now"]
        found[f"evaluate@{name}"] = Work(amount=tests * area**0.5, pixels=tests * area)
    for name in params.corrected:
        found[f"correct@{name}"] = Work(amount=counts["now"])
    for name in params.instance_wise:
        found[f"instance_fit@{name}"] = Work(amount=counts["ar"] * profile.instance_fit.rounds * area)
    for name in params.constant_masks:
        found[f"constant_mask@{name}"] = Work(amount=counts["ar"] * area)
    fitted = profile.evaluation.celeba_unoccluded + profile.evaluation.celeba_occluded + counts["ar"]
    for name in params.references:
        found[f"reference@{name}"] = Work(amount=fitted * profile.reference_fit.steps * area)
    fixed = dict.fromkeys(
        (
            *("code", "imported", "subsets", "external", "listed", "misfit"),
            *("tables", "figures", "report", "headline", "demo_model"),
        ),
        Work(amount=1),
    )
    return found | fixed | {"claims": Work(amount=profile.evaluation.bootstrap)}


def _data_work(profile: Profile, counts: dict[str, int]) -> dict[str, Work]:
    model, sets, area = profile.face_model, profile.datasets, profile.image.side**2
    made = 1 if profile.emulate else 0  # nothing is drawn where licensed files are read
    celeba = sum(counts[name] for name in ("celeba_train", "celeba_val", "celeba_test")) * sets.celeba_hq.side**2
    ar = 3 * sets.ar.per_subset + sets.ar.sidelight
    now = counts["now"] * sets.now.side**2
    identities = sets.identities.identities * sets.identities.images * sets.identities.side**2
    drawn = {"celeba_hq": celeba, "ar": ar, "now": now, "identities": identities}
    vertices = 4**model.level
    found = {"face_model": Work(amount=made * model.samples * vertices, pixels=vertices)}
    found |= {f"datasets@{name}": Work(amount=made * size, pixels=made * size) for name, size in drawn.items()}
    for name, count in counts.items():
        found[f"landmarks@{name}"] = Work(amount=count, pixels=count * area)
    faces = (profile.synthetic.count + profile.synthetic.holdout) * area
    found |= {f"synthetic_faces@{kind}": Work(amount=faces, pixels=faces) for kind in ("plain", "composited")}
    return found


def _network_work(profile: Profile) -> dict[str, Work]:
    batch, recogniser = profile.training.batch, profile.recogniser
    trained = 1 if profile.emulate else 0  # ms1mv3's weights are read, not trained
    blocks = sum(
        count * (width / 2**level) ** 2
        for level, (count, width) in enumerate(zip(recogniser.layers, recogniser.widths, strict=True))
    )
    found = {
        "recogniser": Work(amount=trained * recogniser.steps * recogniser.batch * recogniser.side**2 * blocks),
        "initialise": Work(images=(("initialise", profile.initialise.steps * batch),), networks=True),
        "pretrain": Work(images=(("pretrain", profile.pretrain.steps * batch),), networks=True),
    }
    for kind in ("plain", "composited"):
        found[f"r_syn@{kind}"] = Work(images=(("reconstruction", profile.synthetic.steps * batch),), networks=True)
        found[f"misfit_prior@{kind}"] = Work(amount=profile.synthetic.holdout)
    return found


def _variant_work(variant: Variant, profile: Profile) -> Work:
    if variant.schedule == "none":
        return Work(networks=True)
    batch, steps = profile.training.batch, _steps(variant, profile)
    kind: Kind = "reconstruction_masked" if variant.training_mask == "segmentation" else "reconstruction"
    images: list[tuple[Kind, int]] = [(kind, steps["reconstruction"] * batch)]
    if variant.schedule != "reconstruction":
        images.append(("segmentation", steps["segmentation"] * batch))
    return Work(images=tuple(images), perceptual="perceptual" in variant.reconstruction, networks=True)


def _steps(variant: Variant, profile: Profile) -> Counter[str]:
    """Return how many steps each network has in turn."""
    em, adaptation = profile.em, profile.adaptation
    turns = [Turn("segmentation", em.segmentation_steps), Turn("reconstruction", em.reconstruction_steps)]
    adapts = variant.schedule == "adaptation"
    steps: Counter[str] = Counter()
    for turn in resumed(turns, adaptation.start, adaptation.steps) if adapts else turns * em.rounds:
        steps[turn.network] += turn.steps
    return steps
