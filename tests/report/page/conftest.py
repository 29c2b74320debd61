"""A page of made-up results on the smallest face model, with a name that would break out of careless HTML."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tiny
from focus.report.layout import blocks
from focus.report.page import Page
from focus.report.page.claims import claim_rows
from focus.report.page.compare import compare
from focus.report.page.curves import panels
from focus.report.page.document import Figure
from focus.report.page.embed import png_uri
from focus.report.page.gallery import Choice, case
from focus.report.page.views import misfit_views, payload, reconstruction_view
from focus.report.tables import read_paper_table

HOSTILE = "</script><script>throw new Error('out')</script><b id=\"x\">&'.jpg"


def verdict(**changes: object) -> dict:
    base = {"id": "1-AR-MoFA", "claim": "FOCUS has lower RMSE than MoFA", "table": 1, "testset": "AR"}
    figures = {"margin": 0.5, "low": 0.25, "high": 1.0, "holds": True, "metric": "rmse", "images": 9}
    return {**base, **figures, "mechanism": False, "reason": None, **changes}


def run_rows(number: int, method: str) -> pd.DataFrame:
    """Return the paper's rows of FOCUS as rows of the run, under another name."""
    frame = read_paper_table(number)
    return frame[frame["method"] == "FOCUS"].assign(source="run", method=method)


@pytest.fixture
def page() -> Page:
    frames = {number: pd.concat([read_paper_table(number), run_rows(number, "FOCUS")]) for number in range(1, 6)}
    noise = np.random.default_rng(0)
    region = np.zeros((16, 16))
    region[4:12, 4:12] = 1
    pictures = [(Choice("AR scarf, by F1", "AR", f"{k}{HOSTILE}", "best", k / 10), k) for k in range(3)]
    cases = [
        case(
            choice,
            noise.integers(0, 256, (16, 16, 3), np.uint8),
            noise.random((16, 16, 3)),
            noise.random((16, 16, 3)),
            region,
            region,
            region,
        )
        for choice, _ in pictures
    ]
    model = tiny.face_model()
    mean = model.shape_mean.numpy()
    views = misfit_views("plain", mean, noise.normal(size=mean.shape))
    views.append(reconstruction_view("AR", HOSTILE, mean, model.albedo_mean.numpy()))
    stream = io.BytesIO()
    Image.new("RGB", (900, 200), "red").save(stream, "PNG")
    curve = pd.DataFrame({"step": [0, 10, 20], "network": "reconstruction", "loss": [3.0, 2.0, 1.0]})
    absent = verdict(margin=None, low=None, high=None, holds=None, images=0, reason=f"no {HOSTILE}")
    return Page(
        provenance="run: profile smoke, embedded data (drawn faces)",
        claims=claim_rows([verdict(mechanism=True), verdict(holds="not resolved", low=-0.5), absent]),
        tables=[compare(number, blocks(number, frame, {})) for number, frame in frames.items()],
        curves=panels({"FOCUS": curve, "Backbone": curve.assign(loss=[4.0, 3.0, 2.0])}, last="FOCUS"),
        shares=[{"method": HOSTILE, "median_mm": 1.23456, "share": -0.25}],
        figures=[Figure("Figure 1", "Target", png_uri(stream.getvalue()), width=1800)],
        cases=cases,
        views=payload(views, model.triangles.numpy()),
    )
