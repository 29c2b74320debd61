"""What a head sits on: neck and clothes, sized to the person's own head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from focus.emulation import textures
from focus.emulation.patches import ACROSS, ALONG, Patch, facing_out, tube


@dataclass(frozen=True, eq=False)
class Head:
    """Measures of one face with its expression; everything worn is built around them. Model frame, mm.

    Attributes:
        landmarks: (68,3) float64, iBUG order.
        rim: (n,3) float64, the closed edge of the face.
        neck: (k,3) float64, the lower edge of the head's own neck.
        crown: (3,) float64, half width of the skull, height of its top, depth of its back.
        surface: (m,3) float64, points all over the face.
        skin: (3,) float64, colour of the skin as displayed.
        body_turn: (3,3) float64, rotation from the body's frame to the head's.
    """

    landmarks: NDArray[np.float64]
    rim: NDArray[np.float64]
    neck: NDArray[np.float64]
    crown: NDArray[np.float64]
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
        turned: NDArray[np.float64] = (vertices - joint) @ self.body_turn.T + joint
        return turned


def neck(head: Head, rng: np.random.Generator) -> Patch:
    """The lower neck, from inside the head's own neck down to the shoulders."""
    middle, width = head.neck.mean(0), 0.5 * np.ptp(head.neck[:, 0])
    path = middle + np.array([[0, 22, 0], [0, -4, 0], [0, -150, -10]])
    path[2] = head.upright(path[2])  # the upper end moves with the head, the lower with the shoulders
    grid = tube(path, [0.82 * width, 0.93 * width, 1.6 * width], flat=0.95)
    surface = textures.mottled(rng, head.skin, size=64)
    return Patch(grid, surface, "neck")


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
