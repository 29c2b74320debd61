"""Draws people on a head mesh: the embedded stand-in for a set of scanned people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from focus.face_model.heads.albedo import ALBEDO_SCALE, paint_extras, paint_masks, paint_people
from focus.face_model.heads.fields import smooth_modes
from focus.face_model.heads.heads import load_heads
from focus.face_model.heads.mesh import Template
from focus.face_model.heads.people import draw_actions, draw_phenotypes
from focus.seeds import numpy_generator

DETAIL_MM = (0.6, 0.15)  # held-out smooth shape of rich people, standard deviation at each length scale
DETAIL_LENGTHS_MM = (22.0, 9.0)
SKIN_LENGTHS_MM = (30.0, 14.0, 6.0, 2.5)  # length scales of the held-out skin colour

Float32 = NDArray[np.float32]


class FaceGenerator:
    """Draws people on a template; all randomness of a draw comes from the generator passed in.

    No draw depends on the mesh: with equal `seed` and equal random generators, every level shows the same people.

    Args:
        level: of the mesh; 0 to 2.
        seed: chooses the world: which smooth modes of shape and skin are held out.
        whole: the whole head, or only the face.
    """

    def __init__(self, level: int = 0, seed: int = 0, *, whole: bool = True) -> None:
        """Build the template and evaluate masks and modes on it."""
        self.heads = load_heads()
        head = self.heads.template(level)
        self.template: Template = head if whole else head.face()
        world = numpy_generator(seed, "embedded face model", "world")
        self._refine = self.template.refine.astype(np.float32)
        self._masks = paint_masks(self.template)
        place = self.template.xy
        self._detail = [smooth_modes(place, 30, length, world, 3) for length in DETAIL_LENGTHS_MM]
        self._skin = np.concatenate([smooth_modes(place, 16, length, world, 1) for length in SKIN_LENGTHS_MM])

    def sample_shape(self, n: int, rng: np.random.Generator, rich: bool = False) -> Float32:
        """Draw n neutral heads: vertices (n,V,3) float32, mm, model frame, aligned to the mean face.

        `rich` adds what the fitted model has not seen: asymmetry, muscle, ears, neck, lids' folds, dimples, and smooth
        detail of the skin.
        """
        phenotypes = draw_phenotypes(n, rng, rich)
        vertices = self._on_mesh(self.heads.neutral(phenotypes, self.heads.changes.draw(n, rng, rich)))
        if rich:
            for size, modes in zip(DETAIL_MM, self._detail, strict=True):
                held_out = np.tensordot(rng.standard_normal((n, len(modes))), modes, 1)
                vertices += (size * self._masks["skin"][:, None] * held_out * (0.7, 0.7, 1.0)).astype(np.float32)
        return vertices

    def sample_expression(self, n: int, rng: np.random.Generator, strength: float = 1.0) -> Float32:
        """Draw n expressions: vertex offsets (n,V,3) float32, mm, to be added to neutral heads; `strength` scales."""
        return np.float32(strength) * self._on_mesh(self.heads.expressions(draw_actions(n, rng)))

    def sample_albedo(self, n: int, rng: np.random.Generator, rich: bool = False) -> tuple[Float32, Float32]:
        """Draw n people's colours: albedo (n,V,3) for the renderer and hair colour (n,3) as displayed, float32 0..1.

        Albedo is in the renderer's unit (`albedo.ALBEDO_SCALE`: under the default light albedo / 0.8 is shown). `rich`
        adds what the fitted model has not seen: beard, moustache, make-up, moles, blotchy skin.
        """
        paint, hair = paint_people(self._masks, n, rng)
        if rich:
            paint_extras(paint, hair, self.template.xy, self._skin, rng)
        return (ALBEDO_SCALE * paint.display()).astype(np.float32), np.sqrt(hair).astype(np.float32)

    def _on_mesh(self, base: Float32) -> Float32:
        """A field (n,B,3) of base vertices on the template's (n,V,3)."""
        columns = base.transpose(1, 0, 2).reshape(base.shape[1], 3 * len(base))
        fine = self._refine @ columns
        return np.ascontiguousarray(fine.reshape(len(fine), len(base), 3).transpose(1, 0, 2))
