"""Folders that are no clone, or whose outputs lie elsewhere: it works, or one line says why, before anything runs."""

import os
import shutil
import subprocess
import sys

import pytest

from focus.environment import workplace
from focus.errors import FocusError
from projects import ROOT


@pytest.fixture
def unzipped(fresh, tmp_path):
    """The project as the zip of a code host holds it."""
    target = tmp_path / "focus-main"
    shutil.copytree(fresh.path, target, ignore=shutil.ignore_patterns(".git"), symlinks=True)
    return target


def told(folder, *command):
    """Run a command in a folder as make does, before the installation: no package of ours, no site-packages."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    variables["PYTHONPATH"] = "src"
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)


def test_a_zip_without_git_runs(unzipped):
    """`make reproduce` would install 2 GB and then end in "is not a git repository"."""
    assert "not a git repository" in told(unzipped, sys.executable, "-m", "dvc", "stage", "list").stderr
    done = told(unzipped, sys.executable, "-S", "-m", "focus.environment.workplace")
    assert done.returncode == 0 and done.stderr.count("\n") == 1 and "need a clone" in done.stderr
    listed = told(unzipped, sys.executable, "-m", "dvc", "stage", "list")
    assert listed.returncode == 0 and "face_model" in listed.stdout


def test_dvc_uses_git_again_in_a_clone(unzipped):
    """Experiments would stay unavailable after `git init`; or other local settings would be lost."""
    config = unzipped / ".dvc/config.local"
    config.write_text("['remote \"shared\"']\n    url = /elsewhere/100%\n")
    assert workplace.tell_dvc(unzipped) and workplace.tell_dvc(unzipped)
    assert "no_scm = true" in config.read_text() and "url = /elsewhere/100%" in config.read_text()
    (unzipped / ".git").mkdir()
    assert not workplace.tell_dvc(unzipped)
    assert "no_scm" not in config.read_text() and "url = /elsewhere/100%" in config.read_text()


def test_a_clone_is_left_alone(tmp_path):
    """Every `make` would leave a file in a clone."""
    (tmp_path / ".git").mkdir()
    assert not workplace.tell_dvc(tmp_path) and [path.name for path in tmp_path.iterdir()] == [".git"]


@pytest.mark.parametrize("name", workplace.KEPT_BY_DVC)
def test_a_linked_folder_is_named_before_the_installation(unzipped, tmp_path, name):
    """After each stage had run, DVC would fail on its outputs."""
    (tmp_path / "large").mkdir()
    shutil.rmtree(unzipped / name, ignore_errors=True)
    (unzipped / name).symlink_to(tmp_path / "large")
    done = told(unzipped, "make", "--no-print-directory", "install", f"PYTHON={sys.executable}")
    line = done.stderr.splitlines()[0]
    assert done.returncode and line.startswith(f"make: {name}: found a symbolic link") and "cache.dir" in line
    assert not (unzipped / ".venv").exists()
    stage = told(unzipped, sys.executable, "-m", "focus.stages.face_model")
    assert stage.returncode == 1 and stage.stderr.startswith(f"face_model: {name}: found a symbolic link")
    assert stage.stderr.count("\n") == 1 and not list((tmp_path / "large").iterdir())


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["-m", "focus.cli", "verify"], "focus verify"),
        (["scripts/worlds.py", "run"], "worlds"),
        (["scripts/experiments.py"], "experiments"),
    ],
)
def test_what_needs_git_says_so(unzipped, command, name):
    """A traceback, or a message of git's in the middle of a run."""
    done = told(unzipped, sys.executable, *command)
    assert done.returncode and done.stderr.count("\n") == 1, done.stderr[-2000:]
    assert f"{name}: found no .git" in done.stderr and "expected a clone" in done.stderr


def test_no_git_program(tmp_path, monkeypatch):
    """`focus verify` would end in a FileNotFoundError."""
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FocusError, match="verify: found no git, expected it installed"):
        workplace.require_git(tmp_path, "verify")


@pytest.mark.parametrize("home", ["/proc/none", None])
def test_make_gives_snakemake_a_place_of_its_own(home, tmp_path):
    """Where HOME cannot be written, Snakemake ends in a traceback; elsewhere its cache stays where it was."""
    (tmp_path / "more.mk").write_text("show:\n\t@printenv XDG_CACHE_HOME || echo as it was\n")
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "XDG_CACHE"))}
    done = subprocess.run(
        ["make", "--no-print-directory", "-f", "Makefile", "-f", str(tmp_path / "more.mk"), "show"],
        cwd=ROOT,
        env={**variables, "HOME": home or str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == (f"{ROOT}/.snakemake/cache" if home else "as it was"), done.stderr
