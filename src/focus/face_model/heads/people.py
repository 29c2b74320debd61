"""Who a head belongs to: random phenotypes, local changes, asymmetries and facial actions, as weights of targets.

MakeHuman sums targets linearly. A phenotype target is one corner of a grid (sex, age, muscle, weight, or ancestry, sex,
age), and its weight is the product of the interpolation weights of its factors. A local change has a target for each
direction. Ages are adult: MakeHuman's `young` is 25 years, `old` is 90.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from focus.face_model.heads.makehuman import MakeHuman

Array = NDArray[np.float64]

SEXES, AGES = ("female", "male"), ("young", "old")
MUSCLES, WEIGHTS = ("minmuscle", "averagemuscle", "maxmuscle"), ("minweight", "averageweight", "maxweight")
ANCESTRIES = ("african", "asian", "caucasian")

# Spread of a local change, whose full size is 1, by category; what a face model of scans would hardly hold is left to
# the people: ears, neck, folds of the lids, dimples.
SPREAD = {
    "cheek": 0.25, "chin": 0.25, "eyebrows": 0.3, "eyes": 0.22, "forehead": 0.22, "head": 0.1, "mouth": 0.25,
    "nose": 0.25,
}  # fmt: skip
HELD_OUT_SPREAD = {"ears": 0.16, "neck": 0.2}
HELD_OUT = (
    "eye-bag", "eye-eyefold", "eye-epicanthus", "mouth-dimples", "mouth-laugh-lines", "septumangle", "nose-greek"
)  # fmt: skip
LEFT_OUT = ("head-trans", "head-angle", "neck-trans", "measure")  # moves of the whole head
SIDES_SPREAD, ASYMMETRY_SPREAD, LIMIT = 0.04, 0.07, 0.9

# Facial action -> (share of faces that show it, its mean size there); an action of two sides is named once.
ACTIONS = {
    "jawOpen": (0.40, 0.30), "mouthSmile": (0.55, 0.50), "mouthFrown": (0.20, 0.40), "mouthPucker": (0.10, 0.45),
    "mouthFunnel": (0.08, 0.40), "mouthUpperUp": (0.20, 0.35), "mouthLowerDown": (0.20, 0.35),
    "mouthStretch": (0.15, 0.35), "mouthPress": (0.20, 0.40), "mouthDimple": (0.20, 0.35),
    "mouthRollLower": (0.08, 0.30), "mouthRollUpper": (0.08, 0.30), "mouthShrugLower": (0.15, 0.35),
    "mouthShrugUpper": (0.10, 0.30), "browInnerUp": (0.30, 0.40), "browOuterUp": (0.25, 0.40), "browDown": (0.30, 0.40),
    "eyeSquint": (0.35, 0.40), "eyeWide": (0.15, 0.35), "eyeBlink": (0.35, 0.20), "cheekSquint": (0.25, 0.40),
    "cheekPuff": (0.05, 0.40), "noseSneer": (0.15, 0.35), "jawForward": (0.08, 0.30), "jawLeft": (0.04, 0.30),
    "jawRight": (0.04, 0.30), "mouthLeft": (0.06, 0.35), "mouthRight": (0.06, 0.35),
}  # fmt: skip
SIDED = {
    "mouthSmile", "mouthFrown", "mouthUpperUp", "mouthLowerDown", "mouthStretch", "mouthPress", "mouthDimple",
    "browOuterUp", "browDown", "eyeSquint", "eyeWide", "eyeBlink", "cheekSquint", "noseSneer",
}  # fmt: skip
GAZE = {  # which way the eyes turn -> the actions that turn them
    "left": ("eyeLookOutLeft", "eyeLookInRight"), "right": ("eyeLookInLeft", "eyeLookOutRight"),
    "up": ("eyeLookUpLeft", "eyeLookUpRight"), "down": ("eyeLookDownLeft", "eyeLookDownRight"),
}  # fmt: skip
GAZE_SPREAD = 0.15


def phenotype_targets() -> dict[str, tuple[str, ...]]:
    """Return target -> its factors: the 36 of sex, age, muscle and weight, then the 12 of ancestry, sex and age."""
    build = {f"macrodetails/universal-{'-'.join(key)}": key for key in product(SEXES, AGES, MUSCLES, WEIGHTS)}
    return build | {f"macrodetails/{'-'.join(key)}": key for key in product(ANCESTRIES, SEXES, AGES)}


def mean_phenotype() -> dict[str, Array]:
    """Weights (1,) of each factor for the middle of all adults, which the template shows."""
    names = dict.fromkeys((*MUSCLES, *WEIGHTS), 0.0) | dict.fromkeys(ANCESTRIES, 1 / 3)
    names |= {"female": 0.5, "male": 0.5, "young": 0.65, "old": 0.35, "averagemuscle": 1.0, "averageweight": 1.0}
    return {name: np.array([weight]) for name, weight in names.items()}


def draw_phenotypes(n: int, rng: np.random.Generator, rich: bool) -> dict[str, Array]:
    """Draw factor weights (n,) of n adults; `rich` lets muscle differ too."""
    male, old = rng.beta(0.5, 0.5, n), rng.beta(1.0, 1.7, n)
    muscle, weight = rng.normal(0.5, 0.15, n), np.clip(rng.normal(0.5, 0.17, n), 0, 1)
    ancestry = rng.dirichlet([0.5, 0.5, 0.5], n).T
    muscle = np.clip(muscle, 0, 1) if rich else np.full(n, 0.5)
    return {
        "male": male, "female": 1 - male, "old": old, "young": 1 - old,
        **_three(MUSCLES, muscle), **_three(WEIGHTS, weight), **dict(zip(ANCESTRIES, ancestry, strict=True)),
    }  # fmt: skip


def _three(names: tuple[str, str, str], value: Array) -> dict[str, Array]:
    """Linear interpolation weights of anchors at 0, 0.5 and 1."""
    low, high = np.clip(1 - 2 * value, 0, 1), np.clip(2 * value - 1, 0, 1)
    return dict(zip(names, (low, 1 - low - high, high), strict=True))


class Changes:
    """The local changes and asymmetries of a head, and how they are drawn."""

    def __init__(self, files: MakeHuman) -> None:
        """List the pairs of targets."""
        spread = SPREAD | HELD_OUT_SPREAD
        pairs = [pair for pair in files.local_changes(tuple(spread)) if not any(word in pair[1] for word in LEFT_OUT)]
        self.pairs = pairs + files.asymmetries()
        self._spread = np.array([spread[positive.split("/")[0]] for _, positive in pairs])
        self._held_out = np.array([
            positive.split("/")[0] in HELD_OUT_SPREAD or any(word in positive for word in HELD_OUT)
            for _, positive in pairs
        ])  # fmt: skip
        names = [positive.replace("/l-", "/").replace("/r-", "/") for _, positive in pairs]
        unique = list(dict.fromkeys(names))
        self._own = np.array([unique.index(name) for name in names])  # both sides of a face share a draw

    def draw(self, n: int, rng: np.random.Generator, rich: bool) -> Array:
        """Draw values (n,C) in -1..1, negative for the first target of a pair.

        Plain faces are the same on both sides; `rich` ones are not, and have the held-out changes too.
        """
        common = rng.standard_normal((n, self._own.max() + 1))[:, self._own] * self._spread
        sides = SIDES_SPREAD * rng.standard_normal((n, len(self._spread)))
        asymmetry = ASYMMETRY_SPREAD * rng.standard_normal((n, len(self.pairs) - len(self._spread)))
        values = common + sides if rich else common * ~self._held_out
        drawn: Array = np.clip(np.concatenate([values, asymmetry * rich], 1), -LIMIT, LIMIT)
        return drawn


def draw_actions(n: int, rng: np.random.Generator) -> dict[str, Array]:
    """Draw strengths (n,) of facial actions by ARKit name: most mouths stay shut, most people smile a little."""
    strengths = dict[str, Array]()
    for name, (share, size) in ACTIONS.items():
        shown = np.where(rng.random(n) < share, np.minimum(size * rng.gamma(3.0, 1 / 3.0, n), 1.0), 0.0)
        uneven = 1 + 0.15 * np.clip(rng.standard_normal((2, n)), -2, 2)
        if name in SIDED:
            strengths |= {name + side: shown * by for side, by in zip(("Left", "Right"), uneven, strict=True)}
        else:
            strengths[name] = shown
    across, upwards = GAZE_SPREAD * rng.standard_normal((2, n))
    for way, amount in {"left": across, "right": -across, "up": upwards, "down": -upwards}.items():
        strengths |= dict.fromkeys(GAZE[way], np.clip(amount, 0, 1))
    return strengths


def action_names() -> list[str]:
    """ARKit names of the facial actions that are drawn, gaze last."""
    names = [name + side for name in ACTIONS for side in (("Left", "Right") if name in SIDED else ("",))]
    return names + [action for pair in GAZE.values() for action in pair]
