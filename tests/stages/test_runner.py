"""What every stage does around its own work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated

import pytest
import torch

from focus import settings
from focus.errors import FocusError
from focus.settings import StageSettings
from focus.stages.runner import run


@dataclass(frozen=True, kw_only=True)
class VariantSettings(StageSettings):
    image: settings.Image
    variant: Annotated[settings.Variant, settings.Key("variants.{name}")]


def test_work_gets_its_settings_and_the_cost_is_noted(project):
    """A stage would read more than it declared, or its cost be lost."""
    seen = []
    run("train/FOCUS", VariantSettings, seen.append)
    assert sorted(vars(seen[0])) == ["compute", "image", "variant"] and seen[0].image.side == 48
    assert seen[0].variant == settings.read_params().variants["FOCUS"]
    assert torch.get_num_threads() == 1 and torch.are_deterministic_algorithms_enabled()
    cost = json.loads((project / "logs/cost/train-FOCUS.json").read_text())
    assert cost["stage"] == "train/FOCUS" and cost["wall_s"] >= 0 and cost["cpu_s"] > 0 and cost["peak_rss_mib"] > 10
    assert cost["threads"] == 1 and cost["torch"] == torch.__version__


def test_focus_error_is_one_line(project):
    """A person's mistake would end in a traceback, or with status 0."""

    def work(_):
        raise FocusError("assets.bfm: found nothing, expected a file")

    with pytest.raises(SystemExit) as caught:
        run("face_model", StageSettings, work)
    assert caught.value.code == "face_model: assets.bfm: found nothing, expected a file"
    assert not (project / "logs").exists()


def test_wrong_settings_are_one_line(project):
    """A misspelt setting would end in a traceback."""
    (project / "params.yaml").write_text("profile: smoke\n")
    with pytest.raises(SystemExit, match=r"^tables: params\.yaml: remote: Field required$"):
        run("tables", StageSettings, lambda _: None)


def test_ctrl_c(project, caplog):
    """Ctrl-C would end in a traceback, or look like success to the engine."""

    def work(_):
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as caught:
        run("initialise", StageSettings, work)
    assert caught.value.code == 130
    assert "initialise: interrupted; run the same command again" in caplog.text


def test_mistakes_of_the_code_keep_their_traceback(project):
    """A mistake in the code would be hidden."""
    with pytest.raises(ZeroDivisionError):
        run("tables", StageSettings, lambda _: 1 / 0)


def test_code_of_another_checkout_is_refused(project):
    """An editable install would run other code than dvc.yaml tracks here."""
    (project / "src").unlink()
    (project / "src" / "focus").mkdir(parents=True)
    called = []
    with pytest.raises(
        SystemExit, match=r"^tables: code: found .*, expected .*src/focus; run stages with PYTHONPATH=src"
    ):
        run("tables", StageSettings, called.append)
    assert called == []


def test_a_stage_as_the_engines_start_it(project):
    """`python -m focus.stages.x` would print a traceback, to standard output, or end with status 0."""
    environment = {**os.environ, "PYTHONPATH": "src", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "focus.stages.headline"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith("headline: results/metrics/FOCUS/images.csv: no such file")
    assert result.stderr.count("\n") == 1
