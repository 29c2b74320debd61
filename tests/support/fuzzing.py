"""`python fuzzing.py FOLDER COUNT`: mutated inputs for every reader, COUNT each, in a process that may die of them.

A reader may return, or raise FocusError in one line. Another exception, more than 5 s or more than 1 GiB is a failure;
the input that made it stays in FOLDER/<reader>/. Prints one line a reader, and exits with 1 if any failed.
"""

from __future__ import annotations

import faulthandler
import pickle
import resource
import struct
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

import bundles
from focus.authors.pickled import read_module
from focus.commands import verify
from focus.datasets.ar import RAW_BYTES, read_raw
from focus.datasets.celebamask_hq import read_mapping
from focus.datasets.images import read_image, write_png
from focus.datasets.landmark_check import MEAN_FACE
from focus.datasets.landmark_table import LandmarkTable, read_landmark_table, write_landmark_table
from focus.datasets.meshes import read_landmarks, read_mesh, read_picked_points, write_obj, write_ply
from focus.datasets.now import read_image_list
from focus.datasets.packed import PackedSet, pack
from focus.datasets.sample import Sample
from focus.datasets.scans import read_scans
from focus.errors import FocusError
from focus.evaluation.external import read_face_mask, read_rendering
from focus.evaluation.subsets import read_list
from focus.face_model import BfmArrays, FaceModel, LinearModel, read_bfm, write_bfm
from focus.face_model.pickled_arrays import read_pickled_arrays
from focus.files import read_json, read_npy, write_json, write_npy, write_text
from focus.networks.store import load_networks, save_networks
from focus.networks.weights import read_state
from focus.reconstruct.bundle import load_bundle
from focus.reconstruct.photos import read_photo
from focus.settings import read_params, read_profile
from focus.training.checkpoint import Checkpoint
from pickled_modules import SEGMENTATION, write_module
from projects import ROOT

SECONDS, BYTES = 5, 2**30
Reader = tuple[Path, Callable[[], object]]
RNG = np.random.default_rng(0)


def bfm(folder: Path) -> Reader:
    """BFM 2017's HDF5 layout, 90 vertices."""
    write_bfm(folder / "model.h5", _arrays())
    return folder / "model.h5", lambda: read_bfm(folder / "model.h5", 2, 2, 2)


def _arrays() -> BfmArrays:
    mean = RNG.normal((0, 0, 100), 1, (90, 3))
    mean[:68] = MEAN_FACE[:, :3] + (0, 0, 100)
    basis = np.linalg.qr(RNG.normal(size=(270, 3)))[0]
    shape, expression = (LinearModel(place, basis, np.full(3, 270.0)) for place in (mean, 0.01 * mean))
    colour = LinearModel(np.full((90, 3), 0.5), basis, np.full(3, 0.3))
    triangles = np.arange(90).reshape(30, 3)
    return BfmArrays(shape, expression, colour, triangles, np.arange(68), np.arange(7) + 70)


def foreign_bfm(folder: Path) -> Reader:
    """A face model in metres: refused in one line, whatever else is wrong with it."""
    arrays = _arrays()
    arrays = replace(arrays, shape=replace(arrays.shape, mean=arrays.shape.mean / 1000))
    write_bfm(folder / "model.h5", arrays)
    return folder / "model.h5", lambda: _refusing(lambda: read_bfm(folder / "model.h5", 2, 2, 2))


def face_model(folder: Path) -> Reader:
    """The packed face model (safetensors)."""
    write_bfm(folder / "model.h5", _arrays())
    read_bfm(folder / "model.h5", 2, 2, 2).save(folder / "model.safetensors")
    return folder / "model.safetensors", lambda: FaceModel.load(folder / "model.safetensors")


def networks(folder: Path) -> Reader:
    """A trained network (safetensors)."""
    path, network = folder / "model.safetensors", nn.Linear(4, 3)
    save_networks(path, {"net": network}, {"stage": "train"})
    return path, lambda: load_networks(path, {"net": network})


