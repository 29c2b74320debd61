"""`focus summary`: a line for each stage that ran, and one line on a note that is no stage's."""

from __future__ import annotations

from pathlib import Path

import pytest

from focus.commands.summary import cost_table, read_costs
from focus.environment import cost
from focus.errors import FocusError
from focus.files import write_json


def test_what_a_stage_noted_is_what_is_read(tmp_path: Path) -> None:
    """A run's own notes would be refused."""
    cost.record(tmp_path / "logs", "train/FOCUS", 1.5)
    (found,) = read_costs(tmp_path)
    assert (found["stage"], found["wall_s"]) == ("train/FOCUS", 1.5)
    assert cost_table([found]).row_count == 2


@pytest.mark.parametrize("content", [[], {}, {"stage": "train/FOCUS", "cpu_s": 1}])
def test_a_file_that_is_no_stages_is_one_line(tmp_path: Path, content: object) -> None:
    """`focus summary`, the end of `make reproduce`, would be a traceback."""
    write_json(tmp_path / "logs/cost/stray.json", content)
    with pytest.raises(FocusError, match=r"stray\.json: found no (stage|wall_s), expected what a stage cost"):
        read_costs(tmp_path)
