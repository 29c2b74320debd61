"""Golden figures of the authors' code: `pytest tests/official --golden DIR` takes another set of the same form."""

from __future__ import annotations

from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures" / "official"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", type=Path, default=FIXTURES, help="a folder of golden figures")


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> Path:
    """The folder of the set that is tried."""
    return request.config.getoption("--golden", FIXTURES)
