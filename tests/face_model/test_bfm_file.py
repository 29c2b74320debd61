import dataclasses
import os
import shutil
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
import torch

import tiny
from focus.errors import FocusError
from focus.face_model import BfmArrays, LinearModel, read_bfm, write_bfm
from focus.face_model.bfm_file import ORIGIN, outward
from focus.face_model.landmarks import BFM_LANDMARKS_68, BFM_LANDMARKS_NOW, BFM_VERTICES


def test_published_layout(model_file, arrays: BfmArrays):
    """If it fails, other programs for BFM 2017 cannot open the embedded model."""
    vertices, triangles = len(arrays.shape.mean), len(arrays.triangles)
    with h5py.File(model_file) as file:
        for group, components in (("shape", 6), ("expression", 4), ("color", 5)):
            assert file[f"{group}/model/mean"].shape == (3 * vertices,)
            assert file[f"{group}/model/pcaBasis"].shape == (3 * vertices, components)
            assert file[f"{group}/model/pcaVariance"].shape == (components,)
            assert file[f"{group}/model/noiseVariance"].shape == (1,)
            assert file[f"{group}/representer/points"].shape == (3, vertices)
            assert file[f"{group}/representer/cells"].shape == (3, triangles)
            assert file[f"{group}/model/pcaBasis"].dtype == np.float32
        assert isinstance(file["metadata/landmarks/json"][()], bytes)


def test_reads_what_was_written(model_file, arrays: BfmArrays):
    """If it fails, means, scaling by the standard deviation, triangles or landmarks change on the way."""
    model = read_bfm(model_file, 6, 4, 5)
    np.testing.assert_allclose(model.shape_mean, arrays.shape.mean - ORIGIN, atol=2e-5)
    np.testing.assert_allclose(model.expression_mean, arrays.expression.mean, atol=1e-6)
    for basis, part in ((model.shape_basis, arrays.shape), (model.albedo_basis, arrays.colour)):
        np.testing.assert_allclose(basis, part.basis * np.sqrt(part.variance), atol=2e-6)
    np.testing.assert_array_equal(model.triangles, arrays.triangles)
    np.testing.assert_array_equal(model.landmarks68, arrays.landmarks68)
    np.testing.assert_array_equal(model.landmarks_now, arrays.landmarks_now)
    assert (model.name, model.licence) == (arrays.name, arrays.licence)
    assert model.shape_basis.dtype == torch.float32


def test_origin_is_taken_off_once(model_file, model):
    """If it fails, faces stand 100 mm nearer to or further from the camera than the pose says."""
    with h5py.File(model_file) as file:
        raw = file["shape/model/mean"][:].reshape(-1, 3)
        np.testing.assert_array_equal(file["shape/representer/points"][:].T, raw)
    np.testing.assert_allclose(raw - model.shape_mean.numpy(), np.tile([0, 0, 100], (len(raw), 1)), atol=2e-5)


def test_first_components_only(model_file, model):
    """If it fails, asking for fewer components changes those that are kept."""
    whole = read_bfm(model_file, 6, 4, 5)
    torch.testing.assert_close(model.shape_basis, whole.shape_basis[:, :5], rtol=0, atol=0)


def test_bytes_do_not_depend_on_the_clock(arrays: BfmArrays, tmp_path):
    """If it fails, the file holds a time stamp and every run looks changed to DVC."""
    write_bfm(tmp_path / "a.h5", arrays)
    time.sleep(1.1)
    write_bfm(tmp_path / "b.h5", arrays)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_double_precision_file(model_file, model, tmp_path):
    """If it fails, a file in float64 or with float triangles (as some tools write) cannot be read."""
    path = tmp_path / "double.h5"
    with h5py.File(model_file) as source, h5py.File(path, "w") as target:

        def copy(name, item):
            if isinstance(item, h5py.Dataset):
                value = item[()]
                target[name] = value.astype(np.float64) if isinstance(value, np.ndarray) else value

        source.visititems(copy)
    read = read_bfm(path, 5, 3, 4)
    torch.testing.assert_close(read.shape_basis, model.shape_basis)
    torch.testing.assert_close(read.triangles, model.triangles)
    assert read.name == "double"


