from __future__ import annotations

import io

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from focus.report.figures import as_rgb, error_curves, f1_bars, image_grid, training_curves
from focus.report.mesh_figure import misfit_prior
from focus.report.tables import read_paper_table


def opened(png: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(png))
    assert not image.info.get("Software")
    return np.asarray(image.convert("RGB"))


def dome(count=12):
    """A curved sheet that faces the viewer, mm."""
    u, v = (grid.ravel() for grid in np.meshgrid(*[np.linspace(-60, 60, count)] * 2))
    vertices = np.stack([u, v, 80 - (u**2 + v**2) / 90], axis=1)
    corner = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    first = np.stack([corner, corner + 1, corner + count], axis=1)
    second = np.stack([corner + 1, corner + count + 1, corner + count], axis=1)
    return vertices, np.concatenate([first, second])


def figures():
    vertices, triangles = dome()
    x = np.linspace(0, 8, 20)
    log = pd.DataFrame({"step": range(9), "loss": range(9), "pixel": [None, 1.0] * 4 + [None]})
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)
    return {
        "grid": lambda: image_grid([("target", images), ("mask", images[..., 0] > 99)]),
        "curves": lambda: error_curves({"M": np.stack([x, 1 - np.exp(-x)], axis=1)}),
        "bars": lambda: f1_bars(read_paper_table(5).assign(source="run")),
        "bars of nothing": lambda: f1_bars(read_paper_table(5)),
        "training": lambda: training_curves({"M": log}, ["loss", "pixel", "absent", "lr"]),
        "prior": lambda: misfit_prior(vertices, triangles, np.tile([0.5, -0.5, 0.0], (len(vertices), 1))),
    }


@pytest.mark.parametrize("name", figures())
def test_figures_are_drawn_and_repeat(name):
    """A figure fails, is blank, or has other bytes each time (so DVC sees a change where there is none)."""
    draw = figures()[name]
    png = draw()
    pixels = opened(png)
    if "nothing" not in name:
        assert pixels.std() > 5
    assert len(png) < 200_000
    assert draw() == png


def test_own_style_whatever_the_machine_has():
    """A person's matplotlibrc changes the committed figures."""
    draw = figures()["curves"]
    plain = draw()
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9}):
        assert draw() == plain


def test_grid_shows_the_pixels_unchanged():
    """Pictures are blurred, cut or recoloured in the grid of Figures 1, 3, 5."""
    images = np.zeros((1, 32, 32, 3), np.uint8)
    images[0, :, :16] = (250, 10, 20)
    pixels = opened(image_grid([("t", images)], cell=0.58))  # 0.58 in are 63.8 screen pixels: each picture pixel is 2x2
    assert (pixels == (250, 10, 20)).all(axis=2).sum() == 64 * 32
    assert (pixels == 0).all(axis=2).sum() >= 64 * 32


def test_as_rgb():
    """Masks, floats or RGB come out on another scale."""
    assert as_rgb(np.array([[[0, 1]]], np.uint8))[0, 0].tolist() == [[0, 0, 0], [255, 255, 255]]
    assert as_rgb(np.full((1, 1, 1, 3), 0.5))[0, 0, 0].tolist() == [128, 128, 128]
    assert as_rgb(np.full((1, 1, 1), np.nan, np.float32)).max() == 0
    with pytest.raises(ValueError, match="expected"):
        as_rgb(np.zeros((4, 4)))
    with pytest.raises(ValueError, match="same N, H and W"):
        image_grid([("a", np.zeros((2, 8, 8))), ("b", np.zeros((3, 8, 8)))])


def test_prior_colours_follow_the_sign():
    """Figure 4 shows a misfit with the wrong sign: red is where the prediction lies too far along the axis."""
    vertices, triangles = dome()

    def red_minus_blue(value):
        picture = opened(misfit_prior(vertices, triangles, np.full((len(vertices), 3), value))).astype(int)
        middle = picture[:, picture.shape[1] // 3 : picture.shape[1] * 4 // 5]
        return int((middle[..., 0] - middle[..., 2]).sum())

    assert red_minus_blue(1.0) > 0 > red_minus_blue(-1.0)
