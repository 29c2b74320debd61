"""What carries a face: skull, ears, neck and clothes, sized to the person's own face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from focus.emulation import textures
from focus.emulation.patches import ACROSS, ALONG, Patch, ellipsoid, facing_out, tube


@dataclass(frozen=True, eq=False)
class Head:
    """Measures of one face with its expression; everything worn is built around them. Model frame, mm.

    Attributes:
        landmarks: (68,3) float64, iBUG order.
        rim: (n,3) float64, the closed edge of the face mesh.
        surface: (m,3) float64, points all over the face.
        skin: (3,) float64, colour of the skin as displayed.
        body_turn: (3,3) float64, rotation from the body's frame to the head's.
    """

    landmarks: NDArray[np.float64]
    rim: NDArray[np.float64]
    surface: NDArray[np.float64]
    skin: NDArray[np.float64]
    body_turn: NDArray[np.float64]

    @property
    def half_width(self) -> float:
        """Half the width of the face."""
        return float(np.abs(self.rim[:, 0]).max())

    @property
    def top(self) -> float:
        """Height y of the upper end of the face."""
        return float(self.rim[:, 1].max())

    @property
    def chin(self) -> float:
        """Height y of the chin."""
        return float(self.landmarks[8, 1])

    @property
    def back(self) -> float:
        """Depth z of the edge of the face."""
        return float(self.rim[:, 2].mean())

    def upright(self, vertices: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn vertices (...,3) given in the body's frame into the head's, about the joint at the top of the neck."""
        joint = np.array([0.0, -45.0, self.back - 25.0])
        return (vertices - joint) @ self.body_turn.T + joint


def skull(head: Head, rng: np.random.Generator) -> list[Patch]:
    """The head behind the face, and two ears."""
    skin = textures.mottled(rng, head.skin)
    middle = 0.5 * head.top - 14
    radii = (head.half_width + 1.5, head.top + 15 - middle, 74)
    centre = np.array([0, middle, head.back - 62])
    patches = [Patch(ellipsoid(centre, radii), skin, "")]
    for side in (-1, 1):
        axes = np.array([[0.92, 0, -0.38 * side], [0.1 * side, 0.99, 0.1], [0.38 * side, 0, 0.92]])
        ear = ellipsoid((side * (head.half_width + 4.5), 12, head.back - 20), (5, 27, 14), axes)
        patches.append(
            Patch(ear, textures.mottled(rng, head.skin * (0.95, 0.86, 0.84)), "l_ear" if side > 0 else "r_ear")
        )
    return patches


def neck(head: Head, rng: np.random.Generator) -> Patch:
    """The neck, dark where the chin keeps the light away."""
    middle, width = head.back - 24.0, 0.80 * head.half_width
    path = np.array([[0, head.chin + 45, middle], [0, head.chin - 45, middle - 4], [0, head.chin - 170, middle - 12]])
    path[1:] = head.upright(path[1:])  # the upper end moves with the head, the lower with the shoulders
    grid = tube(path, [width, 0.93 * width, 1.25 * width], flat=0.82)
    surface = textures.mottled(rng, head.skin, size=64)
    shadow = 1 - 0.45 * np.exp(-(((np.linspace(0, 1, 64) - 0.25) / 0.22) ** 2))
    return Patch(grid, (surface * shadow[None, :, None]).astype(np.float32), "neck")


def clothes(head: Head, rng: np.random.Generator) -> Patch:
    """Shoulders and chest with a round or open neckline."""
    across = 2 * ALONG - 1
    x = 235 * np.sign(across) * np.abs(across) ** 1.15
    base, slope = head.chin - rng.uniform(14, 32), rng.uniform(0.24, 0.40)
    depth, width = rng.uniform(5, 22) if rng.random() < 0.6 else rng.uniform(30, 70), rng.uniform(52, 68)
    hem = base - slope * np.maximum(np.abs(x) - 40, 0) ** 1.04 - depth * np.exp(-((np.abs(x) / width) ** 2.6))
    chest = head.back + 28 - 75 * (x / 235) ** 2
    drop = 330 * ACROSS**1.6
    swell = 22 * np.sin(np.pi * np.minimum(drop / 330, 0.5)) - 12 * (1 - ACROSS) ** 3
    fold = 3 * np.sin(x / rng.uniform(18, 40) + 2 * ACROSS + rng.uniform(0, 6))
    grid = np.stack([x + 0 * drop, hem - drop, chest + swell + fold * (ACROSS > 0.1)], -1)
    cloth = textures.fabric(rng, 96, 192)
    return Patch(facing_out(head.upright(grid), (0, head.chin - 260, head.back - 200)), cloth, "cloth")