def torch_weights(folder: Path) -> Reader:
    """Published weights as torch writes them (a zip with a pickle, of which only tensors are read)."""
    torch.save(nn.Linear(4, 3).state_dict(), folder / "backbone.pth")
    return folder / "backbone.pth", lambda: read_state(folder / "backbone.pth")


def pickled_module(folder: Path) -> Reader:
    """A network as the authors keep theirs: a zip with a whole pickled module, whose classes are never built."""
    state = {"last.weight": torch.randn(2, 3), "last.bias": torch.zeros(2)}
    path = write_module(folder / "unet_000010.model", SEGMENTATION, state)
    return path, lambda: read_module(path)


def pickled_arrays(folder: Path) -> Reader:
    """A pickle of arrays, as the authors' face crop is."""
    path = folder / "idxes_crop.pkl"
    path.write_bytes(pickle.dumps({"points": np.arange(9), "cells": [np.ones((3, 4)), (1, "x")]}, protocol=2))
    return path, lambda: read_pickled_arrays(path)


def published_safetensors(folder: Path) -> Reader:
    """Published weights as safetensors."""
    save_networks(folder / "backbone.safetensors", {"net": nn.Linear(4, 3)}, {})
    return folder / "backbone.safetensors", lambda: read_state(folder / "backbone.safetensors")


def checkpoint(folder: Path) -> Reader:
    """A checkpoint; a damaged one counts as none."""
    kept = Checkpoint(folder / "checkpoint.pt", "key", 1)
    kept.save({"step": 1, "networks": {"net": nn.Linear(4, 3).state_dict()}})
    return kept.path, kept.load


def _mesh() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return RNG.normal(size=(8, 3)), RNG.integers(0, 8, (9, 3)), RNG.random((8, 3))


def obj(folder: Path) -> Reader:
    """A scan or prediction as .obj."""
    write_obj(folder / "x.obj", *_mesh())
    return folder / "x.obj", lambda: read_mesh(folder / "x.obj")


def ply(folder: Path) -> Reader:
    """A prediction as binary .ply."""
    write_ply(folder / "x.ply", *_mesh())
    return folder / "x.ply", lambda: read_mesh(folder / "x.ply")


