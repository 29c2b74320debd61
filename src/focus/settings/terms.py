"""The terms of L_R and L_S: each once, by its one name in params.yaml, the profiles, the curves and the docs.

Which step's loss a term belongs to says where its weight stands: `losses.initialise`, `losses.reconstruction` (R
steps) or `losses.segmentation` (S steps). Its value is computed in focus/losses/equations.py.
docs/extending.md adds one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from focus.settings.pieces import one_of


@dataclass(frozen=True)
class Term:
    """A loss term. `two_forms`: the paper prints it otherwise than the released code has it."""

    name: str
    equation: str
    two_forms: bool = True


RECONSTRUCTION = (
    Term("pixel", "Eq. 5"),
    Term("likelihood", "Eq. 9", two_forms=False),
    Term("perceptual", "Eq. 6", two_forms=False),
    Term("landmarks", "Eq. 7"),
    Term("regularisation", "L_reg of Eq. 8"),
    Term("area", "Eq. 3, in R steps of the released code"),
)
SEGMENTATION = (
    Term("neighbour", "Eq. 1"),
    Term("distance", "Eq. 2"),
    Term("area", "Eq. 3"),
    Term("preservation", "Eq. 4"),
    Term("binary", "L_bin"),
    Term("pixel", "Eq. 5, in the Baseline of Sec. 4.4"),
)
INITIALISATION = Term("initialisation", "Sec. 3.3: R is initialised by Eq. 5 (paper) or by Eq. 9 (released)")
SWITCHES = (*(term for term in (*RECONSTRUCTION, *SEGMENTATION) if term.two_forms), INITIALISATION)


def _one_of(terms: Iterable[Term]) -> tuple[AfterValidator, WithJsonSchema]:
    """Return what lets the terms' names pass, here and in workflow/schemas."""
    return one_of((term.name for term in terms), "loss term")


ReconstructionTerm = Annotated[str, *_one_of(RECONSTRUCTION)]
SegmentationTerm = Annotated[str, *_one_of(SEGMENTATION)]
Switch = Annotated[str, *_one_of(SWITCHES)]
