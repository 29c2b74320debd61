"""The paper's 16 claims, and one that it takes for granted, as data.

Each says who is better than whom, on which images, by which metric.

Every claim has the same form: the mean over images of (a - b) in one metric, turned so that a positive margin means
that the claim holds: a is the better one. The images are a weighted set of IMAGE_SETS: CelebA-Overall is half of each
subset, and "how much more on occluded than on unoccluded faces" is one set with weight 1 and one with weight -1. So no
claim needs code of its own; `verdicts` evaluates the list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One claim on one set of images: a is better than b in `metric`.

    testset: of IMAGE_SETS. metric: of METRICS, or "seconds": b's over a's, above `threshold`. threshold: what the
    margin is measured from; below zero it makes a test of "no worse by more than". by: "" or a column of images.csv;
    the claim is then evaluated once for each of its values. mechanism: one of the claims that test the method itself,
    expected to hold wherever the pipeline is right.
    """

    id: str
    claim: str
    table: int | None
    testset: str
    a: str
    b: str
    metric: str
    threshold: float = 0.0
    by: str = ""
    mechanism: bool = False


TABLE1 = ("CelebA-Unoccluded", "CelebA-Occluded", "CelebA-Overall", "AR")
SUBSETS = ("unoccluded", "glasses", "scarf")
SKIN = "Deep3D-skin"
DEEP3D = (SKIN, "Deep3D")
"""Against Deep3D: our backbone with its skin mixture, and Deep3D itself where a user has given its predictions."""
BACKBONES = ("Backbone-Supervised", "Backbone-cutmix", "Backbone-cutout")
PRIORS = ("FOCUS-MP", "FOCUS-MP-composited")
MECHANISM_STEPS = (("Pretrained", "FOCUS"), ("Baseline", "FOCUS"))
TRAINED = ("MoFA", "Backbone", "FOCUS", "Pretrained")
MEAN_FACE = "mean face"
CHAIN = (("Pretrained", "Baseline"), ("Baseline", "Neighbor"), ("Neighbor", "FOCUS"), *MECHANISM_STEPS)


def _lower_rmse(number: int, rivals: tuple[str, ...]) -> tuple[Claim, ...]:
    def claim(testset: str, rival: str) -> Claim:
        mechanism = number == 1 and rival == "Backbone" and testset in ("CelebA-Occluded", "AR")
        text = f"FOCUS has lower RMSE than {rival}"
        id = f"{number}-{testset}-{rival}"
        return Claim(id, text, 1, testset, "FOCUS", rival, "rmse", mechanism=mechanism)

    return tuple(claim(testset, rival) for rival in rivals for testset in TABLE1)


def _priors() -> tuple[Claim, ...]:
    places = (
        ("NoW", 2, "(Tables 2 and 5: the same images)"),
        ("NoW-Unoccluded", 3, "on unoccluded faces"),
        ("NoW-Occluded", 3, "on occluded faces (in the paper it has not)"),
    )

    def claim(prior: str, testset: str, table: int, where: str) -> Claim:
        text = f"{prior} has lower error than FOCUS {where}"
        return Claim(f"6-{testset}-{prior}", text, table, testset, prior, "FOCUS", "now_median")

    return tuple(claim(prior, *place) for place in places for prior in PRIORS)


def _chain() -> tuple[Claim, ...]:
    def step(subset: str, low: str, high: str) -> Claim:
        mechanism = (low, high) in MECHANISM_STEPS and subset != "unoccluded"
        id, text = f"10-{subset}-{low}<{high}", f"F1 of {high} is higher than that of {low}"
        return Claim(id, text, 5, f"AR-{subset}", high, low, "f1", mechanism=mechanism)

    return tuple(step(subset, low, high) for subset in SUBSETS for low, high in CHAIN)


def _better_than_no_look() -> tuple[Claim, ...]:
    """Return claim 17: a trained network knows more of a face's shape than the face model's mean does."""
    text = "{} has lower error than the mean face, which sees no image"
    return tuple(
        Claim(f"17-NoW-{method}", text.format(method), 2, "NoW", method, MEAN_FACE, "now_median", mechanism=True)
        for method in TRAINED
    )


def _by_occluder() -> tuple[Claim, ...]:
    text = "F1 of FOCUS is higher than the skin mixture's, by occluder {} (Sec. 4.2)"
    return tuple(
        Claim(f"14-{testset}-{name}", text.format(name), None, testset, "FOCUS", SKIN, "f1", by=column)
        for column, name in (("occluder", "type"), ("occluder_fraction", "size"))
        for testset in ("CelebA-Occluded", "AR")
    )


CLAIMS: tuple[Claim, ...] = (
    *_lower_rmse(1, ("MoFA", "Backbone")),
    *_lower_rmse(2, DEEP3D),
    *_lower_rmse(3, BACKBONES),
    Claim(
        "4-CelebA", "FOCUS gains more RMSE over MoFA on occluded than on unoccluded faces", 1,
        "CelebA-Occluded minus Unoccluded", "FOCUS", "MoFA", "rmse",
    ),
    *(
        Claim(f"5-NoW-{rival}", f"FOCUS has lower error than {rival}", 2, "NoW", "FOCUS", rival, "now_median")
        for rival in ("MoFA", *DEEP3D)
    ),
    *_priors(),
    Claim(
        "7-NoW", "FOCUS's error rises less than Backbone's from unoccluded to occluded faces", 3,
        "NoW-Occluded minus Unoccluded", "FOCUS", "Backbone", "now_median",
    ),
    Claim("8-scarf", "F1 of FOCUS is higher than the skin mixture's on scarves", 4, "AR-scarf", "FOCUS", SKIN, "f1"),
    *(
        Claim(f"9-{subset}", "Precision of FOCUS is higher than the skin mixture's", 4, f"AR-{subset}", "FOCUS", SKIN,
                "ppv")
        for subset in SUBSETS
    ),
    *_chain(),
    *(
        Claim(f"11-{subset}", "The perceptual losses give most of the gain: F1 of Perceptual above Neighbor", 5,
                f"AR-{subset}", "Perceptual", "Neighbor", "f1")
        for subset in SUBSETS
    ),
    Claim("12-NoW", "FOCUS is no worse than Pretrained by more than .02 mm (counted from there)", 5, "NoW",
               "FOCUS", "Pretrained", "now_median", -0.02),
    Claim("12-NoW-TTA", "Test-time adaptation lowers FOCUS's error (the paper makes no such claim)", None, "NoW",
               "FOCUS-TTA", "FOCUS", "now_median"),
    *(
        Claim(f"13-{subset}-{metric}", f"Perceptual is at least FOCUS's equal in {metric.upper()}", 5, f"AR-{subset}",
                "Perceptual", "FOCUS", metric)
        for subset in SUBSETS
        for metric in ("f1", "acc", "ppv", "tpr")
    ),
    *_by_occluder(),
    Claim("15-sidelight", "F1 of FOCUS is higher than the skin mixture's under side light", None, "AR-sidelight",
            "FOCUS", SKIN, "f1"),
    Claim("15-sidelight-loss", "FOCUS loses less F1 than the skin mixture from unoccluded to side-lit faces", None,
            "AR-sidelight minus unoccluded", "FOCUS", SKIN, "f1"),
    Claim("16-speed", "FOCUS is at least 100 times faster per image than the instance-wise fit", None, "timing",
          "FOCUS", "Egger-like", "seconds", threshold=100.0),
    *_better_than_no_look(),
)  # fmt: skip
"""The claims in the order of the issue; ids start with the claim's number."""
