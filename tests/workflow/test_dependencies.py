"""pyproject.toml, environment.yml and the locks name the same packages."""

import re
import tomllib

import yaml

import lock
from projects import ROOT

CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
ONLY_IN_CONDA = {"python", "pip", "pytorch3d"}


def name_of(requirement: str) -> str:
    return lock.canonical(re.match(r"[\w.-]+", requirement)[0])


def pyproject_names() -> set[str]:
    return {name_of(requirement) for requirement in lock.requirements(ROOT / "pyproject.toml")}


def lock_entries() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return dict(line.split("==", 1) for line in lines if not line.startswith("#"))


def test_conda_environment_names_the_same_packages():
    """A conda user would miss a package, or install one that nothing needs."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    conda = {name_of(entry) for entry in listed if isinstance(entry, str)} - ONLY_IN_CONDA
    assert {CONDA_NAMES.get(name, name) for name in conda} | {name_of(entry) for entry in pip} == pyproject_names()


def test_lock_pins_every_package_but_torch():
    """`make install` would leave out a package that pyproject.toml names: run `make lock`."""
    assert pyproject_names() - set(lock_entries()) == {"torch"}


def test_lock_entries_have_a_hash_and_no_address():
    """The lock would name a host or a folder of the machine that made it, or let an unchecked file in."""
    for name, pin in lock_entries().items():
        assert re.fullmatch(r"[\w.!+]+ --hash=sha256:[0-9a-f]{64}", pin), name


def test_bare_packages_have_a_lock_of_their_own():
    """`make install` would leave out the heads' or the detector's files, or print pip's complaints about their code."""
    lines = lock.BARE.read_text().splitlines()
    pins = [line.split(" ")[0] for line in lines if not line.startswith("#")]
    assert sorted(pins) == sorted(lock.bare_packages(ROOT / "pyproject.toml"))
    assert all(re.search(r" --hash=sha256:[0-9a-f]{64}$", line) for line in lines if not line.startswith("#"))
    assert not {pin.split("==")[0] for pin in pins} & set(lock_entries())


def test_documentation_has_a_lock_of_its_own():
    """`make docs` would build with whatever is newest, or the pipeline's environment carry what only the docs need."""
    lines = [line for line in lock.DOCS.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.!+]+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)
    locked = {line.split("==")[0] for line in lines}
    assert {name_of(each) for each in lock.extra(ROOT / "pyproject.toml", "docs")} <= locked
    assert "torch" not in locked and "mkdocs-material" not in lock_entries()


def test_versions_in_the_lock_satisfy_pyproject():
    """The lock would be older than a bound in pyproject.toml."""
    from packaging.requirements import Requirement

    pins = {name: pin.split()[0] for name, pin in lock_entries().items()}
    for requirement in map(Requirement, lock.requirements(ROOT / "pyproject.toml")):
        if requirement.name != "torch":
            assert requirement.specifier.contains(pins[lock.canonical(requirement.name)]), requirement


def test_torch_is_pinned_exactly():
    """The Makefile reads torch's version from pyproject.toml."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert [each for each in content["project"]["dependencies"] if re.fullmatch(r"torch==\d+\.\d+\.\d+", each)]


def test_lock_leaves_out_torch_and_its_cuda_libraries():
    """A CPU machine would download gigabytes of CUDA libraries, or a lock made there would not fit a GPU machine."""
    installs = [
        {"metadata": {"name": name, "version": "1"}, "download_info": {"archive_info": {"hashes": {"sha256": "0"}}}}
        for name in ("torch", "triton", "nvidia-cudnn-cu13", "cuda-bindings", "nvidia-ml-py", "NumPy", "ruamel.yaml")
    ]
    names = [line.split("==")[0] for line in lock.lock_lines(installs)]
    assert names == ["numpy", "nvidia-ml-py", "ruamel-yaml"]
