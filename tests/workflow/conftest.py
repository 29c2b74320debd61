"""A copy of the project in which nothing has been run."""

from pathlib import Path

import pytest

from projects import Project, copy_of_the_work_tree, without_results


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The work tree as a fresh clone, without dvc.lock and results. Tests only read it."""
    return without_results(copy_of_the_work_tree(Path(tmp_path_factory.mktemp("fresh")) / "project"))
