"""From settings to objects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

import tiny
from focus import settings
from focus.datasets.landmark_table import write_landmark_table
from focus.errors import FocusError
from focus.files import write_json
from focus.networks.store import save_networks
from focus.settings import Detector
from focus.stages import build, paths


@dataclass(frozen=True, kw_only=True)
class Settings(settings.NetworkSettings, settings.RecogniserSettings):
    detector: settings.Detector


@pytest.fixture
def chosen(project) -> Settings:
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        tiny.face_model().save(path)
    return settings.load(Settings)


def test_networks_repeat_and_differ_by_purpose(chosen):
    """Two stages would start from the same weights, or one stage from other ones each time."""
    first, again, other = (
        build.autoencoder(chosen, purpose=purpose, seed=0).encoder.state_dict() for purpose in ("a", "a", "b")
    )
    key = "network.stem.0.weight"
    assert all(torch.equal(first[name], again[name]) for name in first) and not torch.equal(first[key], other[key])


def test_autoencoder_is_of_the_settings(chosen):
    """Another size, scale or face model than the settings say would be trained."""
    found = build.autoencoder(chosen)
    assert found.renderer.camera.size == chosen.image.side == 48
    assert found.encode(torch.rand(2, 3, 48, 48)).shape.shape == (2, tiny.face_model().n_shape)
    assert found.units[-6:].tolist() == pytest.approx([0.3, 0.3, 0.3, 10, 10, 30])


def test_focus_networks_are_as_trained(chosen):
    """Evaluation would use fresh weights, batch statistics of its own images, or dropout."""
    autoencoder, mask_network = build.autoencoder(chosen, purpose="x"), build.segmentation(chosen, purpose="x")
    save_networks(paths.network("FOCUS"), {"encoder": autoencoder.encoder, "segmentation": mask_network}, {})
    found = build.focus_networks(chosen, paths.network("FOCUS"))
    for network, expected in zip(found, (autoencoder, mask_network), strict=True):
        assert not any(part.training for part in network.modules())
        assert all(torch.equal(value, expected.state_dict()[key]) for key, value in network.state_dict().items())


def test_model_of_another_size_is_one_line(chosen):
    """Changing image.side without training anew would end in a traceback."""
    networks = {"encoder": tiny.autoencoder().encoder, "segmentation": tiny.segmentation()}
    save_networks(paths.network("FOCUS"), networks, {})
    with pytest.raises(FocusError, match="belongs to another network or image size"):
        build.focus_networks(chosen, paths.network("FOCUS"))


def test_perception(chosen):
    """F would run with fresh weights or in training mode."""
    torch.manual_seed(3)
    network = build.recogniser(chosen)
    save_networks(paths.RECOGNISER, {"recogniser": network}, {})
    seen = build.perception(chosen)
    assert seen.size == chosen.recogniser.side and not seen.recogniser.training
    assert torch.equal(seen.recogniser.fc.weight, network.fc.weight)


def test_given_landmarks(chosen, tmp_path):
    """Another split's table would be read, or a missing setting end in a traceback."""
    write_landmark_table(tmp_path / "ar.csv", {"a.png": np.ones((68, 2))})
    plan = Detector(kind="given", tables=tmp_path)
    ((face,), none) = build.detector(plan, "ar", chosen.compute).detect([None, None], ["a.png", "b.png"])
    assert np.array_equal(face.landmarks, np.ones((68, 2))) and none == []
    with pytest.raises(FocusError, match=r"now\.csv: no such file"):
        build.detector(plan, "now", chosen.compute)
    with pytest.raises(FocusError, match=r"detector\.tables: found null, expected a folder of <split>\.csv"):
        build.detector(Detector(kind="given"), "ar", chosen.compute)


def test_missing_set_says_why(project):
    """A set whose licensed files are missing would end in a traceback."""
    write_json(paths.PACKED / "ar" / paths.MISSING, {"reason": "assets.ar: found null, expected a folder"})
    assert not build.has("ar") and build.has("now")
    with pytest.raises(FocusError, match=r"assets\.ar: found null, expected a folder"):
        build.packed("ar")


def test_the_authors_tables_are_taken_by_their_names(chosen, tmp_path):
    """A user of the released code would have to rename the landmark tables that it was run with."""
    for name in ("train_landmarks.csv", "nowchallenge_landmarks.csv"):
        (tmp_path / name).write_text(",".join(["1.jpg", *["5"] * 136]) + "\n")
    plan = Detector(kind="given", tables=tmp_path)
    for split, table in (("celeba_train", "train_landmarks.csv"), ("now", "nowchallenge_landmarks.csv")):
        assert build.detector(plan, split, chosen.compute).name == f"the table {tmp_path / table}"
    with pytest.raises(FocusError, match=r"ar\.csv"):
        build.detector(plan, "ar", chosen.compute)
