"""Draws faces richer than the fitted model: the embedded stand-in for a set of scanned people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from focus.face_model.embedded.albedo import ALBEDO_SCALE, paint_extras, paint_masks, paint_people
from focus.face_model.embedded.expression import EXPRESSION_FIELDS, draw_strengths
from focus.face_model.embedded.shape import SHAPE_FIELDS, smooth_modes, stack_fields
from focus.face_model.embedded.template import Template
from focus.seeds import numpy_generator

LATENT_FACTORS = 6  # sex, weight, age…: what makes fields vary together, so that the spectrum of a PCA decays
OWN_SPREAD, SHARED_SPREAD, LIMIT = 0.62, 0.27, 2.2  # of a field's coefficient; its size is limited to LIMIT
DETAIL_LENGTHS_MM = (22.0, 9.0)  # length scales of the held-out shape
SKIN_LENGTHS_MM = (30.0, 14.0, 6.0, 2.5)  # length scales of the held-out skin colour

Float32 = NDArray[np.float32]


class FaceGenerator:
    """Draws people on a template; all randomness of a draw comes from the generator passed in.

    Fields are functions of position and no draw depends on the mesh: with equal `seed` and equal random generators,
    a coarse and a fine template give the same people, which is how scans finer than the model are made.

    Args:
        template: the mesh to draw on.
        seed: chooses the world: how fields vary together and which smooth modes are held out.
    """

    def __init__(self, template: Template, seed: int) -> None:
        """Evaluate every field on the template."""
        self.template = template
        world = numpy_generator(seed, "embedded face model", "world")
        self._shape_fields = stack_fields(SHAPE_FIELDS, template.xy)
        self._expression_fields = stack_fields(EXPRESSION_FIELDS, template.xy)
        self._masks = paint_masks(template.xy)
        self._loadings = world.standard_normal((LATENT_FACTORS, len(SHAPE_FIELDS))) * SHARED_SPREAD
        self._detail = [smooth_modes(template.xy, 30, length, world, 3) for length in DETAIL_LENGTHS_MM]
        self._skin = np.concatenate([smooth_modes(template.xy, 16, length, world, 1) for length in SKIN_LENGTHS_MM])

    def sample_shape(self, n: int, rng: np.random.Generator, detail: float = 0.0) -> Float32:
        """Draw n neutral faces: vertices (n,V,3) float32, mm, model frame.

        `detail` adds held-out smooth shape (Gaussian-process modes the fitted model has not seen): its standard
        deviation in mm towards the viewer; 0.7 times that sideways, a quarter of it at the finer length scale.
        """
        own = OWN_SPREAD * rng.standard_normal((n, len(self._shape_fields)))
        shared = rng.standard_normal((n, LATENT_FACTORS)) @ self._loadings
        coefficients = np.clip(own + shared, -LIMIT, LIMIT)
        held_out = [rng.standard_normal((n, len(modes))) for modes in self._detail]  # drawn even when detail is 0
        vertices = self.template.vertices + np.tensordot(coefficients, self._shape_fields, 1)
        if detail > 0:
            for share, weights, modes in zip((1.0, 0.25), held_out, self._detail, strict=True):
                vertices += detail * share * np.tensordot(weights, modes, 1) * (0.7, 0.7, 1.0)
        return vertices.astype(np.float32)

    def sample_expression(self, n: int, rng: np.random.Generator, strength: float = 1.0) -> Float32:
        """Draw n expressions: vertex offsets (n,V,3) float32, mm, to be added to neutral faces; `strength` scales."""
        return (strength * np.tensordot(draw_strengths(n, rng), self._expression_fields, 1)).astype(np.float32)

    def sample_albedo(self, n: int, rng: np.random.Generator, rich: bool = False) -> tuple[Float32, Float32]:
        """Draw n people's colours: albedo (n,V,3) for the renderer and hair colour (n,3) as displayed, float32 0..1.

        Albedo is in the renderer's unit (`albedo.ALBEDO_SCALE`: under the default light albedo / 0.8 is shown). `rich`
        adds what the fitted model has not seen: beard, moustache, make-up, moles, blotchy skin.
        """
        paint, hair = paint_people(self._masks, n, rng)
        if rich:
            paint_extras(paint, hair, self.template.xy, self._skin, rng)
        return (ALBEDO_SCALE * paint.display()).astype(np.float32), np.sqrt(hair).astype(np.float32)
