"""What docs/tutorial.md tells a reader to type is what the code accepts."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

import tiny
from focus import settings

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TUTORIAL, re.DOTALL | re.MULTILINE)


def test_own_face_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader's own scans would not become a face model."""
    model, noise = tiny.face_model(), np.random.default_rng(0)
    mean = model.shape_mean.numpy()
    scans = {
        "neutral": mean + noise.normal(size=(25, *mean.shape)),
        "expressions": noise.normal(size=(25, *mean.shape)),
        "colours": noise.random((25, *mean.shape)),
        "triangles": model.triangles.numpy(),
        "landmarks68": model.landmarks68.numpy(),
        "landmarks_now": model.landmarks_now.numpy(),
    }
    np.savez(tmp_path / "registered.npz", **scans)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(blocks("python")[0], names)
    read = names["model"]
    assert np.allclose(read.shape_mean.numpy(), scans["neutral"].mean(0), atol=1e-3)
    assert (read.n_shape, read.n_expression, read.n_albedo) == (20, 8, 12)
    assert np.array_equal(read.landmarks68.numpy(), scans["landmarks68"])
    steps = np.linalg.norm(read.shape_basis.numpy(), axis=0)
    spread = np.sqrt(((scans["neutral"] - scans["neutral"].mean(0)) ** 2).sum() / 24)
    assert 0.8 * spread < np.linalg.norm(steps) <= spread * 1.0001


def test_a_new_ablation_is_four_lines_that_params_yaml_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The four lines would be refused, or train something else."""
    lines = next(block for block in blocks("yaml") if "Neighbor-area" in block)
    assert len(lines.splitlines()) == 4
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(text.replace("\ncorrected:", f"\n{lines}\ncorrected:", 1))
    (tmp_path / "profiles").symlink_to(ROOT / "profiles")
    monkeypatch.chdir(tmp_path)
    variants = settings.read_params().variants
    assert variants["Neighbor-area"].segmentation == ["neighbour", "area"]
    assert variants["Neighbor-area"].schedule == "em" and variants["Neighbor-area"].tables == [4, 5]


def test_own_data_names_every_asset() -> None:
    """A profile copied from the tutorial would lack an asset and be refused."""
    block = next(block for block in blocks("yaml") if "celeba_hq" in block)
    assets = yaml.safe_load(re.search(r"^assets: (\{.*\})", block, re.MULTILINE)[1])
    profile = yaml.safe_load((ROOT / "profiles" / "demo.yaml").read_text())
    assert set(assets) == set(profile["assets"]) and assets["celeba_hq"]
