"""Things before a face, in three dimensions: glasses, scarf, hand, objects, sticks, patches of texture.

Each function returns patches in the head's frame, sized by the person's own landmarks, so that they turn with the head.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from focus.emulation import textures
from focus.emulation.body import Head
from focus.emulation.patches import (
    ACROSS,
    ALONG,
    LONG,
    Patch,
    Texture,
    disc,
    ellipsoid,
    facing_out,
    frontal_uv,
    plain,
    smooth_depth,
    superellipse,
    tube,
    unit,
)

Array = NDArray[np.float64]


def _glasses(head: Head, rng: np.random.Generator, dark: bool) -> list[Patch]:
    """Frames, a bridge and arms on every pair (part `eye_g`); lenses, opaque ones, only where `dark`."""
    name = "sunglasses" if dark else "glasses"
    eyes = np.stack([head.landmarks[36:42].mean(0), head.landmarks[42:48].mean(0)])
    half_width, half_height = rng.uniform(22, 28), rng.uniform(15, 22) if dark else rng.uniform(13, 19)
    outline = superellipse(half_width, half_height, rng.uniform(2, 4))
    outline[:, 0] *= 1 - rng.uniform(0, 0.18) * np.clip(-outline[:, 1] / half_height, 0, 1)  # narrower below
    thick = rng.uniform(1.0, 2.6)
    shade = rng.uniform(0.04, 0.22) if rng.random() < 0.6 else None
    frame = plain(np.full(3, shade) if shade else 0.8 * textures.muted_colour(rng))
    glass = _dark_glass(rng)
    front = max(eyes[:, 2].max() + 13, head.landmarks[28, 2] - 3)
    patches, centres = [], []
    for side, eye in zip((-1, 1), eyes, strict=True):
        right = unit((1, 0, -0.16 * side))
        centre = np.array([eye[0] + 1.5 * side, eye[1] - 2.0, front - 2.0])
        ring = centre + outline[:, :1] * right + outline[:, 1:] * np.array([0, 1.0, 0])
        ring = np.concatenate([ring, ring[1:3]])  # closed, and one more, so that the round ends of a tube overlap
        patches.append(Patch(tube(ring, thick), frame, "eye_g", name, gloss=0.3))
        if dark:
            lens = disc(centre, right, (0, 1, 0), outline, dome=3)
            patches.append(Patch(lens, glass, "eye_g", name, gloss=0.9, uv=frontal_uv(lens)))
        corner = centre + side * half_width * right + np.array([0, 0.25 * half_height, 0])
        arm = np.array([corner, (side * (head.half_width + 4), corner[1] + 1, head.back - 25)])
        patches.append(Patch(tube(arm, max(1.3, 0.9 * thick)), frame, "eye_g", name))
        centres.append(centre - side * half_width * right)
    middle = 0.5 * (centres[0] + centres[1]) + (0, 0.3 * half_height, 2)
    patches.append(Patch(tube(np.array([centres[0], middle, centres[1]]), thick), frame, "eye_g", name, gloss=0.3))
    return patches


def _dark_glass(rng: np.random.Generator) -> Texture:
    """Dark glass (24,24,3), often lighter below, with a soft reflection of the surroundings above."""
    row = np.linspace(0, 1, 24)[:, None]
    dark, light = np.sort(rng.uniform(0.04, 0.42, 2))
    shade = dark + (light - dark) * row + rng.uniform(0, 0.18) * np.exp(-(((row - 0.25) / 0.2) ** 2))
    glint = rng.uniform(0, 0.2) * (textures.smooth_noise(rng, 24, 24, 3, 4) > 0.62)
    tint = np.exp(rng.normal(0, 0.1, 3) + rng.random() * np.array([0.2, 0, -0.2]))  # neutral to brown
    glass: Texture = np.clip((shade + glint)[..., None] * tint, 0, 1).astype(np.float32)
    return glass


def scarf(head: Head, rng: np.random.Generator) -> list[Patch]:
    """A scarf wound round the lower face, over the mouth and sometimes the nose (part `cloth`)."""
    nose, lips = head.landmarks[33], head.landmarks[51]
    top = nose[1] + rng.uniform(-1.2, 0.75) * (nose[1] - lips[1]) + rng.uniform(0, 5)
    front = max(head.landmarks[[33, 51, 57, 8], 2].max(), head.landmarks[30, 2] if top > nose[1] + 1 else -1e3) + 4
    turn = (2 * ALONG - 1) * 0.78 * np.pi
    cloth = textures.fabric(rng, 64, 192)
    fall, tilt = rng.uniform(55, 80), rng.uniform(-7, 7)
    sag = rng.uniform(2, 12)
    half, centre_z = head.half_width + 9, head.back - 20
    patches = []
    for layer in range(2):
        # The second turn lies outside and below the first.
        edge = top - layer * rng.uniform(24, 36) + tilt * np.sin(turn) * (1 - 0.6 * layer)
        edge = edge - sag * (np.cos(turn) - 0.2) + rng.normal(0, 0.5, (LONG, 1))
        drop = (fall + 25 * layer) * ACROSS
        wave = sum(
            amount * np.sin(2 * np.pi * (count * ACROSS + slant * ALONG) + rng.uniform(0, 6))
            for amount, count, slant in (
                (3.0, rng.uniform(1.2, 2), rng.uniform(-1, 1)),
                (1.6, rng.uniform(2, 3.5), 1.5),
            )
        )
        swell = 5 * np.sin(np.pi * np.clip(ACROSS * 1.1, 0, 1)) + 5 * layer + wave * np.minimum(ACROSS * 4, 1)
        tuck = 4 * np.exp(-ACROSS / 0.08)  # the upper hem turns in towards the face
        narrow = 1 - 0.10 * ACROSS
        x = (half * narrow + swell - tuck) * np.sin(turn)
        z = centre_z + (front - centre_z + swell - tuck) * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.75
        grid = np.stack([x, edge - drop, z], -1)
        patches.append(Patch(facing_out(grid, (0, top - 40, centre_z)), cloth, "cloth", "scarf"))
    return patches


def hand(head: Head, rng: np.random.Generator) -> list[Patch]:
    """A hand on the face: four fingers, thumb, palm and forearm, in the person's skin tone or another."""
    tone = head.skin * np.exp(rng.normal(0, 0.06)) if rng.random() < 0.6 else textures.skin_colour(rng)
    aim = head.landmarks[rng.choice([3, 5, 8, 11, 13, 30, 33, 36, 45, 48, 54, 57])] + (*rng.normal(0, 8, 2), 0)
    side = 1.0 if aim[0] + rng.normal(0, 20) > 0 else -1.0
    lean = side * rng.uniform(0.0, 1.25)  # fingers point up and inwards
    along = np.array([-np.sin(lean), np.cos(lean), 0])
    over = np.array([along[1], -along[0], 0])
    size = rng.uniform(0.88, 1.08)
    palm = aim - along * 45 * size
    spread = rng.uniform(0.03, 0.16)
    lift = rng.uniform(9, 14)

    def rest(point: Array) -> Array:
        depth = smooth_depth(point[None, :2], head.surface, 9.0)[0]  # over about a finger's width
        return np.array([point[0], point[1], depth + lift])

    skin = textures.mottled(rng, tone, 0.14)
    patches = []
    for place, length in zip((-1.5, -0.5, 0.5, 1.5), (62, 74, 78, 68) if side > 0 else (68, 78, 74, 62), strict=True):
        direction = along + spread * place * over
        knuckle = palm + over * place * 19.5 * size + along * 34 * size
        joints = [rest(knuckle + direction * share * length * size) for share in (-0.35, 0.0, 0.5, 1.0)]
        patches.append(Patch(tube(np.array(joints), np.array([10.5, 10, 9.2, 7.6]) * size), skin, "", "hand", 0.2))
    thumb = [palm - side * over * 30 * size, palm - side * over * 47 * size + along * 22 * size]
    thumb.append(thumb[1] + (along - 0.35 * side * over) * 30 * size)
    patches.append(
        Patch(tube(np.array([rest(p) for p in thumb]), np.array([14, 11, 8.5]) * size), skin, "", "hand", 0.2)
    )
    centre = rest(palm) - (0, 0, 3)
    axes = np.array([over, along, np.cross(over, along)])
    patches.append(Patch(ellipsoid(centre, np.array([41, 47, 15]) * size, axes), skin, "", "hand", 0.2))
    wrist = centre - along * 42 * size
    path = np.array([centre - along * 12, wrist, wrist - along * 220 + (0, -60, 20)])
    patches.append(Patch(tube(path, np.array([29, 26, 42]) * size, flat=0.7), skin, "", "hand", 0.1))
    if rng.random() < 0.6:  # a sleeve
        sleeve = path[1:] + (path[2] - path[1]) * 0.18
        cloth = textures.fabric(rng, 48, 96)
        patches.append(Patch(tube(sleeve, np.array([36, 50]) * size, flat=0.8), cloth, "", "hand"))
    return patches


