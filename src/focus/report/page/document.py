"""The page as one HTML file: templates filled, style and scripts inlined, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from focus.report.page import claims, curves
from focus.report.page.claims import ClaimRow
from focus.report.page.compare import Comparison
from focus.report.page.curves import Panel
from focus.report.page.gallery import ERROR_LIMIT, Case

TITLES = {
    "figure4_plain": ("Figure 4, plain", "The misfit prior on synthetic faces on black, as in the paper"),
    "figure4_composited": ("Figure 4, composited", "The misfit prior on synthetic faces pasted into training images"),
    "f1_ablation": ("F1 of the ablation", "Mean and standard deviation over the images of each AR subset"),
    "now_curves": (
        "NoW",
        "Share of images whose median scan error lies below a bound; black: the mean face and the best fit",
    ),
}
"""Figures of results/figures without faces of test images: name -> heading, what is to be seen."""


@dataclass(frozen=True)
class Figure:
    """A picture of results/figures. width: CSS pixels of one that scrolls sideways, or None."""

    heading: str
    text: str
    uri: str
    width: int | None = None


@dataclass(frozen=True)
class Page:
    """All that the page shows; an empty part is left out.

    provenance: the line that says on which data the run was made. variant: whose cases are shown. withheld: why
    pictures of faces are missing, or "". claims: what `claims.claim_rows` returns. shares: rows of `report.shares` with
    a share. views: what `views.payload` returns, or None.
    """

    provenance: str
    variant: str = ""
    withheld: str = ""
    claims: Sequence[ClaimRow] = ()
    tables: Sequence[Comparison] = ()
    shares: Sequence[Mapping[Hashable, Any]] = ()
    curves: Mapping[str, Sequence[Panel]] = field(default_factory=dict)
    figures: Sequence[Figure] = ()
    cases: Sequence[Case] = ()
    views: Mapping[str, Any] | None = None


def render_page(page: Page) -> str:
    """Return the page as HTML text. Every value is escaped; the same page gives the same text."""
    environment = Environment(
        loader=PackageLoader("focus.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.jinja").render(
        page=page,
        counts=claims.counts(page.claims),
        plural=claims.PLURAL,
        curve=curves,
        bar=claims,
        error_limit=f"{ERROR_LIMIT:.0f}",
        style=_asset("style.css"),
        scripts=[_asset("page.js"), _asset("viewer.js")],
    )


def _asset(name: str) -> Markup:
    """Return one of the package's own files, which is not escaped."""
    return Markup((resources.files("focus.report.page") / "templates" / name).read_text(encoding="utf-8"))