def text_ply(folder: Path) -> Reader:
    """A prediction as text .ply."""
    head = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n"
    head += "element face 1\nproperty list uchar int vertex_indices\nend_header\n"
    write_text(folder / "x.ply", head + "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    return folder / "x.ply", lambda: read_mesh(folder / "x.ply")


def mixed_ply(folder: Path) -> Reader:
    """A binary .ply of polygons, strips and an element of its own, a texture in its header, a newline at its end."""
    head = b"ply\nformat binary_big_endian 1.0\ncomment TextureFile x.png\nelement vertex 6\nproperty float x\n"
    head += b"property float y\nproperty float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n"
    head += b"element camera 2\nproperty list ushort short steps\nproperty double focal\nelement face 3\n"
    head += b"property uchar flag\nproperty list uchar int vertex_indices\nproperty list uint float texcoord\n"
    head += b"element tristrips 1\nproperty list int int vertex_indices\nend_header\n"
    body = b"".join(struct.pack(">fffBBB", *RNG.normal(size=3), 1, 2, 3) for _ in range(6))
    body += b"".join(struct.pack(f">H{count}hd", count, *range(count), 1.0) for count in (2, 0))
    for face in ((0, 1, 2), (2, 3, 4, 5), (5, 4, 3, 2, 1)):
        body += struct.pack(f">BB{len(face)}iIff", 1, len(face), *face, 2, 0.5, 0.5)
    body += struct.pack(">i6i", 6, 0, 1, 2, -1, 3, 4)
    (folder / "x.ply").write_bytes(head + body + b"\n")
    return folder / "x.ply", lambda: read_mesh(folder / "x.ply")


def encoded_obj(folder: Path) -> Reader:
    """An .obj as other programs write it: UTF-16 behind its mark, a material, polygons, indents, some colours."""
    text = "# Müller \\\n mtllib x.mtl\nv 0 0 0 1 0 0\n\tv 1 0 0\r\nv 0 1 0 1\rv 0 0 1\n"
    text += "f 1/1 2/2 \\\n3/3 4\n f -1//1 2 3\n"
    (folder / "x.obj").write_bytes(text.encode("utf-16"))
    warnings.filterwarnings("ignore", message=".*colours on some vertices")
    return folder / "x.obj", lambda: read_mesh(folder / "x.obj")


def marked_points(folder: Path) -> Reader:
    """A .pp with a byte order mark, a declared encoding and a name in it."""
    points = "".join(f' <point x="{k}" y="0.5" z="-1e-3" active="1" name="{k}"/>\n' for k in range(7))
    text = f'<?xml version="1.0" encoding="latin-1"?><P><templateName name="Müller"/>{points}</P>'
    (folder / "x.pp").write_bytes(text.encode("utf-8-sig"))
    return folder / "x.pp", lambda: read_picked_points(folder / "x.pp")


def marked_list(folder: Path) -> Reader:
    """A user's list in UTF-16 with names that are not ASCII."""
    (folder / "list.txt").write_bytes("é.jpg\r\n2.jpg\r\n".encode("utf-16"))
    return folder / "list.txt", lambda: read_list(folder / "list.txt", ("é.jpg", "2.jpg", "3.jpg"))


def picked_points(folder: Path) -> Reader:
    """MeshLab's .pp of a NoW scan."""
    points = "".join(f' <point x="{k}" y="0.5" z="-1e-3" active="1" name="{k}"/>\n' for k in range(7))
    write_text(folder / "x.pp", f"<!DOCTYPE PickedPoints>\n<PickedPoints>\n{points}</PickedPoints>\n")
    return folder / "x.pp", lambda: read_picked_points(folder / "x.pp")


def landmarks_text(folder: Path) -> Reader:
    """NoW's seven points as text."""
    write_text(folder / "x.txt", "\n".join("1.5 -2 3e1" for _ in range(7)))
    return folder / "x.txt", lambda: read_landmarks(folder / "x.txt")


def array(folder: Path) -> Reader:
    """A .npy array."""
    write_npy(folder / "x.npy", RNG.normal(size=(7, 3)))
    return folder / "x.npy", lambda: (read_npy(folder / "x.npy"), read_npy(folder / "x.npy", memory_map=True))


def landmark_table(folder: Path) -> Reader:
    """68 landmarks an image as CSV."""
    write_landmark_table(folder / "x.csv", {f"{k}.jpg": RNG.normal(size=(68, 2)) for k in range(3)})
    return folder / "x.csv", lambda: read_landmark_table(folder / "x.csv")


def given_landmarks(folder: Path) -> Reader:
    """Landmarks given for photographs, by path and by name, one a face, some upside down."""
    mean = 100 + MEAN_FACE[:, :2]
    text = "".join(f"{name}, {', '.join(map(str, mean.ravel()))}\n" for name in ("é.jpg", "p1/a.jpg", "p1/a.jpg"))
    write_text(folder / "x.csv", text)

    def read() -> None:
        table = LandmarkTable.read(folder / "x.csv").among([Path("p1/a.jpg"), Path("p2/a.jpg")])
        table.faces(Path("p1/a.jpg"))
        table.faces(Path("p1/a.jpg"), (200, 200))  # y upwards: always refused

    try:
        read()
    except FocusError:
        return folder / "x.csv", lambda: _refusing(read)
    raise AssertionError("landmarks with y upwards pass")


def _refusing(read: Callable[[], object]) -> None:
    try:
        read()
    except FocusError as error:
        assert "\n" not in str(error)


def ar_raw(folder: Path) -> Reader:
    """An AR raw image."""
    (folder / "m-001-01.raw").write_bytes(bytes(RAW_BYTES))
    return folder / "m-001-01.raw", lambda: read_raw(folder / "m-001-01.raw")


def _picture(folder: Path, name: str) -> Reader:
    pixels = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / name, exif=Image.Exif())
    return folder / name, lambda: read_image(folder / name)


def png(folder: Path) -> Reader:
    """A picture as PNG."""
    return _picture(folder, "x.png")


