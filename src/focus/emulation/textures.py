"""Muted colours, fabrics and backgrounds.

Saturation is kept low and skin tones are among the colours, so that no threshold on colour tells an occluder from a
face.
"""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from focus.emulation.patches import Texture

Colour = NDArray[np.float64]

# Skin as displayed in an even white light, from light to dark.
SKIN_TONES = np.array(
    [(0.86, 0.70, 0.61), (0.80, 0.62, 0.52), (0.69, 0.51, 0.41), (0.54, 0.38, 0.29), (0.37, 0.26, 0.21)]
)
# Hue, saturation and value of common dyes: beige, brown, brick, olive, pine, teal, navy, plum.
_DYES = np.array(
    [
        (0.09, 0.30, 0.70), (0.07, 0.42, 0.42), (0.02, 0.48, 0.50), (0.17, 0.35, 0.42),
        (0.38, 0.28, 0.36), (0.50, 0.30, 0.45), (0.62, 0.42, 0.38), (0.90, 0.32, 0.42),
    ]
)  # fmt: skip


def muted_colour(rng: np.random.Generator) -> Colour:
    """One colour (3,), 0..1: a grey, a skin tone or a dull dye."""
    kind = rng.random()
    if kind < 0.3:
        return np.clip(rng.uniform(0.12, 0.85) + rng.normal(0, 0.015, 3), 0.03, 0.95)
    if kind < 0.58:
        return skin_colour(rng)
    hue, saturation, value = _DYES[rng.integers(len(_DYES))] + rng.normal(0, 1, 3) * (0.02, 0.08, 0.13)
    return np.array(
        colorsys.hsv_to_rgb(hue % 1.0, float(np.clip(saturation, 0.05, 0.48)), float(np.clip(value, 0.12, 0.8)))
    )


def skin_colour(rng: np.random.Generator) -> Colour:
    """A skin tone (3,), as displayed."""
    place = rng.uniform(0, len(SKIN_TONES) - 1)
    index = min(int(place), len(SKIN_TONES) - 2)
    tone = SKIN_TONES[index] + (place - index) * (SKIN_TONES[index + 1] - SKIN_TONES[index])
    colour: Colour = np.clip(tone * (1 + rng.normal(0, 0.03, 3)), 0.05, 0.95)
    return colour


def smooth_noise(rng: np.random.Generator, height: int, width: int, rows: int, columns: int) -> Texture:
    """Noise (height,width) in 0..1 with about `rows` by `columns` blobs, by bicubic enlargement."""
    small = Image.fromarray(rng.random((rows, columns), dtype=np.float32))
    large: Texture = np.clip(np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)), 0, 1)
    return large


def _coordinates(height: int, width: int) -> tuple[Texture, Texture]:
    row, column = np.mgrid[0:height, 0:width].astype(np.float32)
    return row / height, column / width


def knitted(
    rng: np.random.Generator, colour: Colour, height: int, width: int, rows: int = 14, columns: int = 40
) -> Texture:
    """Rows of V-shaped stitches."""
    row, column = _coordinates(height, width)
    bend = np.abs((column * columns) % 1 - 0.5)
    stitch = 0.5 + 0.5 * np.cos(2 * np.pi * (row * rows + bend))
    groove = np.cos(2 * np.pi * column * columns)
    shade = 0.86 + 0.12 * stitch - 0.07 * groove + 0.06 * (smooth_noise(rng, height, width, 6, 12) - 0.5)
    cloth: Texture = np.clip(colour * shade[..., None], 0, 1).astype(np.float32)
    return cloth


def ribbed(rng: np.random.Generator, colour: Colour, height: int, width: int) -> Texture:
    """Fine ribs that run across the patch."""
    _, column = _coordinates(height, width)
    shade = 0.9 + 0.12 * np.cos(2 * np.pi * column * rng.integers(24, 48)) * (0.6 + 0.4 * rng.random())
    shade = shade + 0.08 * (smooth_noise(rng, height, width, 6, 12) - 0.5)
    cloth: Texture = np.clip(colour * shade[..., None], 0, 1).astype(np.float32)
    return cloth


def striped(rng: np.random.Generator, colour: Colour, height: int, width: int, along: bool) -> Texture:
    """Stripes of two or three colours, along or across the patch, of unequal widths."""
    place = _coordinates(height, width)[0 if along else 1]
    phase = (place * (rng.integers(2, 6) if along else rng.integers(5, 13)) + rng.random()) % 1
    edges = np.sort(rng.uniform(0.15, 0.9, 2))
    colours = np.array([colour, muted_colour(rng), muted_colour(rng) if rng.random() < 0.5 else colour])
    picked = colours[(phase > edges[0]).astype(int) + (phase > edges[1])]
    return woven(rng, picked, height, width)


def checked(rng: np.random.Generator, colour: Colour, height: int, width: int) -> Texture:
    """Tartan: two sets of bands that mix where they cross."""
    row, column = _coordinates(height, width)
    other, third = muted_colour(rng), muted_colour(rng)
    rows, columns = rng.integers(2, 5), rng.integers(6, 12)
    bands = [((place * count + rng.random()) % 1) for place, count in ((row, rows), (column, columns))]
    mixed = colour * np.ones((height, width, 1))
    for band in bands:
        mixed = mixed * (1 - 0.5 * (band < 0.45)[..., None]) + other * 0.5 * (band < 0.45)[..., None]
        line = (np.abs(band - 0.7) < 0.05)[..., None]
        mixed = mixed * (1 - 0.6 * line) + third * 0.6 * line
    return woven(rng, mixed, height, width)


