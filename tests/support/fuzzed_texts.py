"""What fuzzing.py mutates: settings, lists, tables and reports."""

from __future__ import annotations

from pathlib import Path

from focus.commands import verify
from focus.datasets.celebamask_hq import read_mapping
from focus.datasets.landmark_check import MEAN_FACE
from focus.datasets.landmark_table import LandmarkTable, read_landmark_table, write_landmark_table
from focus.datasets.now import read_image_list
from focus.errors import FocusError
from focus.evaluation.subsets import read_list
from focus.files import read_json, read_npy, write_json, write_npy, write_text
from focus.settings import read_params, read_profile
from fuzzed import RNG, Reader, refusing
from projects import ROOT


def landmark_table(folder: Path) -> Reader:
    """68 landmarks per image as CSV."""
    write_landmark_table(folder / "x.csv", {f"{k}.jpg": RNG.normal(size=(68, 2)) for k in range(3)})
    return folder / "x.csv", lambda: read_landmark_table(folder / "x.csv")


def given_landmarks(folder: Path) -> Reader:
    """Landmarks given for photographs, by path and by name, one per face, some upside down."""
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
        return folder / "x.csv", lambda: refusing(read)
    raise AssertionError("landmarks with y upwards pass")


def own_list(folder: Path) -> Reader:
    """A user's own list of test images."""
    write_text(folder / "list.txt", "1.jpg\n2.jpg\n")
    return folder / "list.txt", lambda: read_list(folder / "list.txt", ("1.jpg", "2.jpg", "3.jpg"))


def marked_list(folder: Path) -> Reader:
    """A user's list in UTF-16 with names that are not ASCII."""
    (folder / "list.txt").write_bytes("é.jpg\r\n2.jpg\r\n".encode("utf-16"))
    return folder / "list.txt", lambda: read_list(folder / "list.txt", ("é.jpg", "2.jpg", "3.jpg"))


def now_list(folder: Path) -> Reader:
    """NoW's list of images."""
    write_text(folder / "list.txt", "a/selfie/1.jpg\nb/multiview_neutral/2.jpg\n")
    return folder / "list.txt", lambda: read_image_list(folder / "list.txt")


def celeba_mapping(folder: Path) -> Reader:
    """CelebAMask-HQ's mapping to CelebA."""
    write_text(folder / "mapping.txt", "idx orig_idx orig_file\n0 119613 119614.jpg\n1 99094 099095.jpg\n")
    return folder / "mapping.txt", lambda: read_mapping(folder / "mapping.txt")


def array(folder: Path) -> Reader:
    """A .npy array."""
    write_npy(folder / "x.npy", RNG.normal(size=(7, 3)))
    return folder / "x.npy", lambda: (read_npy(folder / "x.npy"), read_npy(folder / "x.npy", memory_map=True))


def json_file(folder: Path) -> Reader:
    """A report in JSON."""
    write_json(folder / "x.json", {"images": 3, "left_out": {"a.jpg": "no face"}})
    return folder / "x.json", lambda: read_json(folder / "x.json")


def params(folder: Path) -> Reader:
    """params.yaml."""
    write_text(folder / "params.yaml", (ROOT / "params.yaml").read_text())
    return folder / "params.yaml", lambda: read_params(folder)


def profile(folder: Path) -> Reader:
    """A profile."""
    write_text(folder / "profiles/smoke.yaml", (ROOT / "profiles/smoke.yaml").read_text())
    return folder / "profiles/smoke.yaml", lambda: read_profile("smoke", folder)


def dvc_lock(folder: Path) -> Reader:
    """A dvc.lock given to `focus verify --against`."""
    stage = "{outs: [{path: data/a, md5: 1a.dir}], deps: [{path: src, md5: 2b}], params: {profiles/demo.yaml: {x: 1}}}"
    write_text(folder / "dvc.lock", f"schema: '2.0'\nstages:\n  a: {stage}\n")
    return folder / "dvc.lock", lambda: verify.read_lock(folder / "dvc.lock")


READERS = (
    landmark_table,
    given_landmarks,
    own_list,
    marked_list,
    now_list,
    celeba_mapping,
    array,
    json_file,
    params,
    profile,
    dvc_lock,
)
