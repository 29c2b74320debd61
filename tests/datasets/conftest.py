"""Small sets in the published layouts, written by code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from focus.datasets.ar import HEIGHT, LABEL_COLOURS, WIDTH
from focus.datasets.images import write_png
from focus.datasets.meshes import write_obj
from focus.files import write_bytes, write_text

TETRAHEDRON = np.array([[0.0, 0, 0], [10, 0, 0], [0, 10, 0], [0, 0, 10]])
TETRAHEDRON_FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
PICKED_POINTS = np.arange(21, dtype=float).reshape(7, 3) / 2


def picked_points_xml(points: np.ndarray) -> str:
    """MeshLab's own form, its DOCTYPE line included."""
    rows = [f' <point x="{x}" y="{y}" z="{z}" active="1" name="{i}"/>' for i, (x, y, z) in enumerate(points)]
    head = (
        '<!DOCTYPE PickedPoints>\n<PickedPoints>\n <DocumentData>\n  <DataFileName name="scan.obj"/>\n </DocumentData>'
    )
    return "\n".join([head, *rows, "</PickedPoints>", ""])


@pytest.fixture
def celeba(tmp_path: Path) -> Path:
    """Three images of 64 px: 0 in train, 1 in val, 2001 in test; skin left half, hair over its upper half."""
    root = tmp_path / "celeba"
    (root / "CelebA-HQ-img").mkdir(parents=True)
    rows = [(0, 5, "000006.jpg"), (1, 162771, "162772.jpg"), (2001, 182638, "182639.jpg")]
    lines = [f"{k:<8}{original:<10}{name}" for k, original, name in rows]
    write_text(root / "CelebA-HQ-to-CelebA-mapping.txt", "\n".join(["idx     orig_idx  orig_file", *lines, ""]))
    for k, _, _ in rows:
        Image.new("RGB", (64, 64), (200, 150, 120)).save(root / "CelebA-HQ-img" / f"{k}.jpg")
        folder = root / "CelebAMask-HQ-mask-anno" / str(k // 2000)
        skin, hair = np.zeros((512, 512, 3), np.uint8), np.zeros((512, 512, 3), np.uint8)
        skin[:, :256], hair[:256] = 255, 255
        write_png(folder / f"{k:05d}_skin.png", skin)
        write_png(folder / f"{k:05d}_hair.png", hair)
    return root


@pytest.fixture
def ar(tmp_path: Path) -> Path:
    """Three images of one man (codes 1, 21, 24) and one of a woman in the other naming form; masks for code 24."""
    root = tmp_path / "ar"
    for k, name in enumerate(["m-001-01.raw", "m-001-21.raw", "m-001-24.raw", "CW_002_6.RAW"]):
        image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        image[..., 0], image[..., 1], image[..., 2] = np.arange(WIDTH) % 256, np.arange(HEIGHT)[:, None] % 256, k
        write_bytes(root / "raw" / name, image.transpose(2, 0, 1).tobytes())
    labels, ellipse = np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    for row, colour in enumerate(LABEL_COLOURS.values()):
        labels[row] = colour
    ellipse[:300] = 255
    write_png(root / "labels" / "m-001-24.png", labels)
    write_png(root / "faceEllipse" / "m-001-24.png", ellipse)
    return root


@pytest.fixture
def now(tmp_path: Path) -> Path:
    """One person with two pictures, a scan and its picked points."""
    root = tmp_path / "now"
    names = ["person_A/selfie/IMG_0001.jpg", "person_A/multiview_neutral/IMG_0002.jpg"]
    write_text(root / "imagepathsvalidation.txt", "\n".join(names) + "\n")
    for name in names:
        path = root / "NoW_Dataset/final_release_version/iphone_pictures" / name
        path.parent.mkdir(parents=True)
        Image.new("RGB", (48, 64), (10, 200, 30)).save(path)
    write_obj(root / "scans/person_A/scan.obj", TETRAHEDRON, TETRAHEDRON_FACES)
    write_text(root / "scans_lmks_onlypp/person_A/scan.pp", picked_points_xml(PICKED_POINTS))
    return root


@pytest.fixture
def one_line() -> Callable[[BaseException], bool]:
    """Whether an error's message is one line."""
    return lambda error: "\n" not in str(error) and len(str(error)) < 600
