"""`focus now submit`: a trained method, or a folder, on NoW's list."""

from __future__ import annotations

import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import tiny
from focus.commands import submit
from focus.datasets.meshes import read_mesh
from focus.datasets.now import IMAGE_FOLDER, NoW
from focus.errors import FocusError
from focus.landmarks import Face
from focus.stages import build, paths

LINES = ["FaMoS_1/selfie/IMG_0001.jpg", "FaMoS_2/multiview_neutral/IMG_0002.jpg"]


@pytest.fixture
def pictures(tmp_path) -> NoW:
    """Two pictures of the test list; no scans, as published."""
    root = tmp_path / "NoW"
    for line in LINES:
        (root / IMAGE_FOLDER / line).parent.mkdir(parents=True)
        Image.new("RGB", (64, 64), (120, 90, 80)).save(root / IMAGE_FOLDER / line)
    (root / "imagepathstest.txt").write_text("\n".join(LINES) + "\n")
    return NoW(root, "test")


@pytest.fixture
def trained(tmp_path, monkeypatch) -> SimpleNamespace:
    """Settings and model files of a trained variant and of one with a misfit prior of (1, 2, 3) mm."""
    monkeypatch.chdir(tmp_path)
    for path in (paths.network("Mine"), paths.misfit_prior("plain")):
        path.parent.mkdir(parents=True)
    paths.network("Mine").touch()
    prior = torch.tensor([1.0, 2.0, 3.0]).expand(len(tiny.face_model().shape_mean), 3).contiguous()
    save_file({"misfit_prior": prior}, paths.misfit_prior("plain"))
    angle = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.stack([32 + 20 * np.cos(angle), 32 + 24 * np.sin(angle)], 1)
    points[[36, 39, 42, 45, 30, 48, 54]] = [(22, 25), (28, 25), (36, 25), (42, 25), (32, 33), (26, 42), (38, 42)]
    found = Face(points.astype(np.float32), 1.0)
    detector = SimpleNamespace(name="stub", detect=lambda images, names=(): [[found] for _ in images])
    monkeypatch.setattr(build, "face_model", tiny.face_model)
    monkeypatch.setattr(build, "focus_networks", lambda chosen, path: (tiny.autoencoder(head=0.1).eval(), None))
    monkeypatch.setattr(build, "detector", lambda *_: detector)
    return SimpleNamespace(
        variants={"Mine": None},
        corrected={"Mine-MP": SimpleNamespace(variant="Mine", prior="plain")},
        detector=detector,
        compute=None,
        image=SimpleNamespace(side=tiny.SIZE),
        evaluation=SimpleNamespace(batch=1),
    )


def test_a_method_predicts_neutral_meshes_less_its_prior(pictures, trained):
    """The server would get another image's face, an expression, or an uncorrected mesh."""
    plain, corrected = (submit.method_predictions(name, pictures, trained) for name in ("Mine", "Mine-MP"))
    shapes = submit.shape_latents(pictures, "Mine", trained)
    for line in LINES:
        vertices, triangles, landmarks = plain(line)
        expected = tiny.face_model().neutral(shapes[line][None])[0].double().numpy()
        np.testing.assert_array_equal(vertices, expected)
        np.testing.assert_array_equal(landmarks, vertices[tiny.face_model().landmarks_now.numpy()])
        np.testing.assert_allclose(vertices - corrected(line)[0], np.tile([[1, 2, 3]], (len(vertices), 1)), atol=1e-4)
        assert triangles.max() < len(vertices)


def test_zip_of_a_method(pictures, trained, monkeypatch, tmp_path):
    """The command of docs/running.md would not pack a trained method, or too small a mesh would pass."""
    monkeypatch.setattr(submit.settings, "load", lambda kind: trained)
    with pytest.raises(FocusError, match=r"2 of 2 predictions refused.*mesh reaches only"):
        submit.submit("Mine", tmp_path / "out.zip", "test", pictures.root, reach=1.5)
    assert not (tmp_path / "out.zip").exists()
    assert "2 predictions for the test list" in submit.submit("Mine", tmp_path / "o.zip", "test", pictures.root, 0.6)
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        archive.extractall(tmp_path / "sent")
    _, _, colours = read_mesh(tmp_path / "sent/FaMoS_1/selfie/IMG_0001.obj")
    assert colours is None
    (pictures.root / "emulation.csv").touch()
    again = submit.submit(str(tmp_path / "sent"), tmp_path / "again.zip", "test", pictures.root, 0.6)
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "o.zip").read_bytes()
    assert "EMULATED" in again


def test_what_is_not_there_is_named(pictures, trained, monkeypatch, tmp_path):
    """An unknown name, an untrained method or a picture without a face would end in a traceback."""
    with pytest.raises(FocusError, match="METHOD: found 'Other', expected a folder of predictions or one of Mine"):
        submit.method_predictions("Other", pictures, trained)
    paths.misfit_prior("plain").unlink()
    with pytest.raises(FocusError, match=r"misfit_prior.safetensors: no such file"):
        submit.method_predictions("Mine-MP", pictures, trained)
    monkeypatch.setattr(build, "detector", lambda *_: SimpleNamespace(name="x", detect=lambda images, names: [[], []]))
    with pytest.raises(FocusError, match=r"no image with a usable face, expected some; .*IMG_0001.jpg: no face found"):
        submit.method_predictions("Mine", pictures, trained)
    paths.network("Mine").unlink()
    with pytest.raises(FocusError, match="expected Mine trained by `dvc repro`"):
        submit.method_predictions("Mine", pictures, trained)


def test_an_image_without_a_face_gets_the_mean_face(pictures, trained, monkeypatch, caplog):
    """One undetected face would make a submission of 1,702 images impossible, or a made-up shape be sent unnamed."""
    found = [[], *trained.detector.detect([None])]
    monkeypatch.setattr(build, "detector", lambda *_: SimpleNamespace(name="x", detect=lambda images, names: found))
    shapes = submit.shape_latents(pictures, "Mine", trained)
    assert not shapes[LINES[0]].any() and shapes[LINES[1]].any()
    assert f"{LINES[0]}: no face found by x; the mean face is sent" in caplog.text
