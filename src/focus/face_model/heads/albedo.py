"""The colours of a head: soft masks over its surface, painted in layers on a skin of two pigments.

Layers mix in reflectance (linear light); the result is raised to 1/2, a plain stand-in for display coding, because
the renderer multiplies albedo by light and shows the product as it is, without gamma (`focus.rendering.renderer`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from focus.face_model.heads import curves
from focus.face_model.heads.curves import EYE_X, EYE_Y, MOUTH_Y, Array, bump, pair, step
from focus.face_model.heads.mesh import Template

# The renderer's light has a default DC term, which alone gives an irradiance of 0.28209 * 0.7 * 2 pi = 1.24; albedo is
# therefore stored as 0.72 times the colour a face should show, as the Basel model's is (its mean is near 0.45).
ALBEDO_SCALE = 0.72

SKIN = np.array([0.82, 0.575, 0.455])  # reflectance of skin with next to no pigment
MELANIN, HAEMOGLOBIN = np.array([0.72, 1.02, 1.28]), np.array([0.02, 0.15, 0.12])  # absorption by channel
LIGHT_HAIR, DARK_HAIR = np.array([0.40, 0.26, 0.14]), np.array([0.05, 0.038, 0.032])
# Light brown, dark brown, blue, green.
IRIS = np.array([[0.24, 0.14, 0.08], [0.11, 0.07, 0.045], [0.23, 0.31, 0.37], [0.22, 0.26, 0.17]])
IRIS_SHARE = [0.37, 0.36, 0.15, 0.12]
TEETH, SCLERA = np.array([0.50, 0.46, 0.38]), np.array([0.50, 0.47, 0.44])
PUPIL, MOLE = np.array([0.02, 0.02, 0.02]), np.array([0.16, 0.09, 0.06])


def _eye_masks(t: Template, x: Array, y: Array, skin: Array) -> dict[str, Array]:
    """Eyeballs by the place from the pupil's middle, rims of the lids, and the skin around."""
    eye, across, up = t.masks["eye"], *t.gaze.T
    radius = np.hypot(across, up)
    inner = across * np.sign(t.vertices[:, 0])
    above = t.vertices[:, 1] > t.vertices[t.anatomy68[[36, 39, 42, 45]], 1].mean()
    return {
        "eye": eye,
        "iris": eye * step((curves.IRIS_RADIUS - radius) / 0.45),
        "iris rim": eye * np.exp(-(((radius - curves.IRIS_RADIUS + 0.5) / 0.8) ** 2)),
        "pupil": eye * step((curves.PUPIL_RADIUS - radius) / 0.4),
        "lid shadow": eye * step((up - 2.2) / 0.9),
        "eye corner": eye * bump(inner, up, -9.5, -1, 2.5, 3),
        "lashes": (1 - eye) * t.masks["rim"] ** 2 * np.where(above, 1.0, 0.35),
        "lid crease": skin * pair(x, y, EYE_X, EYE_Y + 9.3, 13, 1.5),
        "eye shadow": skin * pair(x, y, EYE_X, EYE_Y + 8.5, 15, 5.0),
        "eye bag": skin * pair(x, y, EYE_X - 3, EYE_Y - 10, 12, 4.5),
    }


def _brow_mask(x: Array, y: Array) -> Array:
    ax = np.abs(x)
    along = np.clip((ax - curves.BROW_INNER) / (curves.BROW_OUTER - curves.BROW_INNER), 0, 1)
    half_height = 3.6 * (1 - 0.65 * along**1.3)
    across = step((half_height - np.abs(y - curves.brow_middle(along)[..., 1])) / 0.8)
    return across * step((ax - curves.BROW_INNER) / 1.4) * step((curves.BROW_OUTER + 1 - ax) / 1.4)


def _mouth_masks(t: Template, x: Array, y: Array, skin: Array) -> dict[str, Array]:
    lip = t.masks["lips"] * skin
    return {
        "lip": lip,
        "upper lip": lip * step((y - curves.lip_line(x)) / 0.6),
        "mouth": t.masks["inside"],
        "teeth": t.masks["teeth"],
        "under lip": skin * bump(x, y, 0, MOUTH_Y - curves.LOWER_LIP - 3.5, 13, 3.0) * (1 - lip),
    }