def replaced(name, value):
    def change(file):
        del file[name]
        if value is not None:
            file[name] = value

    return change


def with_value(name, index, value):
    def change(file):
        file[name][index] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced("shape/model/mean", None), r"shape/model/mean is missing; expected a dataset of shape \(any\)"),
        (replaced("shape/model/mean", np.zeros(7)), r"shape/model/mean has 7 numbers; expected three for each vertex"),
        (replaced("shape/model/mean", np.zeros((9, 1))), r"shape/model/mean has shape \(9, 1\); expected \(any\)"),
        (replaced("shape/model", None), r"shape/model/mean is missing"),
        (replaced("shape", 3.0), r"shape/model/mean is missing"),
        (replaced("expression/model/mean", np.zeros(6)), r"expression/model/mean has shape \(6,\); expected \(\d+\)"),
        (replaced("color/model/pcaVariance", np.zeros((5, 1))), r"color/model/pcaVariance has shape \(5, 1\)"),
        (replaced("color/model/pcaVariance", np.ones(3)), r"color/model/pcaVariance holds 3 components; expected 4"),
        (replaced("shape/model/pcaBasis", np.zeros((9, 6))), r"shape/model/pcaBasis has shape \(9, 6\); expected"),
        (replaced("shape/model/mean", np.array([b"a", b"b", b"c"])), r"shape/model/mean has type \|S1; expected numb"),
        (with_value("shape/model/pcaVariance", 0, -1.0), r"shape/model/pcaVariance has a negative value"),
        (with_value("color/model/mean", 5, np.nan), r"color/model/mean has values that are not finite"),
        (with_value("shape/model/pcaBasis", (3, 1), np.inf), r"shape/model/pcaBasis has values that are not finite"),
        (with_value("shape/representer/cells", (0, 0), 10**6), r"shape/representer/cells does not hold vertex num"),
        (replaced("shape/representer/cells", np.zeros((4, 3))), r"cells has shape \(4, 3\); expected \(3, any\)"),
        (replaced("shape/representer/points", np.zeros((3, 5))), r"representer/points has shape \(3, 5\)"),
        (replaced("metadata/landmarks/json", "no list"), r"metadata/landmarks/json cannot be read; expected a JSON"),
        (
            replaced("metadata/landmarks/json", '[{"id": "x", "coordinates": [1, NaN, 3]}]'),
            r"metadata/landmarks/json has values that are not finite; expected finite numbers",
        ),
        (replaced("metadata/landmarks/json", None), r"vertices and no landmark ibug68.00 in metadata/landmarks/json"),
    ],
)
def test_bad_dataset_is_named(model_file, tmp_path, change, message):
    """If it fails, a wrong file gives a traceback, or a line that does not name file and dataset."""
    path = tmp_path / "bad.h5"
    shutil.copy(model_file, path)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(FocusError, match=message) as caught:
        read_bfm(path, 5, 3, 4)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("variable", [False, True])
def test_texts_in_other_encodings(model_file, model, tmp_path, variable):
    """A model would be refused for its licence in Latin-1, or its landmarks for a byte order mark before them."""
    path, licence = tmp_path / "texts.h5", "Universität Basel".encode("latin-1")
    shutil.copy(model_file, path)
    with h5py.File(path, "r+") as file:
        kind = h5py.string_dtype("ascii") if variable else f"S{len(licence)}"
        file["metadata"].attrs.create("licence", licence, dtype=kind)
        replaced("metadata/landmarks/json", b"\xef\xbb\xbf" + file["metadata/landmarks/json"][()])(file)
    read = read_bfm(path, 5, 3, 4)
    assert read.licence == "Universität Basel" and read.landmarks68.tolist() == model.landmarks68.tolist()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_truncated_file(model_file, tmp_path, share):
    """If it fails, a download that broke off is read as a model, or ends in a traceback."""
    path = tmp_path / "cut.h5"
    content = model_file.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(FocusError, match=r"cut.h5: not a readable HDF5 file") as caught:
        read_bfm(path, 5, 3, 4)
    assert "\n" not in str(caught.value)


