"""Whose steps come when, and which objectives a variant has."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

import tiny
from focus import settings
from focus.files import write_json
from focus.methods.em import SegmentationObjective, turns
from focus.networks.store import save_networks
from focus.stages import build, paths
from focus.stages.train import Settings, overridden
from focus.stages.train import work as train_variant
from focus.training.turns import Turn


@pytest.fixture
def chosen(project):
    """The smoke profile at 32 px with a tiny face model, images and a start."""
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        tiny.face_model().save(path)
    found = tiny.sized(settings.load(Settings, "FOCUS"))
    for split in ("celeba_train", "now"):
        tiny.packed_faces(paths.PACKED / split)
    save_networks(paths.RECOGNISER, {"recogniser": build.recogniser(found)}, {})
    networks = {"encoder": build.autoencoder(found).encoder, "segmentation": build.segmentation(found)}
    for start in ("initialise", "pretrain", "FOCUS"):
        save_networks(paths.network(start), networks, {})
    return found


def work(chosen: Settings, name: str) -> None:
    """Train a variant of params.yaml."""
    train_variant(replace(chosen, variant=settings.read_params().variants[name]), name)


def test_turns(chosen):
    """EM rounds would train R before S (Sec. 3.2), or a baseline's R at other steps than the full method's."""
    s, r = Turn("segmentation", 2), Turn("reconstruction", 2)
    assert turns(chosen, "em") == turns(chosen, "reconstruction") == [s, r, s, r]
    assert turns(chosen, "none") == []
    assert turns(chosen, "adaptation") == [Turn("reconstruction", 1), Turn("segmentation", 1)]


def test_every_shipped_variant_trains(chosen):
    """A variant of params.yaml would fail after an hour, or move a network that is not its own to train."""
    start = load_file(paths.network("pretrain"))
    for name, variant in settings.read_params().variants.items():
        assert variant.images in ("celeba_train", "now")  # the sets of this test
        work(chosen, name)
    for name in ("MoFA", "Backbone-cutmix", "Deep3D-skin", "Pretrained", "Neighbor", "FOCUS", "FOCUS-TTA"):
        found = load_file(paths.network(name))
        moved = {key.partition(".")[0] for key in found if not torch.equal(found[key], start[key])}
        both = {"encoder", "segmentation"}
        expected = {"none": set(), "reconstruction": {"encoder"}, "em": both, "adaptation": both}
        assert moved == expected[settings.read_params().variants[name].schedule], name
        assert (paths.CURVES / f"{name}.csv").is_file() and not paths.checkpoint(f"train/{name}").exists()


def test_adaptation_without_its_images(chosen, caplog):
    """A missing NoW set would block more than NoW's own rows."""
    write_json(paths.PACKED / "now" / paths.MISSING, {"reason": "assets.now: found null"})
    work(chosen, "FOCUS-TTA")
    assert load_file(paths.network("FOCUS-TTA")).keys() == load_file(paths.network("FOCUS")).keys()
    assert "nothing to adapt to" in caplog.text


def test_training_repeats_to_the_bit(chosen):
    """Two runs of one stage would give two models."""
    contents = []
    for _ in range(2):
        work(chosen, "Baseline")
        contents.append(paths.network("Baseline").read_bytes())
    assert contents[0] == contents[1]


def test_objectives_of_the_ablations(chosen):
    """Table 5's rows would use other terms than their names say."""
    from focus.stages.train import objectives

    expected = {
        "Baseline": {"pixel", "area", "binary"},
        "Neighbor": {"neighbour", "area", "binary"},
        "Perceptual": {"distance", "preservation", "area", "binary"},
        "FOCUS": {"neighbour", "distance", "area", "preservation", "binary"},
    }
    variants = settings.read_params().variants
    for name, terms in expected.items():
        variant = variants[name]
        networks = build.focus_networks(chosen, paths.network(variant.start))
        found = objectives(chosen, variant, *networks)["segmentation"]
        assert isinstance(found, SegmentationObjective) and set(found.plan.weights) == terms, name
    assert set(objectives(chosen, variants["MoFA"], *networks)) == {"reconstruction"}


def test_a_variant_changes_forms_weights_and_rounds(chosen):
    """FOCUS as printed, or another eta, would need a second set of settings."""
    own = {
        "preset": "paper",
        "forms": {"area": "released"},
        "segmentation_weights": {"neighbour": 7.0},
        "reconstruction_weights": {"landmarks": 0.5},
    }
    variant = settings.read_params().variants["FOCUS"].model_copy(update=own)
    found = overridden(chosen, variant)
    assert (found.method.form("pixel"), found.method.form("area")) == ("paper", "released")
    assert found.losses.segmentation == chosen.losses.segmentation | {"neighbour": 7.0}
    assert found.losses.reconstruction == chosen.losses.reconstruction | {"landmarks": 0.5}
    assert overridden(chosen, settings.read_params().variants["FOCUS"]) == chosen
    assert len(turns(chosen, "em", 5)) == 10
