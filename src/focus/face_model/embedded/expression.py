"""How one face moves: named displacement fields for strength 1, and how often and how far each is drawn."""

from __future__ import annotations

import numpy as np

from focus.face_model.embedded.curves import EYE_X, EYE_Y, LIP_GAP, MOUTH_HALF_WIDTH, MOUTH_Y, Array, lip_line
from focus.face_model.embedded.shape import Field, Plane

CORNER = (MOUTH_HALF_WIDTH, MOUTH_Y, 11.0, 9.0)  # the bump at a corner of the mouth


def lower_side(p: Plane) -> Array:
    """1 below the line between the lips, 0 above; the two rows of vertices in the slit move nearly as the rims do."""
    return np.clip(0.5 - (p.y - lip_line(p.x)) / LIP_GAP, 0, 1)


def mouth_open(p: Plane) -> Array:
    """The jaw drops: full at the middle of the lower lip and at the chin, nothing at the corners of the mouth."""
    near_lips = np.exp(-(((p.y - MOUTH_Y) / 16) ** 2))
    between_corners = np.clip(1 - (p.x / MOUTH_HALF_WIDTH) ** 2, 0, 1)
    drop = lower_side(p) * (between_corners * near_lips + (1 - near_lips) * np.exp(-((p.x / 52) ** 4)))
    in_slit = np.exp(-(((p.y - lip_line(p.x)) / (0.5 * LIP_GAP)) ** 4)) * between_corners
    return p.move(y=-9 * drop, z=-2.5 * drop - 6 * in_slit)


EXPRESSION_FIELDS: dict[str, Field] = {
    "mouth open": mouth_open,
    "smile": lambda p: p.move(
        x=4.2 * p.side * p.pair(*CORNER),
        y=3.8 * p.pair(*CORNER) + 1.2 * p.pair(38, -12, 15, 14),
        z=-2.0 * p.pair(*CORNER) + 2.2 * p.pair(38, -10, 14, 12),
    ),
    "mouth corners down": lambda p: p.move(y=-3.2 * p.pair(*CORNER) - 0.8 * p.bump(0, -49, 14, 6)),
    "pucker": lambda p: p.move(x=-0.2 * p.x * p.mouth, z=3.5 * p.mouth),
    "smirk": lambda p: p.move(x=3 * p.bump(*CORNER), y=3 * p.bump(*CORNER)),
    "upper lip raised": lambda p: p.move(y=2.3 * p.bump(0, -36, 18, 6) * (1 - lower_side(p))),
    "lower lip lowered": lambda p: p.move(y=-2.3 * p.bump(0, -48, 16, 7) * lower_side(p)),
    "brows raised": lambda p: p.move(y=3.4 * p.pair(30, 47, 26, 9)),
    "brows drawn together": lambda p: p.move(x=-2.2 * p.side * p.pair(15, 44, 9, 8), y=-2.1 * p.pair(16, 44, 11, 8)),
    "squint": lambda p: p.move(y=-0.4 * (p.y - EYE_Y) * p.pair(EYE_X, EYE_Y, 16, 8.5)),
}


def draw_strengths(n: int, rng: np.random.Generator) -> Array:
    """Draw strengths (n,K) in the order of EXPRESSION_FIELDS; most mouths stay shut, most people smile a little."""
    strengths = 0.35 * np.clip(rng.standard_normal((n, len(EXPRESSION_FIELDS))), -2, 2)
    names = list(EXPRESSION_FIELDS)
    opened = np.minimum(0.6 * np.abs(rng.standard_normal(n)), 1.6)
    strengths[:, names.index("mouth open")] = opened * (rng.random(n) < 0.6)
    strengths[:, names.index("smile")] = np.clip(0.6 * rng.standard_normal(n) + 0.3, -0.4, 1.5)
    return strengths