def test_missing_file_and_bad_request(model_file, tmp_path):
    """If it fails, a mistyped path or number of components is not explained."""
    with pytest.raises(FocusError, match=r"none.h5: no such file; expected a face model"):
        read_bfm(tmp_path / "none.h5")
    with pytest.raises(FocusError, match=r"shape/model/pcaVariance holds 6 components; expected 7 or more"):
        read_bfm(model_file, 7, 1, 1)
    with pytest.raises(FocusError, match=r"0, 1, 1 components asked for"):
        read_bfm(model_file, 0, 1, 1)


def test_arrays_that_do_not_fit_leave_nothing_behind(arrays: BfmArrays, tmp_path):
    """If it fails, a half-written or inconsistent file is left on disk."""
    bad = dataclasses.replace(arrays, expression=LinearModel(np.zeros((2, 3)), np.zeros((6, 1)), np.ones(1)))
    with pytest.raises(FocusError, match=r"expression has mean \(2, 3\)"):
        write_bfm(tmp_path / "model.h5", bad)
    with pytest.raises(FocusError, match=r"5 and 7 landmarks; expected 68 and 7"):
        write_bfm(tmp_path / "model.h5", dataclasses.replace(arrays, landmarks68=arrays.landmarks68[:5]))
    assert list(tmp_path.iterdir()) == []


def test_triangles_are_turned_outward(arrays: BfmArrays, template, tmp_path):
    """If it fails, a file with clockwise triangles is culled as back faces and renders black."""
    clockwise = arrays.triangles[:, [0, 2, 1]]
    np.testing.assert_array_equal(np.sort(outward(template.vertices, clockwise)), np.sort(arrays.triangles))
    write_bfm(tmp_path / "model.h5", dataclasses.replace(arrays, triangles=clockwise))
    corner = read_bfm(tmp_path / "model.h5", 1, 1, 1).shape_mean.numpy()[
        read_bfm(tmp_path / "model.h5", 1, 1, 1).triangles
    ]
    normal_z = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])[:, 2]
    assert (normal_z > 0).mean() > 0.7  # but for the linings of mouth and lids


def full_size(components: tuple[int, int, int]) -> BfmArrays:
    """A grid of 53149 vertices with the real file's sizes; only its landmarks lie as a face's."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(np.linspace(-70, 70, 231), np.linspace(-80, 80, 231), indexing="xy"), -1)
    xy = grid.reshape(-1, 2)[:BFM_VERTICES]
    mean = np.column_stack([xy, 120 - 0.01 * (xy**2).sum(1)])
    face = tiny.face_model()
    mean[list(BFM_LANDMARKS_68)] = face.shape_mean[face.landmarks68].numpy() + ORIGIN
    first = (np.arange(229)[:, None] * 231 + np.arange(230)).ravel()
    lower = np.stack([first, first + 1, first + 231], 1)
    upper = np.stack([first + 1, first + 232, first + 231], 1)
    parts = [
        LinearModel(
            np.full_like(mean, middle) if k else mean,
            rng.random((3 * len(mean), count), np.float32) / np.sqrt(len(mean)),
            np.full(count, spread * len(mean)),
        )
        for k, (count, middle, spread) in enumerate(zip(components, (0, 0, 0.5), (1, 1, 1e-3), strict=True))
    ]
    triangles = np.concatenate([lower, upper])[:105694]
    return BfmArrays(*parts, triangles, np.array(BFM_LANDMARKS_68), np.array(BFM_LANDMARKS_NOW))


def test_full_size_without_named_points(tmp_path):
    """If it fails, the user's own BFM 2017 or 2019 cannot be read, or gets wrong landmarks."""
    path = tmp_path / "full.h5"
    write_bfm(path, full_size((9, 5, 9)))
    with h5py.File(path, "r+") as file:
        del file["metadata"]
    model = read_bfm(path, 8, 4, 8)
    assert model.vertex_count == 53149
    assert tuple(model.landmarks68.tolist()) == BFM_LANDMARKS_68
    assert tuple(model.landmarks_now.tolist()) == BFM_LANDMARKS_NOW
    assert "non-commercial" in model.licence


