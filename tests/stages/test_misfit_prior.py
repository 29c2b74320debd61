"""The misfit-prior stage: its shortcut, and what it reports."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

import tiny
from focus import settings
from focus.datasets.packed import PackedSet
from focus.files import write_npy
from focus.methods.misfit_prior import misfit_prior
from focus.model.inference import encode
from focus.networks.store import save_networks
from focus.stages import build, paths
from focus.stages.misfit_prior import Settings, holdout_figures, work


@pytest.fixture
def faces(project):
    """Ten synthetic faces of which seven make the prior, and an R_syn whose last layer is not zero."""
    model = tiny.face_model()
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        model.save(path)
    chosen = tiny.sized(settings.load(Settings))
    chosen = replace(chosen, synthetic=chosen.synthetic.model_copy(update={"count": 7, "holdout": 3}))
    autoencoder = build.autoencoder(chosen)
    torch.nn.init.normal_(autoencoder.encoder.network.fc.weight, std=0.1)
    networks = {"encoder": autoencoder.encoder, "segmentation": build.segmentation(chosen)}
    save_networks(paths.network("r_syn/plain"), networks, {})
    folder = paths.SYNTHETIC / "plain"
    tiny.packed_faces(folder / "faces", 10)
    write_npy(folder / "shape.npy", tiny.latents(10).shape.numpy())
    return chosen, autoencoder.eval()


def test_shortcut_equals_the_mean_over_meshes(faces):
    """The prior in models/ would not be Eq. 11's mean over meshes, or contain the held-out faces."""
    chosen, autoencoder = faces
    work(chosen, "plain")
    prior = load_file(paths.misfit_prior("plain"))["misfit_prior"]
    model, truth = tiny.face_model(), tiny.latents(10).shape
    predicted = encode(autoencoder, PackedSet(paths.SYNTHETIC / "plain" / "faces")).shape
    expected = misfit_prior(model.neutral(predicted[:7]), model.neutral(truth[:7]))
    assert prior.shape == (model.vertex_count, 3) and prior.norm(dim=1).mean() > 0.1
    assert torch.allclose(prior, expected, atol=1e-3)
    report = json.loads(paths.misfit_prior("plain").with_name("holdout.json").read_text())
    distances = (model.neutral(predicted[7:]) - model.neutral(truth[7:])).norm(dim=2)
    assert report["holdout_before_mm"] == pytest.approx(float(distances.mean()), abs=1e-3)


def test_bytes_are_stable(faces):
    """DVC would see a new prior in every run."""
    contents = []
    for _ in range(2):
        work(faces[0], "plain")
        contents.append(paths.misfit_prior("plain").read_bytes())
    assert contents[0] == contents[1]


def test_holdout_figures_by_hand():
    """The report on held-out faces would measure something else."""
    truth = torch.zeros(2, 2, 3)
    predicted = torch.zeros(2, 2, 3)
    predicted[0, :, 0], predicted[1, :, 0] = 3.0, 1.0
    prior = torch.tensor([[3.0, 0, 0], [3.0, 0, 0]])
    assert holdout_figures(predicted, truth, prior) == {
        "prior_mean_mm": 3.0,
        "holdout_before_mm": 2.0,
        "holdout_after_mm": 1.0,
        "share_made_worse": 0.5,
    }
