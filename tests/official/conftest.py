"""Golden values of the authors' code: `pytest tests/official --golden DIR` takes another set of the same form."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus.settings import Profile, read_profile
from golden_set import GoldenSet

FIXTURES = Path(__file__).parents[1] / "fixtures" / "official"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", type=Path, default=FIXTURES, help="a folder of golden figures")


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> GoldenSet:
    """The set that is tried."""
    return GoldenSet(request.config.getoption("--golden", FIXTURES))


@pytest.fixture(scope="session")
def profile_paper(request: pytest.FixtureRequest) -> Profile:
    """Profile `paper` as it ships."""
    return read_profile("paper", request.config.rootpath)