@pytest.mark.parametrize("name", ["metadata", "metadata/landmarks", "shape", "shape/model"])
def test_a_group_in_another_file_is_not_looked_for(model_file, tmp_path, name):
    """The other file would be opened to see whether it has the group; a pipe would hang for ever."""
    path, pipe = tmp_path / "hostile.h5", tmp_path / "pipe"
    shutil.copy(model_file, path)
    os.mkfifo(pipe)
    with h5py.File(path, "a") as file:
        del file[name]
        file[name] = h5py.ExternalLink(str(pipe), "/x")
    code = f"from pathlib import Path; from focus.face_model import read_bfm; read_bfm(Path({str(path)!r}), 2, 2, 2)"
    subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("target", "there"),
    [("/kept", True), ("kept", True), ("./kept", True), ("loop", False), ("/gone", False), ("../kept", False)],
)
def test_soft_links_inside_the_file_are_followed(model_file, model, tmp_path, target, there):
    """A model whose groups were moved and linked would be said to lack them; a link to itself would never end."""
    path = tmp_path / "linked.h5"
    shutil.copy(model_file, path)
    with h5py.File(path, "a") as file:
        file.move("shape", "kept")
        file["shape"], file["loop"] = h5py.SoftLink(target), h5py.SoftLink("loop")
        file.move("color/model/mean", "color/model/middle")
        file["color/model/mean"] = h5py.SoftLink("middle")
    if there:
        torch.testing.assert_close(read_bfm(path, 5, 3, 4).shape_mean, model.shape_mean)
    else:
        with pytest.raises(FocusError, match=r"linked\.h5: shape/model/mean is missing"):
            read_bfm(path, 5, 3, 4)


@pytest.mark.parametrize("kind", ["external link", "external storage", "virtual", "soft link", "reference", "endless"])
def test_nothing_outside_the_file_is_read(model_file, tmp_path, kind):
    """A hostile model file could read other files of its user, or take all memory."""
    path, name = tmp_path / "hostile.h5", "shape/model/mean"
    shutil.copy(model_file, path)
    with h5py.File(path, "a") as file:
        length = file[name].shape[0]
        del file[name]
        if kind == "external link":
            file[name] = h5py.ExternalLink(str(model_file), name)
        elif kind == "soft link":
            file[name], file["x"] = h5py.SoftLink("/x/model/mean"), h5py.ExternalLink(str(model_file), "shape")
        elif kind == "external storage":
            file.create_dataset(name, (length,), "f4", external=[(str(model_file), 0, 4 * length)])
        elif kind == "virtual":
            layout = h5py.VirtualLayout((length,), "f4")
            layout[:] = h5py.VirtualSource(str(model_file), name, (length,))
            file.create_virtual_dataset(name, layout)
        elif kind == "reference":
            file.create_dataset(name, (length,), h5py.ref_dtype)
        else:
            file.create_dataset(name, (3 * 10**12,), "f4", chunks=(1000,))
    with pytest.raises(FocusError, match=f"hostile.h5: {name} (is missing|lies in|has type|has shape)") as caught:
        read_bfm(path, 2, 2, 2)
    assert "\n" not in str(caught.value)