def thing(head: Head, rng: np.random.Generator) -> list[Patch]:
    """A cup, a telephone, a ball or fruit, a microphone, or a book, before some part of the face."""
    aim = 0.65 * head.landmarks[rng.integers(68)] + 0.35 * head.landmarks[30] + (*rng.normal(0, 9, 2), 0)
    aim[2] = head.landmarks[:, 2].max() + rng.uniform(6, 30)
    colour = textures.muted_colour(rng)
    kind = rng.choice(["cup", "telephone", "ball", "microphone", "book"])
    if kind == "cup":
        radius, height, lean = rng.uniform(28, 38), rng.uniform(50, 90), rng.normal(0, 12)
        turn = (2 * ALONG - 1) * np.pi
        wide = radius * (1 - rng.uniform(0, 0.25) * ACROSS)
        middle = aim[0] + lean * ACROSS
        side = np.stack(
            [middle + wide * np.sin(turn), aim[1] - height * (ACROSS - 0.4) + 0 * turn, aim[2] + wide * np.cos(turn)],
            -1,
        )
        glaze = textures.fabric(rng, 32, 96) if rng.random() < 0.4 else textures.mottled(rng, colour, 0.06)
        return [Patch(facing_out(side, (aim[0], aim[1], aim[2])), glaze, "", "object", 0.6)]
    if kind == "ball":
        radii = rng.uniform(22, 40) * np.array([1, rng.uniform(0.8, 1.15), 1])
        return [Patch(ellipsoid(aim, radii), textures.mottled(rng, colour, 0.3), "", "object", rng.uniform(0, 0.6))]
    if kind == "microphone":
        mouth = 0.5 * (head.landmarks[51] + head.landmarks[57]) + (rng.normal(0, 10), rng.normal(-8, 6), 34)
        grip = mouth + unit((rng.normal(0, 0.7), -1, 0.35)) * 210
        mesh, body = (
            textures.mottled(rng, np.full(3, rng.uniform(0.15, 0.5)), 0.6),
            plain(np.full(3, rng.uniform(0.05, 0.3))),
        )
        rod = Patch(tube(np.array([mouth, grip]), [14, 11]), body, "", "object", 0.4)
        return [Patch(ellipsoid(mouth, (23, 25, 23)), mesh, "", "object", 0.3), rod]
    tilt = rng.normal(0, 0.5)
    right, up = np.array([np.cos(tilt), np.sin(tilt), 0]), np.array([-np.sin(tilt), np.cos(tilt), 0])
    size = rng.uniform((34, 66), (38, 76)) if kind == "telephone" else rng.uniform((45, 55), (70, 80))
    aim = aim - up * rng.uniform(0.2, 0.8) * size[1]
    sheet = textures.mottled(rng, colour, 0.05) if kind == "telephone" else textures.fabric(rng, 32, 64)
    plate = disc(aim, right, up, superellipse(size[0], size[1], power=9), dome=2)
    return [Patch(plate, sheet, "", "object", 0.3, uv=frontal_uv(plate))]


