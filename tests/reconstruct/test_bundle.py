"""One file holds a whole model, and a file that does not fit is one clear line."""

import json
import pickle
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

import bundles
from focus.errors import FocusError
from focus.reconstruct.bundle import load_bundle, save_bundle
from focus.reconstruct.card import model_card


@pytest.fixture
def file(tmp_path):
    return bundles.write_model(tmp_path)


def changed(file, tensors=None, **header):
    """Rewrite a bundle with other tensors or header entries."""
    from safetensors import safe_open

    with safe_open(file, framework="pt") as stream:
        metadata = json.loads(stream.metadata()["focus"])
    save_file({**load_file(file), **(tensors or {})}, file, metadata={"focus": json.dumps({**metadata, **header})})


def refused(file) -> str:
    with pytest.raises(FocusError) as caught:
        load_bundle(file)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_round_trip(file):
    """What is reconstructed would depend on whether the model was just made or read."""
    read, written = load_bundle(file), bundles.bundle()
    assert read.sizes.side == written.sizes.side and read.thresholds == written.thresholds
    assert read.face_model.content_hash() == written.face_model.content_hash()
    for name, network in written.networks.items():
        for key, value in network.state_dict().items():
            assert torch.allclose(read.networks[name].state_dict()[key].float(), value.float(), rtol=1e-3, atol=1e-5)


def test_same_bundle_same_bytes(tmp_path):
    """DVC would see a change where there is none."""
    for name in "ab":
        save_bundle(tmp_path / name, bundles.bundle())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_face_model(file):
    """Networks would steer a model they were not trained with: another face, without a word."""
    mean = load_file(file)["face_model.shape_mean"]
    changed(file, {"face_model.shape_mean": mean + 1})
    assert "networks were trained with another one" in refused(file)


def test_weights_of_another_size(file):
    """A wrong network would fail deep inside torch."""
    changed(file, {"encoder.network.fc.bias": torch.zeros(3)})
    assert "encoder.network.fc.bias: found shape (3,), expected" in refused(file)


def test_sizes_beyond_the_weights(file):
    """A file of some bytes would take all the memory, for networks whose weights it does not hold."""
    changed(file, sizes=vars(bundles.SIZES) | {"encoder_width": 4096})
    assert "weights, of which the file holds" in refused(file)
    changed(file, sizes=vars(bundles.SIZES) | {"encoder_width": 10**12})
    assert "encoder_width: Input should be less than or equal to 4096" in refused(file)


def test_a_word_for_a_number(file):
    """The mistake would surface at the first face."""
    changed(file, thresholds={"forward": 0.2, "fit": "high"})
    assert "fit: Input should be a valid number" in refused(file)


def test_prior_of_another_mesh(file):
    """Subtracting it would fail at the first photograph."""
    changed(file, {"misfit_prior": torch.zeros(5, 3)})
    assert "misfit prior of shape (5, 3)" in refused(file)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
def test_truncated(file, share):
    """A download that broke off would end in a traceback."""
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert "not a whole safetensors file" in refused(file)


def test_hostile_pickle(file):
    """Loading a model would run a stranger's code."""

    class Bomb:
        def __reduce__(self):
            return (open, (str(file.with_name("ran")), "w"))

    file.write_bytes(pickle.dumps(Bomb()))
    assert "not a whole safetensors file" in refused(file)
    assert not file.with_name("ran").exists()


def test_networks_without_their_bundle(tmp_path):
    """models/FOCUS/model.safetensors, given by mistake, would end in a KeyError."""
    save_file({"encoder.x": torch.zeros(1)}, tmp_path / "m.safetensors")
    assert "found no bundle" in refused(tmp_path / "m.safetensors")


def test_incomplete_header(file):
    """As above, for a bundle of another version."""
    changed(file, fit_loss={})
    assert "incomplete bundle" in refused(file)


def test_unknown_name():
    """A typing error would look like a broken installation."""
    assert "no file or model 'dmeo'" in refused("dmeo")


def test_card_names_what_the_model_saw():
    """A person would take drawn faces for real ones."""
    figures = {"occluded": {"forward": {"ar": {"images": 3, "occluded": 1, "auc": 0.75}}}, "run": {"now_median": 1.0}}
    text = model_card(replace(bundles.bundle(), card=replace(bundles.bundle().card, metrics=figures)))
    assert "only faces drawn by a program" in text and "| forward | 0.2000 | ar | 3 | 1 | 0.75 | n/a | n/a |" in text