def jpeg(folder: Path) -> Reader:
    """A picture as JPEG."""
    return _picture(folder, "x.jpg")


def photograph(folder: Path) -> Reader:
    """A person's photograph, turned by EXIF, with a colour profile of its own."""
    profile, turned = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes(), Image.Exif()
    turned[0x0112] = 6
    pixels = RNG.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "x.jpg", exif=turned, icc_profile=profile)
    return folder / "x.jpg", lambda: read_photo(folder / "x.jpg")


def bundle_header(folder: Path) -> Reader:
    """What a model for photographs says of itself: sizes of its networks, thresholds, its card."""
    with safe_open(bundles.write_model(folder), "pt") as whole:
        header, tensors = whole.metadata()["focus"], {name: whole.get_tensor(name) for name in whole.keys()}  # noqa: SIM118 - not a mapping

    def read() -> None:
        text = (folder / "header.json").read_text(encoding="utf-8", errors="replace")
        save_file(tensors, folder / "model.safetensors", {"focus": text})
        load_bundle(folder / "model.safetensors")

    write_text(folder / "header.json", header)
    return folder / "header.json", read


def rendering(folder: Path) -> Reader:
    """Another method's rendering with its mask as alpha."""
    write_png(folder / "x.png", RNG.integers(0, 2, (20, 20, 4), dtype=np.uint8) * np.uint8(255))
    return folder / "x.png", lambda: read_rendering(folder / "x.png", 20)


def face_mask(folder: Path) -> Reader:
    """Another method's mask."""
    write_png(folder / "x.png", RNG.integers(0, 2, (20, 20), dtype=np.uint8) * np.uint8(255))
    return folder / "x.png", lambda: read_face_mask(folder / "x.png", 20)


def own_list(folder: Path) -> Reader:
    """A user's own list of test images."""
    write_text(folder / "list.txt", "1.jpg\n2.jpg\n")
    return folder / "list.txt", lambda: read_list(folder / "list.txt", ("1.jpg", "2.jpg", "3.jpg"))


def params(folder: Path) -> Reader:
    """params.yaml."""
    write_text(folder / "params.yaml", (ROOT / "params.yaml").read_text())
    return folder / "params.yaml", lambda: read_params(folder)


def profile(folder: Path) -> Reader:
    """A profile."""
    write_text(folder / "profiles/smoke.yaml", (ROOT / "profiles/smoke.yaml").read_text())
    return folder / "profiles/smoke.yaml", lambda: read_profile("smoke", folder)


def now_list(folder: Path) -> Reader:
    """NoW's list of images."""
    write_text(folder / "list.txt", "a/selfie/1.jpg\nb/multiview_neutral/2.jpg\n")
    return folder / "list.txt", lambda: read_image_list(folder / "list.txt")


def celeba_mapping(folder: Path) -> Reader:
    """CelebAMask-HQ's mapping to CelebA."""
    write_text(folder / "mapping.txt", "idx orig_idx orig_file\n0 119613 119614.jpg\n1 99094 099095.jpg\n")
    return folder / "mapping.txt", lambda: read_mapping(folder / "mapping.txt")


def packed_index(folder: Path) -> Reader:
    """The index of a packed set."""
    image = np.zeros((4, 4, 3), np.uint8)
    pack(folder / "set", [Sample(f"{k}.png", image, image[..., 0], np.zeros((68, 2)), "s") for k in range(3)])
    return folder / "set/index.csv", lambda: PackedSet(folder / "set")[0]


def scans(folder: Path) -> Reader:
    """NoW's scans, packed (a zip of arrays)."""
    np.savez(folder / "scans.npz", **{"a/vertices": np.zeros((3, 3)), "a/landmarks": np.zeros((7, 3))})
    return folder / "scans.npz", lambda: read_scans(folder)


def json_file(folder: Path) -> Reader:
    """A report in JSON."""
    write_json(folder / "x.json", {"images": 3, "left_out": {"a.jpg": "no face"}})
    return folder / "x.json", lambda: read_json(folder / "x.json")


