"""Copies of the project: one in which nothing has been run, and one after a run of the smoke profile."""

from pathlib import Path

import pytest
from projects import Project, copy_of_the_work_tree, smoke_profile, without_results


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The work tree as a fresh clone, without dvc.lock and results. Tests only read it."""
    return without_results(copy_of_the_work_tree(Path(tmp_path_factory.mktemp("fresh")) / "project"))


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The whole paper on the smoke profile, run by `snakemake --cores 2` in a fresh copy. Tests only read it."""
    project = smoke_profile(Path(tmp_path_factory.mktemp("smoke")) / "project")
    project.snakemake("--cores", "2")
    return project