def _beard_masks(x: Array, y: Array, lip: Array, skin: Array) -> dict[str, Array]:
    ax = np.abs(x)
    chin = step((-52 - y) / 4)
    jaw = step((ax - 36) / 5) * step((-20 - y) / 6)
    around_mouth = step((-26 - y) / 2) * step((32 - ax) / 4)
    moustache = step((-25.5 - y) / 1.5) * step((y + 37.5) / 1.5) * step((28 - ax) / 2.5)
    return {
        "beard": skin * np.clip(chin + jaw + around_mouth, 0, 1) * (1 - lip) * (1 - 0.5 * bump(x, y, 0, -54, 9, 2.2)),
        "moustache": skin * moustache * (1 - lip) * (1 - 0.6 * bump(x, y, 0, -28, 2.2, 4)),
    }


def paint_masks(t: Template) -> dict[str, Array]:
    """Return the soft masks of a head, each (V,) in 0..1, by name."""
    x, y = t.xy.T
    front = step((t.vertices[:, 2] + 4) / 4)  # the plane of `curves` is the face's alone
    skin = front * (1 - t.masks["eye"]) * (1 - t.masks["inside"])
    mouth = _mouth_masks(t, x, y, skin)
    return {
        **_eye_masks(t, x, y, skin),
        **mouth,
        **_beard_masks(x, y, mouth["lip"], skin),
        "brow": skin * _brow_mask(x, y),
        "nostril": skin * pair(x, y, 6.4, -20.8, 3.0, 1.5),
        "nose side": skin * (pair(x, y, 16.8, -15, 1.8, 6) + 0.5 * pair(x, y, 9.5, 4, 3, 14)),
        "blush": skin * (pair(x, y, 41, -8, 16, 14) + 0.7 * bump(x, y, 0, -13, 11, 8)),
        "forehead": skin * step((y - 52) / 7),
        "socket": skin * pair(x, y, 15, 32, 5, 8),
        "ears": t.masks["ears"],
        "skin": skin,
    }


@dataclass
class Paint:
    """Reflectance (n,V,3) of n faces, painted over layer by layer.

    `masks` are the soft masks of `paint_masks`; a layer's `strength` is (n,) and its `colour` (3,) or (n,3).
    """

    masks: dict[str, Array]
    skin: Array  # (n,3)
    reflectance: Array = field(init=False)

    def __post_init__(self) -> None:
        """Start from bare skin."""
        vertices = len(next(iter(self.masks.values())))
        self.reflectance = np.repeat(self.skin[:, None], vertices, 1)

    def cover(self, mask: str | Array, strength: Array | float, colour: Array) -> None:
        """Mix `colour` in where the mask is (opaque pigment, hair)."""
        shape = self.masks[mask] if isinstance(mask, str) else mask
        share = (np.broadcast_to(strength, len(self.skin))[:, None] * shape)[..., None]
        self.reflectance += share * (np.atleast_2d(colour)[:, None] - self.reflectance)

    def absorb(self, mask: str, strength: Array | float, by_channel: tuple[float, float, float]) -> None:
        """Multiply by exp(-strength * mask * by_channel) (blood, pigment in the skin, soft shade)."""
        amount = np.broadcast_to(strength, len(self.skin))[:, None] * self.masks[mask]
        self.reflectance *= np.exp(-amount[..., None] * np.array(by_channel))

    def display(self) -> Array:
        """Return display-space colours (n,V,3) in 0.1..1."""
        return np.sqrt(np.clip(self.reflectance, 0.01, 1.0))


def _uniform(rng: np.random.Generator, n: int, low: float, high: float) -> Array:
    return low + (high - low) * rng.random(n)


class Pigment(NamedTuple):
    """What skin and hair get their colours from: melanin (n,), blood (n,) and the hair's reflectance (n,3)."""

    melanin: Array
    blood: Array
    hair: Array


def draw_pigment(n: int, rng: np.random.Generator) -> Pigment:
    """Draw the pigment of n people of all origins; dark skin goes with dark hair."""
    melanin, blood, darkness = 1.7 * rng.beta(1.1, 2.0, n), rng.random(n) - 0.5, rng.beta(1.6, 1.2, n)[:, None]
    hair = (LIGHT_HAIR * (1 - darkness) + darkness * DARK_HAIR) * np.exp(-0.6 * melanin[:, None])
    return Pigment(melanin, blood, hair)


