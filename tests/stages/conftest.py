"""A project folder in which single stages can run: the real settings of the smoke profile, small models."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import yaml

from focus import fingerprints

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def fingerprinted(tmp_path_factory) -> Path:
    """A folder with the fingerprints of this checkout's src as it is."""
    folder = tmp_path_factory.mktemp("fingerprinted")
    (folder / "src").symlink_to(ROOT / "src")
    fingerprints.write(folder)
    return folder


@pytest.fixture
def project(tmp_path, monkeypatch, fingerprinted) -> Path:
    """A folder with params.yaml, profiles and this checkout's src, as working folder; torch's settings come back."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({**params, "profile": "smoke"}))
    for name in ("profiles", "src"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(fingerprinted / "workflow", tmp_path / "workflow")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(strict)
