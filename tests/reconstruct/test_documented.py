"""What docs/photographs.md says of the photo tool is what it does: its commands are run, its options exist."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from focus import cli
from focus.datasets.images import write_png
from focus.emulation.shots import draw_people
from focus.landmarks import mediapipe_files
from focus.reconstruct.bundle import DEMO, MODELS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/photographs.md").read_text(encoding="utf-8")
SECTION = TEXT[TEXT.index("## The command") : TEXT.index("## Steps")]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", SECTION, re.DOTALL | re.MULTILINE)
needs_model = pytest.mark.skipif(
    not (MODELS / DEMO / "model.safetensors").is_file() or not mediapipe_files.is_here(),
    reason="the demo model or MediaPipe's networks are not here",
)


@pytest.fixture(scope="module")
def photographs():
    """Two drawn people without occluder, uint8 RGB."""
    return [shot.photograph.image for shot in list(draw_people(4, 11))[1::2]]


def plain(line: str) -> str:
    """Return a line of output without what differs from machine to machine and run to run."""
    line = re.sub(r"; expected a whole JPEG.*", "", line)
    return re.sub(r"\d+(\.\d+)?", "N", line.replace("not occluded", "occluded"))


def test_options_are_those_of_the_command():
    """A reader would type an option that is refused, or not hear of one."""
    told = set(re.findall(r"--[a-z-]+", BLOCKS[0][1]))
    help_text = CliRunner().invoke(cli.app, ["reconstruct", "--help"], env={"COLUMNS": "200"}).output
    known = set(re.findall(r"--[a-z-]+", help_text)) - {"--help", "--misfit-prior"}
    assert told == known


@needs_model
def test_example_is_what_is_printed(tmp_path, photographs):
    """The example would show lines that the tool does not print."""
    command, *expected = BLOCKS[1][1].splitlines()
    (tmp_path / "README.md").write_text("no photograph")
    folder = tmp_path / "data/raw/celeba_hq/CelebA-HQ-img"
    folder.mkdir(parents=True)
    for name, image in zip(("810.jpg", "811.jpg"), photographs, strict=True):
        write_png(folder / name, image)
    typed = command.removeprefix("$ ").replace(".venv/bin/focus", f"{sys.executable} -m focus.cli")
    done = subprocess.run(
        ["bash", "-c", f"{typed} 2>&1"], cwd=tmp_path, capture_output=True, text=True, env={**os.environ}
    )
    assert done.returncode == 3, done.stdout
    assert [plain(line) for line in done.stdout.splitlines()] == [plain(line) for line in expected]
    named = set(re.findall(r"`([a-z]+\.(?:png|csv|json))`", SECTION)) - {"faces/failures.csv"}
    assert named <= {file.name for file in (tmp_path / "faces/810").iterdir()}
    with (tmp_path / "faces/failures.csv").open(encoding="utf-8") as stream:
        assert [row["photo"] for row in csv.DictReader(stream)] == ["README.md"]


@needs_model
def test_python_example_runs(photographs):
    """The example in Python would fail, or give something else than a face."""
    names: dict = {"image": photographs[0]}
    exec(BLOCKS[2][1], names)
    assert names["face"].landmarks.shape == (68, 2) and np.isfinite(names["face"].vertices).all()
