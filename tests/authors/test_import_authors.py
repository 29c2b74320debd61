"""`focus import-authors` and the stage `imported`: the authors' networks where a trained variant's would be."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

import tiny
from focus import cli, settings
from focus.authors.networks import ALBEDO, EXPRESSION, ROWS, SHAPE
from focus.authors.pickled import read_module
from focus.commands import import_authors
from focus.errors import FocusError
from focus.face_model.bfm_file import LinearModel, write_bfm
from focus.face_model.heads import FaceGenerator, build_embedded_model
from focus.networks import FaceEncoder, FaceRecogniser, SegmentationNetwork
from focus.networks.store import load_networks, load_weights, save_networks
from focus.reconstruct.bundle import load_bundle
from focus.seeds import numpy_generator
from focus.stages import build, imported, paths
from focus.stages import train as train_stage
from pickled_modules import Call, pickled, write_module, write_zip

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A working folder with params.yaml and profiles that a test may change."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    (tmp_path / "profiles").mkdir()
    for file in (ROOT / "profiles").glob("*.yaml"):
        (tmp_path / "profiles" / file.name).write_text(file.read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(project: Path, name: str, **sections: dict) -> None:
    """Change entries of sections of a profile, or of params.yaml."""
    path = project / name
    content = yaml.safe_load(path.read_text())
    for section, entries in sections.items():
        content[section] = {**content[section], **entries} if isinstance(entries, dict) else entries
    path.write_text(yaml.safe_dump(content))


def write_face_model(path: Path) -> int:
    """Write a model with 80, 64 and 80 components, of which all but the first are empty; return its vertices."""
    generator = FaceGenerator(0, 0, whole=False)
    arrays = build_embedded_model(generator, numpy_generator(0, "test"), 30, shape=4, expression=3, albedo=3)
    parts = {"shape": SHAPE, "expression": EXPRESSION, "colour": ALBEDO}
    write_bfm(path, replace(arrays, **{name: wider(getattr(arrays, name), count) for name, count in parts.items()}))
    return len(arrays.shape.mean)


def wider(model: LinearModel, count: int) -> LinearModel:
    more = count - len(model.variance)
    return replace(model, basis=np.pad(model.basis, ((0, 0), (0, more))), variance=np.pad(model.variance, (0, more)))


def typed(monkeypatch, *words: object) -> int:
    """Run `focus import-authors` as a person would; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["focus", "import-authors", *map(str, words)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code or 0


def test_networks_alone(project, monkeypatch, capsys, encoder, segmentation):
    """Without the face model there would be no import at all, or nobody would learn why the bundle is missing."""
    words = ("--encoder", encoder, "--segmentation", segmentation, "--out", "models/FOCUS-released")
    assert typed(monkeypatch, *words) == 0
    said = capsys.readouterr()
    assert "no bundle: profile paper has no assets.bfm, assets.arcface" in said.out
    assert "untried on the real files" in said.err
    networks = {"encoder": FaceEncoder(257), "segmentation": SegmentationNetwork()}
    facts = load_networks(project / "models/FOCUS-released/model.safetensors", networks)
    assert len(facts["sha256"]["encoder"]) == 64
    head = read_module(encoder).state["vgg.fc.weight"]
    assert torch.equal(networks["encoder"].network.fc.weight, head[ROWS])
    assert typed(monkeypatch, *words) == 1
    assert "--out: found models/FOCUS-released, expected a folder that does not exist" in capsys.readouterr().err


def test_bundle(project, monkeypatch, encoder, segmentation):
    """`focus reconstruct --model` could not use the authors' networks, or would do so with another model or prior."""
    count = write_face_model(project / "model.h5")
    small = FaceRecogniser((1, 1, 1, 1), (8, 8, 8, 8), 16, 8)
    torch.save(small.state_dict(), project / "backbone.pth")
    recogniser = {"side": 16, "layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8], "embedding": 8}
    assets = {"bfm": "model.h5", "arcface": "backbone.pth"}
    change(project, "profiles/paper.yaml", assets=assets, recogniser=recogniser)
    np.save(project / "prior.npy", np.full(3 * count, 0.25))
    words = ("--encoder", encoder, "--segmentation", segmentation, "--prior", "prior.npy", "--out", "released")
    assert typed(monkeypatch, *words) == 0
    bundle = load_bundle(project / "released/bundle.safetensors")
    assert bundle.card.name == "FOCUS-released" and not bundle.card.drawn_faces and bundle.sizes.side == 224
    assert torch.equal(bundle.misfit_prior, torch.full((count, 3), 0.25))
    assert torch.equal(
        load_weights(project / "released/misfit_prior.safetensors")[0]["misfit_prior"], bundle.misfit_prior
    )
    assert set(bundle.networks) == {"encoder", "segmentation", "recogniser"}
    with torch.no_grad():
        face = bundle.autoencoder()(torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0)))
    assert face.image.isfinite().all() and face.parameters.theta().shape == (1, 257)


