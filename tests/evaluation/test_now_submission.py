"""The zip for NoW's server: what it holds, and what is refused before it is written."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from focus.datasets.meshes import write_obj
from focus.errors import FocusError
from focus.evaluation.now_submission import check_submission, in_folder, write_submission


def test_written_zip(scan_set, predictions, face, tmp_path) -> None:
    """If this fails the server gets other names, colours, no float landmarks, or other bytes for the same meshes."""
    first = (predictions / scan_set.names[0]).with_suffix(".obj")
    write_obj(
        first, face["prediction_vertices"], face["prediction_triangles"], np.full_like(face["prediction_vertices"], 0.4)
    )
    assert write_submission(in_folder(predictions), scan_set.names, tmp_path / "a.zip") == 4
    write_submission(in_folder(predictions), scan_set.names[::-1], tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        stems = {line.removesuffix(".jpg") for line in scan_set.names}
        assert set(archive.namelist()) == {stem + suffix for stem in stems for suffix in (".obj", ".npy")}
        landmarks = np.load(io.BytesIO(archive.read("FaMoS_2/selfie/IMG_0004.npy")), allow_pickle=False)
        vertex = archive.read("FaMoS_1/multiview_neutral/IMG_0001.obj").split(b"\n")[0]
    np.testing.assert_array_equal(landmarks, face["prediction_landmarks"])
    assert landmarks.dtype.kind == "f" and len(vertex.split()) == 4


def cropped(face: dict[str, np.ndarray]) -> np.ndarray:
    """The prediction's triangles within 80 mm of the nose."""
    near = np.linalg.norm(face["prediction_vertices"] - face["prediction_landmarks"][4], axis=1) < 80
    return face["prediction_triangles"][near[face["prediction_triangles"]].all(1)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: {"prediction_triangles": cropped(f)}, r"reaches only \d+ mm towards the .*not a cropped one"),
        (
            lambda f: {"prediction_landmarks": f["prediction_landmarks"][[3, 2, 1, 0, 4, 6, 5]]},
            "left and right swapped",
        ),
        (
            lambda f: {"prediction_landmarks": f["prediction_landmarks"][[4, 0, 1, 2, 3, 5, 6]]},
            "expected the order right",
        ),
        (lambda f: {k: f[k] / 1000 for k in ("prediction_vertices", "prediction_landmarks")}, r"metres\?"),
        (lambda f: {"prediction_landmarks": f["prediction_landmarks"] + [0, 0, 30.0]}, "mm off the mesh"),
    ],
    ids=["cropped", "swapped", "order", "metres", "off"],
)
def test_refused(scan_set, predictions, face, tmp_path, change, reason) -> None:
    """If this fails a submission that the benchmark would score badly, or refuse, is sent."""
    face = {**face, **change(face)}
    stem = predictions / scan_set.names[1].removesuffix(".jpg")
    write_obj(stem.with_suffix(".obj"), face["prediction_vertices"], face["prediction_triangles"])
    np.save(stem.with_suffix(".npy"), face["prediction_landmarks"])
    assert list(check_submission(in_folder(predictions), scan_set.names)) == [scan_set.names[1]]
    with pytest.raises(FocusError, match=rf"1 of 4 predictions refused.*IMG_0002.*{reason}"):
        write_submission(in_folder(predictions), scan_set.names, tmp_path / "out.zip")
    assert not list(tmp_path.glob("*.zip*")) and not list(tmp_path.glob(".*"))


def test_missing_prediction_is_refused(scan_set, predictions, tmp_path) -> None:
    """If this fails an incomplete set is sent."""
    (predictions / scan_set.names[2]).with_suffix(".npy").unlink()
    with pytest.raises(FocusError, match="IMG_0003: no landmarks"):
        write_submission(in_folder(predictions), scan_set.names, tmp_path / "out.zip")


def test_reach_is_an_option(scan_set, predictions, face) -> None:
    """If this fails the embedded face, smaller than a head, can never be packed."""
    stem = predictions / scan_set.names[1].removesuffix(".jpg")
    write_obj(stem.with_suffix(".obj"), face["prediction_vertices"], cropped(face))
    assert check_submission(in_folder(predictions), scan_set.names) and not check_submission(
        in_folder(predictions), scan_set.names, reach=0.5
    )