def woven(rng: np.random.Generator, colour: NDArray[np.floating], height: int, width: int) -> Texture:
    """Cloth of one colour or of given colours (height,width,3), with faint threads and uneven dye."""
    threads = rng.normal(0, 0.02, (height, 1)) + rng.normal(0, 0.02, (1, width))
    shade = 0.95 + threads + 0.12 * (smooth_noise(rng, height, width, 5, 10) - 0.5)
    cloth: Texture = np.clip(colour * shade[..., None], 0, 1).astype(np.float32)
    return cloth


def fabric(rng: np.random.Generator, height: int = 64, width: int = 192) -> Texture:
    """A random fabric (height,width,3) in muted colours."""
    colour = muted_colour(rng)
    kind = rng.integers(6)
    if kind == 0:
        return knitted(rng, colour, height, width)
    if kind == 1:
        return ribbed(rng, colour, height, width)
    if kind in (2, 3):
        return striped(rng, colour, height, width, along=kind == 2)
    return checked(rng, colour, height, width) if kind == 4 else woven(rng, colour, height, width)


def mottled(rng: np.random.Generator, colour: Colour, contrast: float = 0.12, size: int = 32) -> Texture:
    """A surface (size,size,3) of one colour with soft and fine irregularities: skin, wood, plaster."""
    soft, fine = smooth_noise(rng, size, size, 4, 4), rng.random((size, size), dtype=np.float32)
    shade = 1 + contrast * (soft - 0.5) + 0.3 * contrast * (fine - 0.5)
    return np.clip(colour * shade[..., None], 0, 1).astype(np.float32)


def strands(rng: np.random.Generator, colour: Colour, along: bool, height: int = 96, width: int = 160) -> Texture:
    """Hair (height,width,3): long thin locks of uneven brightness, along u (`along`) or along v."""
    locks = np.zeros((height, width), dtype=np.float32)
    for count, weight in ((10, 0.35), (28, 0.4), (70, 0.45)):
        rows, columns = (count, 4) if along else (3, 2 * count)
        locks += weight * (smooth_noise(rng, height, width, rows, columns) - 0.5)
    shade = np.exp(locks)
    warm = np.array([1.06, 1.0, 0.93]) ** (2 * locks[..., None])  # lit strands are a little warmer
    return np.clip(colour * shade[..., None] * warm, 0, 1).astype(np.float32)


def background(rng: np.random.Generator, height: int, width: int) -> Texture:
    """An out-of-focus background (height,width,3): wall, room, foliage, street lights or sky."""
    kind = rng.choice(["wall", "room", "foliage", "lights", "sky"], p=[0.3, 0.27, 0.2, 0.11, 0.12])
    rows = 96 if kind == "lights" else 40  # few pixels, much enlarged: the blur of a wide lens
    columns = max(rows, round(rows * width / height))
    row, column = _coordinates(rows, columns)
    scene = np.ones((rows, columns, 3)) * muted_colour(rng)
    if kind == "room":
        for _ in range(rng.integers(4, 10)):
            x, y = rng.uniform(-0.2, 1, 2)
            w, h = rng.uniform(0.08, 0.6), rng.uniform(0.1, 0.9)
            scene[(column > x) & (column < x + w) & (row > y) & (row < y + h)] = muted_colour(rng)
    elif kind == "foliage":
        leaf = np.array([0.29, 0.33, 0.23]) * rng.uniform(0.5, 1.1) * np.exp(rng.normal(0, 0.08, 3))
        scene = (
            leaf
            * (0.5 + smooth_noise(rng, rows, columns, 9, 9) + 0.5 * smooth_noise(rng, rows, columns, 20, 20))[..., None]
        )
    elif kind == "lights":
        scene *= 0.35
        for _ in range(rng.integers(5, 16)):
            x, y, radius = *rng.random(2), rng.uniform(0.02, 0.07)
            spot = np.hypot(column - x, (row - y) * height / width) < radius
            scene[spot] = 0.4 * scene[spot] + 0.6 * (0.55 + 0.4 * muted_colour(rng))
    elif kind == "sky":
        horizon = np.clip((row - rng.uniform(0.3, 0.9)) / 0.08 + 0.5, 0, 1)[..., None]
        air = np.array([0.62, 0.70, 0.78]) * (0.75 + 0.35 * row[..., None])
        scene = air * (1 - horizon) + scene * horizon
    scene = scene * (0.82 + 0.36 * smooth_noise(rng, rows, columns, 3, 3))[..., None]
    scene = scene * (1 + rng.uniform(-0.3, 0.3) * (column - 0.5) + rng.uniform(-0.3, 0.3) * (row - 0.5))[..., None]
    return enlarge(scene, height, width)


def studio_wall(rng: np.random.Generator, height: int, width: int) -> Texture:
    """A plain light wall (height,width,3) as behind AR's subjects."""
    row, column = _coordinates(40, 40)
    fall = 1 - rng.uniform(0, 0.25) * np.hypot(column - rng.uniform(0.3, 0.7), row - 0.4)
    return enlarge(rng.uniform(0.68, 0.88) * np.array([1.0, 0.99, 0.97]) * fall[..., None], height, width)


def enlarge(picture: NDArray[np.floating], height: int, width: int) -> Texture:
    """Enlarge (h,w,3) in 0..1 to (height,width,3) float32 with soft edges."""
    small = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    large = small.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(large, dtype=np.float32) / np.float32(255)
