"""Puts a person before the camera: body, hair and occluders around one face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from focus.emulation import textures
from focus.emulation.body import Head, clothes, neck
from focus.emulation.hair import beanie, fringe, hair_shell
from focus.emulation.light import Light
from focus.emulation.occluders import OCCLUDERS
from focus.emulation.people import Person, painted
from focus.emulation.photograph import Scene, Studio
from focus.face_model.heads.albedo import ALBEDO_SCALE
from focus.rendering import rotation_matrix

# Kinds of occluder in photographs found on the web, by share; no clear glasses, which hide almost nothing.
WILD_SHARES = {
    "sunglasses": 0.21, "scarf": 0.18, "hand": 0.25, "object": 0.12, "stick": 0.06, "patch": 0.12, "hat": 0.06
}  # fmt: skip
_RESTING = 1500  # vertices of the face, which is dense enough for a hand to rest on


def draw_occluders(rng: np.random.Generator) -> list[str]:
    """Draw one kind of occluder by WILD_SHARES, sometimes a second one."""
    names, shares = list(WILD_SHARES), list(WILD_SHARES.values())
    drawn = [names[rng.choice(len(names), p=shares)]]
    if rng.random() < 0.12 and drawn[0] not in ("object", "patch"):
        drawn.append(["object", "stick", "patch"][rng.integers(3)])
    return drawn


def measure(person: Person, vertices: NDArray[np.float32], pose: NDArray[np.float32], studio: Studio) -> Head:
    """Measure the face with its expression; the body turns a third as far as the head."""
    angles = torch.from_numpy(np.stack([pose[:3], pose[:3] * (0.2, 0.35, 0.3)]).astype(np.float64))
    head, body = rotation_matrix(angles).numpy()
    corners, face = vertices.astype(float), studio.face
    scalp = corners[studio.scalp]
    return Head(
        landmarks=corners[studio.template.anatomy68],
        rim=corners[studio.rim],
        neck=corners[studio.neck_rim],
        crown=np.array([np.abs(scalp[:, 0]).max(), scalp[:, 1].max(), scalp[:, 2].min()]),
        surface=corners[face[:: max(1, len(face) // _RESTING)]],
        skin=np.median(person.albedo[face], axis=0).astype(float) / ALBEDO_SCALE,
        body_turn=head.T @ body,
    )


def compose(
    studio: Studio,
    person: Person,
    expression: NDArray[np.float32],
    light: Light,
    pose: NDArray[np.float32],
    occluders: Sequence[str],
    rng: np.random.Generator,
    background: NDArray[np.float32] | None = None,
) -> Scene:
    """Compose a scene around a person, for the studio to photograph.

    expression: (V,3) mm, added to the neutral head. pose: (6,) of the head. occluders: keys of OCCLUDERS, or "hat";
    drawn in this order. rng: source of clothes, hair, occluders and background, and later of the camera's noise.
    background: (h,w,3) at the studio's canvas size; a random one where not given.
    """
    vertices = person.neutral + expression
    head = measure(person, vertices, pose, studio)
    patches = [neck(head, rng), clothes(head, rng)]
    if "hat" in occluders:
        patches += hair_shell(head, replace(person, hair_volume=3.0), rng) + beanie(head, rng)
    else:
        patches += hair_shell(head, person, rng) + ([fringe(head, person, rng)] if person.fringe else [])
    for name in occluders:
        if name != "hat":
            patches += OCCLUDERS[name](head, rng)
    scenery = textures.background(rng, *studio.canvas) if background is None else background
    albedo = painted(person, studio.template.masks["scalp"])
    return Scene(vertices, albedo, light, pose, patches, scenery, rng)
