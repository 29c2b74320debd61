"""docs/extending.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def blocks(title: str) -> list[str]:
    """Return the code blocks of one section of the page."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"```\w+\n(.*?)```\n", section, re.DOTALL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project with code, settings and profiles of its own."""
    for name in ("src", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    return tmp_path


def insert(file: Path, anchor: str, text: str) -> None:
    """Put text before the one place where an anchor stands."""
    content = file.read_text(encoding="utf-8")
    assert content.count(anchor) == 1, (file, anchor)
    file.write_text(content.replace(anchor, text + anchor), encoding="utf-8")


def add_method(copy: Path, text: str) -> None:
    insert(copy / "params.yaml", "\ncorrected:", text)


def run(copy: Path, code: str) -> str:
    """Run code on the copy, and return what it prints."""
    variables = {**os.environ, "PYTHONPATH": os.fspath(copy / "src")}
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, env=variables, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


def test_a_method(copy):
    """A method by a few lines of YAML would be refused, or be FOCUS again."""
    add_method(copy, *blocks("A method of your own making"))
    code = (
        "from focus.settings import read_params; v = read_params().variants['FOCUS-printed']; print(v.preset, v.rounds)"
    )
    assert run(copy, code) == "paper 3"


def test_a_loss_term(copy):
    """A reader's new term would be unknown to the settings, or never be computed."""
    equation, entry, name, method = blocks("A loss term")
    losses = copy / "src/focus/losses.py"
    insert(losses, "def inlier_log_likelihood(", equation + "\n\n")
    insert(losses, '            "binary": lambda', entry)
    insert(copy / "src/focus/settings/terms.py", '    Term("binary"', name)
    add_method(copy, method)
    code = """
import torch
from focus import losses
from focus.settings import read_params
variant = read_params().variants["FOCUS-smooth"]
mask, images = torch.eye(4)[None, None], torch.zeros(1, 3, 4, 4)
given = dict(target=images, rendering=images, mask=mask, rendered_mask=torch.ones_like(mask))
_, terms = losses.segmentation_loss(variant.segmentation_weights, {}, **given)
print(round(float(terms["smoothness"]), 4))
"""
    assert run(copy, code) == "0.5"  # 6 of 12 differences down, and across, are 1


def test_a_mask_source(copy):
    """A reader's new mask source would be refused by the settings, or not be found by its name."""
    source, name, method = blocks("A mask source")
    function, entry = source.split('\n\nMASKS["disc"]')
    masks, params = copy / "src/focus/masks.py", copy / "src/focus/settings/params.py"
    insert(masks, "MASKS: dict[str, MaskSource]", function.strip() + "\n\n\n")
    insert(masks, "\ndef mask_source(", f'\nMASKS["disc"]{entry}\n')
    content = params.read_text(encoding="utf-8")
    params.write_text(re.sub(r"(T\w+Mask = Literal\[)", rf"\1{name.strip()} ", content), encoding="utf-8")
    add_method(copy, method)
    code = """
import torch
from focus.masks import mask_source
from focus.settings import read_params
whole = torch.ones(1, 1, 9, 9)
variant = read_params().variants["Backbone-disc"]
mask = mask_source(variant.test_mask)(torch.zeros(1, 3, 9, 9), torch.zeros(1, 3, 9, 9), whole, None, None)
print(int(mask[0, 0, 4, 4]), int(mask[0, 0, 0, 0]), variant.training_mask)
"""
    assert run(copy, code) == "1 0 disc"