def stick(head: Head, rng: np.random.Generator) -> list[Patch]:
    """One or two sticks, pencils or ropes that cross the face."""
    patches = []
    for _ in range(rng.integers(1, 3)):
        aim = head.landmarks[rng.integers(17, 68)] + (*rng.normal(0, 12, 2), 0)
        aim[2] = head.landmarks[:, 2].max() + rng.uniform(8, 25)
        angle = rng.uniform(0, 2 * np.pi)
        way = np.array([np.cos(angle), np.sin(angle), rng.normal(0, 0.1)])
        path = np.array([aim + way * rng.uniform(150, 260), aim, aim - way * rng.uniform(10, 220)])
        path[1] += (*rng.normal(0, 5, 2), 0)
        wood = textures.mottled(rng, textures.muted_colour(rng), 0.35)
        patches.append(Patch(tube(path, rng.uniform(4, 10)), wood, "", "stick", 0.2))
    return patches


def texture_patch(head: Head, rng: np.random.Generator) -> list[Patch]:
    """A flat piece of fabric, leaf or paper with an irregular outline."""
    aim = 0.7 * head.landmarks[rng.integers(68)] + 0.3 * head.landmarks[30] + (*rng.normal(0, 10, 2), 0)
    aim[2] = head.landmarks[:, 2].max() + rng.uniform(4, 20)
    angle = 2 * np.pi * ALONG[:, 0]
    radius = rng.uniform(24, 44) * np.ones(LONG)
    for wave in range(2, 6):
        radius *= 1 + rng.normal(0, 0.22 / wave) * np.cos(wave * angle + rng.uniform(0, 6))
    outline = np.stack([radius * np.cos(angle), rng.uniform(0.6, 1.3) * radius * np.sin(angle)], -1)
    tilt = rng.uniform(0, np.pi)
    right = unit((np.cos(tilt), np.sin(tilt), rng.normal(0, 0.2)))
    up = unit(np.cross((0, 0, 1.0), right))
    sheet = (
        textures.fabric(rng, 48, 96) if rng.random() < 0.6 else textures.mottled(rng, textures.muted_colour(rng), 0.4)
    )
    piece = disc(aim, right, up, outline, dome=rng.uniform(0, 8))
    return [Patch(piece, sheet, "", "patch", uv=frontal_uv(piece))]


Maker = Callable[[Head, np.random.Generator], list[Patch]]
OCCLUDERS: dict[str, Maker] = {
    "glasses": partial(_glasses, dark=False),
    "sunglasses": partial(_glasses, dark=True),
    "scarf": scarf,
    "hand": hand,
    "object": thing,
    "stick": stick,
    "patch": texture_patch,
}
