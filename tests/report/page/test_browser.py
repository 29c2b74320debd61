"""The page in headless Chromium, with real keys and a real mouse. Skipped where no Chromium is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Tab, chromium, tab
from focus.report.page import Page, render_page

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium is installed")
SHOWN = "[...document.querySelectorAll('.case.shown .name')].map((name) => name.textContent[0]).join()"
PAINTED = """(() => {
  const canvas = document.getElementById('view'), copy = document.createElement('canvas');
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const pixels = context.getImageData(0, 0, copy.width, copy.height).data;
  let painted = 0, sum = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] > 0) { painted += 1; sum += (i % 9973) * (pixels[i] + 2 * pixels[i + 1] + 3 * pixels[i + 2]); }
  }
  return [painted / (pixels.length / 4), sum];
})()"""
"""Share of the canvas that is painted, and a number that differs between pictures."""


@pytest.fixture
def file(page: Page, tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(render_page(page), encoding="utf-8")
    return path


@pytest.fixture
def window(file: Path, tmp_path: Path) -> Iterator[Tab]:
    with tab(tmp_path / "chromium") as opened:
        opened.open(file)
        yield opened
        assert opened.complaints == [] and opened.requests == []


def test_gallery_moves_by_keyboard_and_buttons(window: Tab) -> None:
    """A reader without a mouse would see the first case only."""
    assert window.value(SHOWN) == "0"
    window.value("document.getElementById('leaf').focus()")
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        window.press(key)
        seen.append(window.value(SHOWN))
    assert seen == ["1", "2", "0", "2"]
    window.value("document.getElementById('gallery-next').click()")
    assert window.value(SHOWN) == "0" and window.value("document.getElementById('gallery-place').value") == "1 of 3"


def test_view_draws_and_turns_by_keyboard_and_mouse(window: Tab) -> None:
    """The meshes would be a blank square, or stand still."""
    assert window.value("document.getElementById('view').dataset.painter") == "webgl"
    share, front = window.value(PAINTED)
    assert 0.05 < share < 0.95
    window.value("document.getElementById('view').focus({preventScroll: true})")
    window.press("ArrowLeft")
    turned = window.value(PAINTED)[1]
    window.press("0")
    assert turned != front and window.value(PAINTED)[1] == front
    window.drag("#view", 80, 10)
    assert window.value(PAINTED)[1] != front
    window.press("+")
    assert window.value(PAINTED)[0] > share


def test_views_can_be_chosen(window: Tab) -> None:
    """Only the first mesh could be looked at, or a colour bar would stand under a face."""
    before = window.value(PAINTED)[1]
    window.value(
        "(c => { c.value = '4'; c.dispatchEvent(new Event('change')); })(document.getElementById('view-choice'))"
    )
    window.settle()
    assert window.value(PAINTED)[1] != before and window.value("document.getElementById('view-scale').hidden")


def test_claims_can_be_filtered_and_a_training_highlighted(window: Tab) -> None:
    """The controls would do nothing."""
    choose = "(s => {{ s.value = '{}'; s.dispatchEvent(new Event('change')); }})(document.getElementById('{}'))"
    window.value("document.querySelector('#claims summary').focus()")
    window.press(" ")
    assert window.value("document.querySelector('#claims details').open")
    window.value(choose.format("not resolved", "claim-filter"))
    assert window.value("document.querySelectorAll('#claims details tbody tr:not([hidden])').length") == 1
    window.value(choose.format("Backbone", "curve-run"))
    assert window.value("document.querySelector('polyline.on').dataset.run") == "Backbone"


def test_fingers_leaf_and_turn(window: Tab, file: Path) -> None:
    """A phone would show one case and one side of a mesh."""
    window.open(file, 360, 740)
    window.swipe("#leaf .case.shown", -120)
    assert window.value(SHOWN) == "1"
    front = window.value(PAINTED)[1]
    window.swipe("#view", 120)
    assert window.value(PAINTED)[1] != front


@pytest.mark.parametrize("dark", [False, True])
def test_page_fits_a_phone_in_light_and_dark(window: Tab, file: Path, dark: bool) -> None:
    """A phone would show a strip of the page, or black letters on black."""
    window.open(file, 360, 740, dark=dark)
    assert window.value("document.documentElement.scrollWidth") == 360
    ink, paper = window.value("(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))")
    first = [int(colour.removeprefix("rgb(").split(",")[0]) for colour in (ink, paper)]
    assert (first[0] > 200 > 60 > first[1]) if dark else (first[0] < 60 < 200 < first[1])


def test_without_webgl_a_plain_canvas_draws(file: Path, tmp_path: Path) -> None:
    """A browser without a graphics card would show a blank square."""
    with tab(tmp_path / "chromium", "--disable-3d-apis") as plain:
        plain.open(file)
        assert plain.value("document.getElementById('view').dataset.painter") == "canvas"
        assert 0.05 < plain.value(PAINTED)[0] < 0.95 and plain.requests == []
