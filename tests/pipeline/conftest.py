"""Projects that have run: whole pipelines of stand-in stages, made once and copied, and the real smoke profile."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from projects import Project, clone_of, copy_of_the_work_tree, smoke_profile, with_stand_in_stages, without_results


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The real pipeline with stand-in stages, nothing run yet. Tests copy it."""
    return with_stand_in_stages(without_results(copy_of_the_work_tree(tmp_path_factory.mktemp("stand_in") / "project")))


@pytest.fixture(scope="session")
def run_by_snakemake(stand_in: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The stand-in pipeline after `snakemake --cores 2`. Tests copy it."""
    project = clone_of(stand_in, tmp_path_factory.mktemp("snakemake") / "project")
    project.snakemake("--cores", "2")
    project.commit("run by Snakemake")
    return project


@pytest.fixture(scope="session")
def run_by_dvc(stand_in: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The stand-in pipeline after `dvc repro`. Tests copy it."""
    project = clone_of(stand_in, tmp_path_factory.mktemp("dvc") / "project")
    project.dvc("repro")
    project.commit("run by DVC")
    return project


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[Project], Project]:
    """Return a function that copies a project, DVC's cache included, and forgets which stages it has executed."""

    def make(project: Project) -> Project:
        made = clone_of(project, tmp_path / "copy")
        made.forget_executed()
        return made

    return make


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The real stages on the smoke profile, run by `snakemake --cores 2` in a fresh copy. Tests copy it."""
    project = smoke_profile(tmp_path_factory.mktemp("smoke") / "project")
    project.snakemake("--cores", "2")
    project.commit("smoke run")
    return project


@pytest.fixture
def fresh_smoke(tmp_path: Path) -> Project:
    """The smoke profile in a fresh copy, nothing run yet."""
    return smoke_profile(tmp_path / "fresh")


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The smoke profile up to the recogniser, a training of 40 steps."""
    project = smoke_profile(tmp_path_factory.mktemp("undisturbed") / "project")
    project.dvc("repro", "recogniser")
    return project


@pytest.fixture
def untrained(undisturbed: Project, tmp_path: Path) -> Project:
    """A copy in which the recogniser is to be trained again, as no cache holds it."""
    project = clone_of(undisturbed, tmp_path / "project")
    shutil.rmtree(project.path / "models")
    shutil.rmtree(project.path / ".dvc" / "cache")
    return project