def paint_people(masks: dict[str, Array], n: int, rng: np.random.Generator) -> tuple[Paint, Array]:
    """Draw n people's colours: skin, lips, brows, lashes, eyes. Returns the paint and hair reflectance (n,3)."""
    melanin, blood, hair = draw_pigment(n, rng)
    skin = SKIN * np.exp(-melanin[:, None] * MELANIN - blood[:, None] * HAEMOGLOBIN)
    paint = Paint(masks, skin)
    paint.absorb("blush", _uniform(rng, n, 0, 0.9), (0.03, 0.22, 0.18))
    for mask, low, high in (
        ("eye bag", 0, 0.5), ("eye shadow", 0.05, 0.5), ("socket", 0.1, 0.5), ("nose side", 0.1, 0.5),
        ("under lip", 0, 0.4), ("lid crease", 0.2, 0.8),
    ):  # fmt: skip
        paint.absorb(mask, _uniform(rng, n, low, high), (0.4, 0.52, 0.5))
    paint.absorb("forehead", _uniform(rng, n, -0.15, 0.25), (0.4, 0.5, 0.6))
    lips = skin * np.array([0.88, 0.56, 0.60]) * _uniform(rng, n, 0.85, 1.1)[:, None]
    paint.cover("lip", _uniform(rng, n, 0.55, 0.95), lips)
    paint.absorb("upper lip", 0.3, (0.6, 0.8, 0.8))
    paint.cover("mouth", 1.0, skin * np.array([0.20, 0.08, 0.08]))
    paint.cover("teeth", 1.0, TEETH)
    paint.absorb("ears", _uniform(rng, n, 0.1, 0.5), (0.05, 0.25, 0.2))
    paint.cover("nostril", 0.75, skin * np.array([0.22, 0.15, 0.14]))
    paint.cover("brow", _uniform(rng, n, 0.5, 0.9), hair)
    paint.cover("eye", 1.0, SCLERA * np.exp(-0.25 * melanin[:, None]))
    paint.cover("eye corner", 0.5, skin * np.array([0.8, 0.5, 0.5]))
    kind = rng.choice(len(IRIS), n, p=IRIS_SHARE)
    kind = np.where(melanin > 0.8, kind % 2, kind)  # dark skin has brown eyes
    iris = IRIS[kind] * _uniform(rng, n, 0.8, 1.2)[:, None]
    paint.cover("iris", 1.0, iris)
    paint.absorb("iris rim", 0.7, (1.0, 1.0, 1.0))
    paint.cover("pupil", 1.0, PUPIL)
    paint.absorb("lid shadow", 0.7, (1.0, 1.0, 1.0))
    paint.cover("lashes", _uniform(rng, n, 0.45, 0.85), 0.4 * hair)
    return paint, hair


def paint_extras(paint: Paint, hair: Array, xy: Array, modes: Array, rng: np.random.Generator) -> None:
    """Add what the fitted model never saw: beard, moustache, make-up, moles and blotchy skin.

    `modes` (K,V,1) are smooth random fields for the skin. Every draw is independent of the mesh.
    """
    n, masks = len(hair), paint.masks
    stubble = modes[-len(modes) // 4 :]
    grain = np.clip(1 - 0.25 * np.abs(np.einsum("nk,kvc->nv", rng.standard_normal((n, len(stubble))), stubble)), 0, 1)
    for mask, share, low, high in (("beard", 0.30, 0.25, 0.9), ("moustache", 0.12, 0.4, 0.9)):
        strength = _uniform(rng, n, low, high) * (rng.random(n) < share)
        paint.cover(masks[mask] * grain, strength, 0.8 * hair)
    made_up = rng.random(n) < 0.3
    red = _uniform(rng, n, 0.22, 0.5)
    lipstick = np.stack([red, red * _uniform(rng, n, 0.15, 0.4), red * _uniform(rng, n, 0.2, 0.42)], -1)
    paint.cover("lip", made_up * _uniform(rng, n, 0.3, 0.85), lipstick * np.sqrt(paint.skin[:, :1]))
    shadow = 0.1 + 0.25 * rng.random((n, 1)) + 0.1 * rng.random((n, 3))
    lid = masks["eye shadow"] * (1 - masks["brow"])
    paint.cover(lid, made_up * _uniform(rng, n, 0.15, 0.6), shadow)
    for person, count in enumerate(rng.poisson(0.8, n)):
        for x, y, radius in zip(
            _uniform(rng, count, -60, 60), _uniform(rng, count, -80, 80), _uniform(rng, count, 1.4, 2.8), strict=True
        ):
            spot = (0.7 * masks["skin"] * bump(xy[:, 0], xy[:, 1], x, y, radius, radius))[:, None]
            paint.reflectance[person] += spot * (MOLE - paint.reflectance[person])
    blotches = 0.035 * np.einsum("nk,kvc->nv", rng.standard_normal((n, len(modes))), modes)
    paint.reflectance *= np.exp(blotches[..., None] * np.array([0.8, 1.0, 1.1]))
