"""A project folder in which single stages can run: the real settings of the smoke profile, small models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder with params.yaml, profiles and this checkout's src, as working folder; torch's settings come back."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({**params, "profile": "smoke"}))
    for name in ("profiles", "src"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(strict)