def test_refusals_leave_nothing(project, monkeypatch, capsys, encoder, segmentation):
    """A wrong file would leave half a model behind, or a traceback."""
    hostile = write_zip(project / "hostile.model", pickled(Call(exec, "open('ran', 'w')")))
    narrow = write_module(project / "narrow.model", "UNet.UNet.UNet", {"Conv.weight": torch.ones(1, 2, 1, 1)})
    np.save(project / "text.npy", np.array(["a"]))
    good = {"--encoder": encoder, "--segmentation": segmentation}
    for change_of, reason in (
        ({"--encoder": hostile}, "names '__builtin__.exec'"),
        ({"--encoder": segmentation}, "found a UNet.UNet.UNet, expected the authors' encoder.encoder.FaceEncoder"),
        ({"--segmentation": narrow}, "lacks down.0.0.weight"),
        ({"--segmentation": "none.model"}, "no such file"),
        ({"--prior": "text.npy"}, "expected numbers of the face model's V x 3 or 3V"),
        ({"--profile": "demo"}, "face_model.shape: found 40, expected 80, as the authors' networks have it"),
    ):
        words = [word for pair in {**good, **change_of}.items() for word in pair]
        assert typed(monkeypatch, *words, "--out", "out") == 1
        said = capsys.readouterr().err
        assert reason in said and said.count("\n") == 1
        assert not list(project.glob("*out*")) and not (project / "ran").exists()


def test_an_encoder_of_other_outputs(project, encoder):
    """Rows of another network would steer the face."""
    state = {**read_module(encoder).state, "vgg.fc.bias": torch.zeros(257)}
    path = write_module(project / "enc.model", "encoder.encoder.FaceEncoder", state)
    with pytest.raises(FocusError, match=r"network.fc.bias is \(257,\), expected 1000 rows"):
        import_authors.import_authors(path, path, None, project / "out", "paper")


def test_weights_beyond_float16(project, monkeypatch):
    """A bundle would hold infinities where the authors' network has large numbers."""
    chosen = settings.read_profile("paper")
    with torch.no_grad():
        network = SegmentationNetwork(4, 2)
        network.last.bias.fill_(1e6)
    networks = {"encoder": FaceEncoder(5, "small", 16, 8), "segmentation": network.half()}
    networks["recogniser"] = FaceRecogniser((1, 1, 1, 1), (8, 8, 8, 8), 16, 8)
    monkeypatch.setattr(import_authors, "load_bundle", lambda path: type("B", (), {"networks": networks}))
    monkeypatch.setattr(import_authors, "save_bundle", lambda path, bundle: None)
    plan = settings.select(import_authors.Settings, chosen, settings.read_params())
    with pytest.raises(FocusError, match="beyond float16"):
        import_authors.write_bundle(project / "b", plan, {}, tiny.face_model(), None, {})


def test_stage_with_files(project, encoder, segmentation):
    """FOCUS-released could not have rows in the tables, as no variant could start from the authors' weights."""
    files = {"focus_encoder": str(encoder), "focus_segmentation": str(segmentation)}
    change(project, "profiles/paper.yaml", assets=files)
    change(project, "params.yaml", profile="paper", remote="private")
    imported.work(settings.load(imported.Settings))
    networks = {"encoder": FaceEncoder(257), "segmentation": SegmentationNetwork()}
    facts = load_networks(paths.network("imported"), networks)
    assert set(facts["sha256"]) == set(files) and build.start("imported") == paths.network("imported")


def test_stage_without_files(project):
    """A run without the authors' files would stop at a stage that it does not need."""
    imported.work(settings.load(imported.Settings))
    with pytest.raises(FocusError, match=r"assets.focus_encoder: found null, expected the path of .*enc_net_"):
        build.start("imported")


def test_variant_keeps_the_weights(project):
    """The rows of FOCUS-released would be those of a network that training has moved."""
    text = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(text.replace("  # FOCUS-released:", "  FOCUS-released:"))
    change(project, "params.yaml", profile="smoke")
    for path in (paths.FACE_MODEL, paths.RENDERED_MODEL):
        tiny.face_model().save(path)
    chosen = tiny.sized(settings.load(train_stage.Settings, "FOCUS-released"))
    variant = chosen.variant
    assert (variant.start, variant.schedule, variant.tables) == ("imported", "none", [1, 2, 3, 4, 5])
    tiny.packed_faces(paths.PACKED / "celeba_train")
    save_networks(paths.RECOGNISER, {"recogniser": build.recogniser(chosen)}, {})
    networks = {"encoder": build.autoencoder(chosen).encoder, "segmentation": build.segmentation(chosen)}
    save_networks(paths.network("imported"), networks, {})
    train_stage.work(chosen, "FOCUS-released")
    before, after = (load_weights(paths.network(name))[0] for name in ("imported", "FOCUS-released"))
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


def test_its_rows_alone(project):
    """The settings that docs/released-weights.md names for the authors' rows alone would be refused."""
    text = (project / "params.yaml").read_text().replace("  # FOCUS-released:", "  FOCUS-released:")
    variant = yaml.safe_load(text)["variants"]["FOCUS-released"]
    emptied = re.search(r"set (`corrected`[^{]*) to `{}`", (ROOT / "docs/released-weights.md").read_text())
    assert emptied
    only = {"variants": {"FOCUS-released": variant}, "ablation": {"variant": "FOCUS-released"}}
    params = yaml.safe_load(text) | only | {name: {} for name in re.findall(r"`(\w+)`", emptied[1])}
    (project / "params.yaml").write_text(yaml.safe_dump(params))
    assert list(settings.read_params().variants) == ["FOCUS-released"]
