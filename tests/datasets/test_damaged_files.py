"""Every reader on randomly damaged files: it reads, or raises one line, never a traceback of another kind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from focus.datasets.ar import AR
from focus.datasets.celebamask_hq import CelebAMaskHQ
from focus.datasets.images import read_image
from focus.datasets.landmark_table import read_landmark_table, write_landmark_table
from focus.datasets.meshes import read_landmarks, read_mesh, read_picked_points, write_obj, write_ply
from focus.datasets.now import NoW
from focus.datasets.packed import PackedSet, pack
from focus.datasets.sample import Sample
from focus.errors import FocusError
from focus.files import write_npy

MUTATIONS = 30


def _damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut, overwrite, insert, or repeat a few bytes."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        place, kind = int(rng.integers(0, len(data) + 1)), int(rng.integers(0, 4))
        length = int(rng.integers(1, 9))
        if kind == 0:
            del data[place:]
        elif kind == 1:
            data[place : place + length] = rng.bytes(length)
        elif kind == 2:
            data[place:place] = b"-1e9,\n/\x00<"[:length]
        else:
            data[place:place] = data[max(0, place - 20) : place]
    return bytes(data)


def _attack(path: Path, read, one_line) -> None:
    whole = path.read_bytes()
    rng = np.random.default_rng(len(whole))
    read()
    for _ in range(MUTATIONS):
        path.write_bytes(_damaged(whole, rng))
        try:
            read()
        except FocusError as error:
            assert one_line(error), str(error)
    path.write_bytes(whole)


def _mesh():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 3)), rng.integers(0, 8, (9, 3))


@pytest.mark.parametrize("suffix", ["obj", "ply"])
def test_meshes(tmp_path, suffix, one_line):
    """A damaged prediction would end the evaluation of all the others."""
    path = tmp_path / f"x.{suffix}"
    (write_obj if suffix == "obj" else write_ply)(path, *_mesh())
    _attack(path, lambda: read_mesh(path), one_line)


def test_landmark_files(tmp_path, one_line):
    """A damaged landmark file would end the run with a traceback."""
    points = np.arange(21.0).reshape(7, 3)
    write_npy(tmp_path / "x.npy", points)
    _attack(tmp_path / "x.npy", lambda: read_landmarks(tmp_path / "x.npy"), one_line)
    (tmp_path / "x.txt").write_text("\n".join(" ".join(map(str, row)) for row in points))
    _attack(tmp_path / "x.txt", lambda: read_landmarks(tmp_path / "x.txt"), one_line)
    write_landmark_table(tmp_path / "x.csv", {f"{k}.jpg": np.full((68, 2), k) for k in range(3)})
    _attack(tmp_path / "x.csv", lambda: read_landmark_table(tmp_path / "x.csv"), one_line)


def test_celebamask_hq(celeba, one_line):
    """A damaged file of CelebAMask-HQ would end the run with a traceback."""

    def read():
        dataset = CelebAMaskHQ(celeba, "train")
        return [dataset[k] for k in range(len(dataset))]

    for name in ("CelebA-HQ-img/0.jpg", "CelebAMask-HQ-mask-anno/0/00000_skin.png", "CelebA-HQ-to-CelebA-mapping.txt"):
        _attack(celeba / name, read, one_line)


def test_ar(ar, one_line):
    """A damaged file of AR would end the run with a traceback."""
    for name in ("labels/m-001-24.png", "faceEllipse/m-001-24.png"):
        _attack(ar / name, lambda: AR(ar, masked_only=True)[0], one_line)


def test_now(now, one_line):
    """A damaged file of NoW would end the run with a traceback."""

    def read():
        dataset = NoW(now)
        return dataset[0], read_picked_points(now / "scans_lmks_onlypp/person_A/scan.pp")

    picture = "NoW_Dataset/final_release_version/iphone_pictures/person_A/selfie/IMG_0001.jpg"
    for name in (picture, "imagepathsvalidation.txt", "scans_lmks_onlypp/person_A/scan.pp"):
        _attack(now / name, read, one_line)


def test_packed_set(tmp_path, one_line):
    """A damaged packed set would end a stage with a traceback."""
    image = np.zeros((4, 4, 3), np.uint8)
    samples = [Sample(f"{k}.png", image, image[..., 0], np.zeros((68, 2)), "s") for k in range(3)]
    pack(tmp_path / "p", samples)
    for name in ("images.npy", "landmarks.npy", "visible.npy", "index.csv"):
        _attack(tmp_path / "p" / name, lambda: PackedSet(tmp_path / "p")[0], one_line)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "tif", "webp"])
def test_pictures(tmp_path, suffix, one_line):
    """A damaged photo would end `focus reconstruct` with a traceback."""
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(path)
    _attack(path, lambda: read_image(path), one_line)
