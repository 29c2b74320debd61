"""What the training stages share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

import tiny
from focus import settings
from focus.errors import FocusError
from focus.stages import paths, training


@dataclass(frozen=True, kw_only=True)
class Settings(settings.BatchSettings, settings.LossSettings):
    em: settings.EM


@pytest.fixture
def chosen(project) -> Settings:
    tiny.face_model().save(paths.FACE_MODEL)
    return settings.load(Settings)


def test_loss_plan(chosen):
    """A variant would be trained with other weights or forms than the settings say."""
    for step in ("initialise", "reconstruction"):
        weights = getattr(chosen.losses, step)
        plan = training.loss_plan(chosen, step, ["pixel", "landmarks"])
        assert plan.weights == {"pixel": weights["pixel"], "landmarks": weights["landmarks"]}
    assert {form for term, form in plan.forms.items() if term != "initialisation"} == {"released"}
    assert plan.neighbourhood == chosen.losses.neighbourhood
    forms = chosen.method.forms | {"distance": "paper", "pixel": "paper"}
    chosen = replace(chosen, method=chosen.method.model_copy(update={"forms": forms}))
    plan = training.loss_plan(chosen, "segmentation", ["distance"])
    assert {name for name, form in plan.forms.items() if form == "paper"} - {"initialisation"} == {"distance", "pixel"}


def test_no_loss_terms(chosen):
    """A variant without terms would be trained on nothing."""
    with pytest.raises(FocusError, match="found no loss terms, expected at least one"):
        training.loss_plan(chosen, "segmentation", [])


def test_checkpoint_is_tied_to_settings_and_inputs(chosen):
    """A training would go on from weights of other settings, another variant or other images."""
    (paths.PACKED / "x").mkdir(parents=True)
    (paths.PACKED / "x" / "images.npy").write_bytes(b"1")

    def key(stage: str = "train/FOCUS", chosen: Settings = chosen) -> str:
        return training.checkpoint_of(stage, chosen, [paths.FACE_MODEL, paths.PACKED / "x"]).key

    keys = [key(), key("train/MoFA")]
    (paths.PACKED / "x" / "images.npy").write_bytes(b"2")
    keys.append(key())
    changed = replace(chosen, losses=chosen.losses.model_copy(update={"neighbourhood": 9}))
    keys.append(key(chosen=changed))
    assert key(chosen=changed) == keys[-1] and len(set(keys)) == 4
    assert training.checkpoint_of("train/FOCUS", chosen, []).path == paths.CHECKPOINTS / "train-FOCUS" / "checkpoint.pt"


def test_a_set_of_one_image(chosen, tmp_path):
    """Batch norm would end the first step in torch's traceback."""
    assert training.batches(chosen, tiny.packed_faces(tmp_path / "two", 2)).batch == 2
    with pytest.raises(FocusError, match=r"set: found 1 image to train on, expected at least 2"):
        training.batches(chosen, tiny.packed_faces(tmp_path / "one" / "set", 1))
