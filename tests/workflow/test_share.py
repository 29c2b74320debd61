"""`make share` packs models and results, and nothing that is made of licensed files. Pulled: tests/pipeline."""

from __future__ import annotations

import pytest

import share
from projects import ROOT


def test_models_and_results_are_packed_and_no_data():
    """A model would be missing for whoever pulls, or gigabytes of drawn pictures be copied."""
    found = share.outputs(ROOT / "dvc.lock")
    assert {"models/FOCUS", "models/demo/model.safetensors", "results/report.html"} <= set(found)
    assert not [path for path in found if path.startswith("data/")]


def test_what_is_made_of_licensed_files_is_not_packed(tmp_path):
    """Somebody would publish what a licence forbids."""
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace("remote: shared ", "remote: private "))
    with pytest.raises(SystemExit, match=r"^params.yaml: remote: found private, expected shared"):
        share.share(tmp_path, tmp_path / "packed")
    assert not (tmp_path / "packed").exists()