def dvc_lock(folder: Path) -> Reader:
    """A dvc.lock given to `focus verify --against`."""
    stage = "{outs: [{path: data/a, md5: 1a.dir}], deps: [{path: src, md5: 2b}], params: {profiles/demo.yaml: {x: 1}}}"
    write_text(folder / "dvc.lock", f"schema: '2.0'\nstages:\n  a: {stage}\n")
    return folder / "dvc.lock", lambda: verify.read_lock(folder / "dvc.lock")


READERS = (bfm, face_model, networks, torch_weights, published_safetensors, checkpoint, obj, ply, text_ply)
READERS += (picked_points, landmarks_text, array, landmark_table, ar_raw, png, jpeg, params, profile)
READERS += (rendering, face_mask, own_list, now_list, celeba_mapping, packed_index, scans, json_file, dvc_lock)
READERS += (photograph, bundle_header, mixed_ply, encoded_obj, marked_points, marked_list)
READERS += (given_landmarks, foreign_bfm, pickled_module, pickled_arrays)

WORDS = [b"nan", b"-1", b"1e999", b"9" * 20, b"0" * 5000, b"[" * 3000, b"{", b"<", b'"', b",", b": ", b" ", b"\n"]
WORDS += [b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe\0\0", b"\x85", b"\\\n", b"\xcd\xb7\\", b"4294967295", b"-2147483648"]
WORDS += [b"\0", b"\xff\xfe", b"\xf0\x9f\x98\x80", b"../../", b"&a [*a, *a]", b"!!python/object/apply:os.system [x]"]
PLACE = st.floats(0, 1, exclude_max=True)
EDIT = st.one_of(
    st.tuples(st.just("cut"), PLACE, st.just(b"")),
    st.tuples(st.just("overwrite"), PLACE, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("insert"), PLACE, st.sampled_from(WORDS)),
    st.tuples(st.just("replace"), PLACE, st.sampled_from(WORDS)),
    st.tuples(st.just("repeat"), PLACE, st.binary(min_size=1, max_size=3)),
    st.tuples(st.just("erase"), PLACE, st.binary(min_size=1, max_size=40)),
)
PLAIN = settings(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
EDITS = st.lists(EDIT, min_size=1, max_size=4)


def mutated(content: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    """Return `content` with each edit made at its place, a share of the length."""
    for kind, place, word in edits:
        at = int(place * len(content))
        before, after = content[:at], content[at:]
        content = {
            "cut": before,
            "overwrite": before + word + after[len(word) :],
            "insert": before + word + after,
            "replace": before + word + after.lstrip(b"0123456789.-")[1:],
            "repeat": before + after[:40] * len(word) * 7 + after,
            "erase": before + after[len(word) :],
        }[kind]
    return content


def attack(reader: Callable[[Path], Reader], folder: Path, count: int) -> int:
    """Feed a reader mutated inputs; return how many. Raises what a reader must not."""
    folder.mkdir(parents=True)
    path, read = reader(folder)
    whole, tried = path.read_bytes(), 0
    read()

    @settings(
        max_examples=count, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(EDITS)
    def one(edits: list[tuple[str, float, bytes]]) -> None:
        nonlocal tried
        tried += 1
        path.write_bytes(mutated(whole, edits))
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            read()
        except FocusError as error:
            assert "\n" not in str(error) and len(str(error)) < 1000, f"not one line: {error}"
            assert not isinstance(error.__context__, MemoryError), f"over {BYTES:,} bytes: {error}"
        finally:
            faulthandler.cancel_dump_traceback_later()

    one()
    return tried


def main(folder: Path, count: int) -> int:
    """Attack every reader; return the number of those that failed."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, resource.RLIM_INFINITY))
    failures = 0
    for reader in READERS:
        print(f"{reader.__name__}: ", end="", flush=True)  # the last line names the reader that ended the process
        try:
            print(f"{attack(reader, folder / reader.__name__, count)} mutations", flush=True)
        except Exception:
            failures += 1
            print(f"failed\n{traceback.format_exc()}", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]), int(sys.argv[2])) else 0)
