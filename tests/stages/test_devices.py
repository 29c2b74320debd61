"""Everything of a run on another device than the CPU, and in other precision: nothing may be left behind."""

from __future__ import annotations

import traceback
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import second_device as pretended
import tiny
from focus import device, settings
from focus.files import read_npy
from focus.masks.sources import mask_source
from focus.networks.store import save_networks
from focus.registry.testsets import TestSet
from focus.stages import build, evaluate, paths, train
from focus.stages.synthetic_faces import samples
from second_device import second_device

pytestmark = pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter")


@pytest.fixture
def chosen(project):
    """The smoke profile at 32 px with a tiny face model, images and a start."""
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        tiny.face_model().save(path)
    found = tiny.sized(settings.load(train.Settings, "FOCUS"))
    tiny.packed_faces(paths.PACKED / "celeba_train")
    save_networks(paths.RECOGNISER, {"recogniser": build.recogniser(found)}, {})
    networks = {"encoder": build.autoencoder(found).encoder, "segmentation": build.segmentation(found)}
    for start in ("initialise", "pretrain"):
        save_networks(paths.network(start), networks, {})
    return found


@pytest.fixture
def elsewhere(monkeypatch):
    """What the settings name is a device that is not the CPU."""
    with second_device() as found:
        monkeypatch.setattr(device, "choose", lambda name: found)
        yield found


def trained(chosen, variant: str) -> dict[str, torch.Tensor]:
    train.work(replace(chosen, variant=settings.read_params().variants[variant]), variant)
    return load_file(paths.network(variant))


@pytest.mark.parametrize("variant", ["FOCUS", "Backbone-cutmix", "Deep3D-skin"])
def test_training_takes_all_along(chosen, variant, request):
    """On a GPU a batch, a draw or a constant would be on the CPU, and the first step would fail."""
    here = trained(chosen, variant)
    request.getfixturevalue("elsewhere")
    there = trained(chosen, variant)
    assert here.keys() == there.keys() and all(torch.equal(here[key], there[key]) for key in here)


def test_steps_that_are_not_logged_ask_for_no_number(chosen, elsewhere, monkeypatch):
    """The host would wait for a GPU in every step, and then the GPU for the host."""
    asking: list[str] = []
    run = pretended.dispatched

    def noting(function, args, kwargs):
        if function.name() == "aten::_local_scalar_dense" and isinstance(args[0], pretended.Elsewhere):
            asking.extend(f.name for f in traceback.extract_stack() if f.filename.endswith("training/loop.py"))
        return run(function, args, kwargs)

    monkeypatch.setattr(pretended, "dispatched", noting)
    chosen = replace(chosen, training=chosen.training.model_copy(update={"log_every": 1000, "checkpoint_every": 1000}))
    trained(chosen, "FOCUS")
    # In the first step: the loss; loss and norm. In the last: loss and norm, twice. In the six between: nothing.
    assert asking.count("_stop_if_broken") == 3 + 4
    assert set(asking) == {"train", "_one_step", "_stop_if_broken", "_log", "<dictcomp>"}


def test_predictions_come_back(chosen, elsewhere, tmp_path):
    """Metrics and files would get tensors of a GPU, which NumPy cannot read."""
    networks = build.focus_networks(chosen, paths.network("pretrain"))
    source = mask_source("segmentation")
    rows = evaluate.evaluate_images(TestSet("AR", "celeba_train"), *networks, source, 4, tmp_path, lambda rows, _: rows)
    assert np.isfinite([row["rmse"] for row in rows]).all() and len(rows) == len(build.packed("celeba_train"))
    assert read_npy(tmp_path / "celeba_train_theta.npy").shape[0] == len(rows)


def test_synthetic_faces_come_back(chosen, elsewhere):
    """R_syn's faces could not be written, or lie on backgrounds of another device."""
    autoencoder, _ = build.focus_networks(chosen, paths.network("pretrain"))
    backgrounds = torch.rand(3, 3, tiny.SIZE, tiny.SIZE)
    drawn = list(samples(autoencoder, tiny.latents(3), lambda part: backgrounds[part]))
    assert len(drawn) == 3 and all(sample.image.dtype == np.uint8 for sample in drawn)


def test_bfloat16_trains_nearly_the_same(chosen):
    """The networks' results would reach renderer and losses in bfloat16, or weights be stored in it."""
    exact = trained(chosen, "FOCUS")
    chosen = replace(chosen, compute=chosen.compute.model_copy(update={"precision": "bfloat16"}))
    found = trained(chosen, "FOCUS")
    moved = [key for key in exact if not torch.equal(found[key], exact[key])]
    assert moved, "nothing ran in bfloat16"
    assert all(found[key].dtype == exact[key].dtype for key in exact)
    assert max(float((found[key] - exact[key]).abs().max()) for key in moved) < 0.1
