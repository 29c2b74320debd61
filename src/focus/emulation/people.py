"""The people of an emulated set: what stays the same from one photograph of a person to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from focus.face_model.heads import FaceGenerator
from focus.face_model.heads.albedo import ALBEDO_SCALE, draw_pigment

HAIR_STYLES = {"bald": 0.06, "cropped": 0.26, "short": 0.30, "bob": 0.16, "long": 0.22}


@dataclass(frozen=True, eq=False)
class Person:
    """One person.

    Attributes:
        neutral: (V,3) float32, mm, model frame, neutral expression.
        albedo: (V,3) float32, in the renderer's unit; the scalp is bare.
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
    return [Person(neutral[k], albedo[k], **draw_hair(hair[k], rng, fringe)) for k in range(count)]


def draw_hair(colour: NDArray[np.float32], rng: np.random.Generator, fringe: float) -> dict[str, Any]:
    """Draw how someone wears hair of a colour (3,) as displayed, which is grey at times; Person's fields by name."""
    names, shares = list(HAIR_STYLES), list(HAIR_STYLES.values())
    style = names[rng.choice(len(names), p=shares)]
    wears = bool(rng.random() < fringe) and style not in ("bald", "cropped")
    volume = float(rng.uniform(2, 6) if style == "cropped" else rng.uniform(6, 20))
    shown = colour if rng.random() > 0.08 else np.full(3, rng.uniform(0.4, 0.7), dtype=np.float32)
    return {"hair_colour": shown, "hair_style": style, "hair_volume": volume, "fringe": wears}


def with_other_hair(person: Person, rng: np.random.Generator) -> Person:
    """Return the same person with the hair of a stranger."""
    colour = np.sqrt(draw_pigment(1, rng).hair[0]).astype(np.float32)
    return replace(person, **draw_hair(colour, rng, fringe=0.2))


def painted(person: Person, scalp: NDArray[np.float64]) -> NDArray[np.float32]:
    """The albedo (V,3) of the head with hair painted on the scalp (V,), 0..1, so that no skin shows between strands."""
    if person.hair_style == "bald":
        return person.albedo
    grown = 0.9 * scalp[:, None].astype(np.float32)
    return person.albedo + grown * (np.float32(ALBEDO_SCALE) * person.hair_colour - person.albedo)
