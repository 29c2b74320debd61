"""The people of an emulated set: what stays the same from one photograph of a person to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from focus.face_model.heads import FaceGenerator
from focus.face_model.heads.albedo import ALBEDO_SCALE

HAIR_STYLES = {"bald": 0.06, "cropped": 0.26, "short": 0.30, "bob": 0.16, "long": 0.22}


@dataclass(frozen=True, eq=False)
class Person:
    """One person.

    Attributes:
        neutral: (V,3) float32, mm, model frame, neutral expression.
        albedo: (V,3) float32, in the renderer's unit; the scalp has the colour of the hair.
        hair_colour: (3,) float32, as displayed.
        hair_style: a key of HAIR_STYLES.
        hair_volume: how far the hair stands off the head, mm.
        fringe: whether hair hangs over the forehead.
    """

    neutral: NDArray[np.float32]
    albedo: NDArray[np.float32]
    hair_colour: NDArray[np.float32]
    hair_style: str
    hair_volume: float
    fringe: bool


def sample_people(generator: FaceGenerator, count: int, rng: np.random.Generator, fringe: float = 0.0) -> list[Person]:
    """Draw `count` people with rich shape and albedo; `fringe` is the share of those with hair who wear a fringe."""
    neutral = generator.sample_shape(count, rng, rich=True)
    albedo, hair = generator.sample_albedo(count, rng, rich=True)
    names, shares = list(HAIR_STYLES), list(HAIR_STYLES.values())
    people = []
    for index in range(count):
        style = names[rng.choice(len(names), p=shares)]
        wears = bool(rng.random() < fringe) and style not in ("bald", "cropped")
        volume = float(rng.uniform(2, 6) if style == "cropped" else rng.uniform(6, 20))
        colour = hair[index] if rng.random() > 0.08 else np.full(3, rng.uniform(0.4, 0.7), dtype=np.float32)  # grey
        if style != "bald":
            grown = 0.9 * generator.template.masks["scalp"][:, None]
            albedo[index] += (grown * (ALBEDO_SCALE * colour - albedo[index])).astype(np.float32)
        people.append(Person(neutral[index], albedo[index], colour, style, volume, wears))
    return people
