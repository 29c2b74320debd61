"""Hair: a shell around the face that follows the person's own hairline, and a fringe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from focus.emulation import textures
from focus.emulation.body import Head
from focus.emulation.patches import ACROSS, ALONG, LONG, Patch, ellipsoid, facing_out, smooth_depth
from focus.emulation.people import Person

Array = NDArray[np.float64]

# How far below the ear's middle the hair ends, mm.
_LENGTH = {"cropped": 2.0, "short": 18.0, "bob": 95.0, "long": 215.0}
_EAR = 18.0  # height y of the middle of the ears


def _wander(rng: np.random.Generator, size: float, smooth: int) -> Array:
    """A smooth random function (LONG,1) of u with standard deviation near `size` mm."""
    knots = rng.normal(0, size, smooth)
    return np.interp(ALONG[:, 0], np.linspace(0, 1, smooth), knots)[:, None] + rng.normal(0, 0.25 * size, (LONG, 1))


def _arch(half_width: float, top: float, length: float, flare: float) -> Array:
    """A horseshoe (LONG,2) in the frontal plane: up the left of the picture, over the top, down the right.

    Above the ears it is half an ellipse; below, each side is a line of `length` mm that moves outwards by `flare` mm.
    """
    quarter = 0.5 * np.pi * np.hypot(half_width, top - _EAR) / np.sqrt(2)
    arc = (2 * ALONG[:, 0] - 1) * (quarter + length)
    angle = np.clip(arc / quarter, -1, 1) * np.pi / 2
    below = np.maximum(np.abs(arc) - quarter, 0)
    share = below / max(length, 1e-6)
    x = half_width * np.sin(angle) + np.sign(arc) * flare * np.sin(0.5 * np.pi * share)
    return np.stack([x, _EAR + (top - _EAR) * np.cos(angle) - below], -1)


def hair_shell(head: Head, person: Person, rng: np.random.Generator) -> list[Patch]:
    """The hair around the face (part `hair`); none for the bald."""
    if person.hair_style == "bald":
        return []
    volume, length = person.hair_volume, _LENGTH[person.hair_style]
    long = person.hair_style in ("bob", "long")
    inner = _arch(head.half_width - (5 if long else 0.5), head.top - 2.5, length, -3 if long else 2)
    wide, high, _ = head.crown
    outer = _arch(wide + 1 + volume, high + 1 + 0.8 * volume, length + 6, 12 if long else -7 - volume)
    inner = inner + np.concatenate([_wander(rng, 1.2, 9), _wander(rng, 1.8, 12)], 1)
    outer = outer + np.concatenate([_wander(rng, 2.2, 11), _wander(rng, 2.2, 11)], 1)
    # A quarter of an ellipse from the hairline to the silhouette, then back over the head.
    rise = np.minimum(ACROSS / 0.6, 1) * np.pi / 2
    behind = np.maximum(ACROSS - 0.6, 0) / 0.4
    xy = inner[:, None] + (outer - inner)[:, None] * np.sin(rise)[..., None]
    xy = xy * (1 - 0.25 * behind[..., None] ** 2)
    start = np.maximum(smooth_depth(inner, head.rim, 6.0), head.back)[:, None] + (7 if long else 4)
    depth = start - 34 * (1 - np.cos(rise)) - 95 * behind
    grid = np.concatenate([xy, depth[..., None]], -1)
    grid[..., 2] += rng.normal(0, 1.0, (LONG, 1))
    if long:  # hair that falls on the shoulders lies before them
        low = np.clip((head.chin + 5 - grid[..., 1]) / 60, 0, 1)
        grid[..., 2] += 42 * low * (1 - behind)
    tint = textures.strands(rng, person.hair_colour.astype(float), along=long)
    return [Patch(facing_out(grid, (0, 0, head.back - 60)), tint, "hair", gloss=0.25)]


def fringe(head: Head, person: Person, rng: np.random.Generator) -> Patch:
    """Hair that hangs over the forehead, ragged at its lower end (part `hair`)."""
    across = 2 * ALONG - 1
    angle = across * rng.uniform(0.8, 1.15)
    half = head.half_width - 2
    brow = head.landmarks[17:27, 1].mean()
    lowest, tilt = brow + rng.uniform(-4, 20), rng.uniform(-14, 14)
    parting = rng.uniform(-0.7, 0.7)
    curtain = rng.uniform(0, 26) * np.exp(-(((across - parting) / 0.2) ** 2))
    hem = lowest + tilt * across + curtain - 10 * across**2 + _wander(rng, 2.5, 14)
    root = _EAR + (head.top + 8 - _EAR) * np.sqrt(np.clip(1 - (np.sin(angle) * 0.9) ** 2, 0.05, 1))
    y = root + (np.minimum(hem, root - 4) - root) * ACROSS
    forehead = head.landmarks[17:27, 2].max() + 2
    x = half * np.sin(angle) * (1 + 0.05 * (1 - ACROSS)) + 6 * parting * np.sin(np.pi * ACROSS)
    # As far out as the forehead, which falls back towards the temples and the hairline.
    bulge = np.cos(angle) ** 0.7 - 0.55 * np.clip((y - brow - 15) / 75, 0, 1) ** 2
    z = head.back + 2 + (forehead + 5 - head.back) * bulge + rng.normal(0, 0.8, (LONG, 1))
    grid = np.stack([x, y, z], -1)
    tint = textures.strands(rng, person.hair_colour.astype(float), along=False)
    return Patch(facing_out(grid, (0, 0, head.back - 60)), tint, "hair", occluder="fringe", gloss=0.25)


def beanie(head: Head, rng: np.random.Generator) -> list[Patch]:
    """A knitted hat over the forehead, with a turned-up brim (part `hat`)."""
    rim = head.landmarks[17:27, 1].mean() + rng.uniform(8, 30)
    colour = textures.muted_colour(rng)
    centre = np.array([0, rim - 4, head.back - 14])
    radii = np.array([head.half_width + 14, head.top + rng.uniform(36, 52) - rim, 86])
    dome = ellipsoid(centre, radii)
    dome[..., 1] = np.maximum(dome[..., 1], rim)
    turn = 2 * np.pi * ALONG
    band = 12 * (1 - (2 * ACROSS - 1) ** 4)
    brim = np.stack(
        [
            (radii[0] + 0.3 * band) * np.sin(turn),
            rim - 3 + rng.uniform(18, 30) * ACROSS + 4 * np.cos(turn),
            centre[2] + (radii[2] + 0.3 * band) * np.cos(turn),
        ],
        -1,
    )
    wool = textures.knitted(rng, colour, 64, 160, rows=10, columns=48)
    return [
        Patch(dome, wool, "hat", "hat"),
        Patch(facing_out(brim, centre), textures.ribbed(rng, colour, 32, 160), "hat", "hat"),
    ]
