"""Anybody's predictions: emulated here, measured as the run's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiny
from focus.datasets.images import write_png
from focus.datasets.meshes import write_obj
from focus.datasets.packed import PackedSet
from focus.datasets.scans import Scan
from focus.errors import FocusError
from focus.evaluation.external import measure_images, measure_now

SUBSETS = {"0.png": "unoccluded", "1.png": "occluded", "2.png": "occluded"}


@pytest.fixture
def packed(tmp_path) -> PackedSet:
    return tiny.packed_faces(tmp_path / "packed", 4)


@pytest.fixture
def folder(packed, tmp_path) -> Path:
    """Predictions 10 grey levels too bright, rendered in the right half; the mask: the upper half is face."""
    for name, target in zip(packed.names, packed.images, strict=True):
        alpha = np.zeros(target.shape[:2], np.uint8)
        alpha[:, target.shape[1] // 2 :] = 255
        face = np.zeros_like(alpha)
        face[: len(face) // 2] = 255
        brighter = np.minimum(target.astype(int) + 10, 255).astype(np.uint8)
        write_png(tmp_path / "images" / name, np.dstack([brighter, alpha]))
        write_png(tmp_path / "masks" / name, face)
    return tmp_path


def test_figures_by_hand(packed, folder):
    """Another method's rows would be of other pixels than the run's: the rendered ones are alpha's."""
    measured = measure_images(packed, "CelebA", SUBSETS, folder / "images", folder / "masks")
    assert [(row["image"], row["subset"]) for row in measured.rows] == list(SUBSETS.items()) and not measured.left_out
    half = packed.size // 2
    for position, row in enumerate(measured.rows):
        target, visible = packed.images[position][:, half:].astype(int), packed.visible[position][:, half:] > 0
        assert row["testset"] == "CelebA"
        assert row["rmse"] == pytest.approx(np.sqrt((np.minimum(10, 255 - target[visible]) ** 2).mean()))
        assert row["acc"] == pytest.approx((visible[:half].sum() + (~visible[half:]).sum()) / visible.size)


def test_without_masks_there_are_no_scores(packed, folder):
    """A method that only reconstructs would get segmentation figures."""
    assert "f1" not in measure_images(packed, "AR", SUBSETS, folder / "images", None).rows[0]


def test_endings_in_capitals(packed, folder):
    """Another method's 1.PNG would be said to be missing; the file of the exact name counts before it."""
    measured = [measure_images(packed, "CelebA", SUBSETS, folder / "images", folder / "masks")]
    for kind in ("images", "masks"):
        (folder / kind / "1.png").rename(folder / kind / "1.PNG")
        (folder / kind / "2.PNG").write_bytes(b"")
    measured += [measure_images(packed, "CelebA", SUBSETS, folder / "images", folder / "masks")]
    assert measured[0] == measured[1]


def spoil_missing(folder: Path) -> None:
    (folder / "images" / "1.png").unlink()


def spoil_size(folder: Path) -> None:
    Image.open(folder / "images" / "1.png").resize((16, 16)).save(folder / "images" / "1.png")


def spoil_alpha(folder: Path) -> None:
    Image.open(folder / "images" / "1.png").convert("RGB").save(folder / "images" / "1.png")


def spoil_region(folder: Path) -> None:
    image = np.array(Image.open(folder / "images" / "1.png"))
    image[..., 3] //= 255
    write_png(folder / "images" / "1.png", image)


def spoil_mask_size(folder: Path) -> None:
    Image.open(folder / "masks" / "1.png").resize((16, 24)).save(folder / "masks" / "1.png")


def spoil_mask_scale(folder: Path) -> None:
    write_png(folder / "masks" / "1.png", np.array(Image.open(folder / "masks" / "1.png")) // 255)


def spoil_mask_classes(folder: Path) -> None:
    mask = np.array(Image.open(folder / "masks" / "1.png"))
    write_png(folder / "masks" / "1.png", np.where(mask > 0, 2, 0).astype(np.uint8))


def spoil_mask_alpha(folder: Path) -> None:
    mask = np.array(Image.open(folder / "masks" / "1.png").convert("L"))
    write_png(folder / "masks" / "1.png", np.dstack([np.full((*mask.shape, 3), 255, np.uint8), mask]))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_missing, "images/1.png: no such file"),
        (spoil_size, "images/1.png: 16x16 pixels, expected 32x32"),
        (spoil_alpha, "images/1.png: RGB without an alpha channel"),
        (spoil_region, "images/1.png: alpha up to 1, expected 255"),
        (spoil_mask_size, "masks/1.png: 16x24 pixels, expected 32x32"),
        (spoil_mask_scale, "masks/1.png: values 0 and 1, expected 0 to 255"),
        (spoil_mask_classes, "masks/1.png: values 0 and 2, expected 0 to 255"),
        (spoil_mask_alpha, "masks/1.png: found transparency, expected grey"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_named(packed, folder, spoil, reason):
    """A missing, mis-scaled or mis-sized prediction would vanish, end the run, or get a value."""
    spoil(folder)
    measured = measure_images(packed, "CelebA", SUBSETS, folder / "images", folder / "masks")
    assert [row["image"] for row in measured.rows] == ["0.png", "2.png"]
    assert list(measured.left_out) == ["1.png"] and reason in measured.left_out["1.png"]
    assert "\n" not in measured.left_out["1.png"]


def test_nothing_usable_is_an_error(packed, tmp_path):
    """A mistyped folder would give a method without rows, and no word."""
    with pytest.raises(FocusError, match=r"none of 3 predictions usable.*the first: .*0.png: no such file"):
        measure_images(packed, "CelebA", SUBSETS, tmp_path / "nowhere", None)


def test_meshes_in_now_form(packed, tmp_path):
    """Tables 2, 3 and 5 would lack a method, or take a broken mesh for a face."""
    model = tiny.face_model()
    vertices, triangles = model.shape_mean.double().numpy(), model.triangles.numpy()
    points = vertices[model.landmarks_now.numpy()]
    lines = [f"s{i % 2}/selfie/{name}" for i, name in enumerate(packed.names)]
    for row, line in zip(packed.index, lines, strict=True):
        row["name"] = line
        write_obj((tmp_path / "now" / line).with_suffix(".obj"), vertices, triangles)
        np.save((tmp_path / "now" / line).with_suffix(".npy"), points)
    broken = vertices.copy()
    broken[5] = np.nan
    write_obj((tmp_path / "now" / lines[1]).with_suffix(".obj"), broken, triangles)
    (tmp_path / "now" / lines[2]).with_suffix(".npy").unlink()
    scans = {name: Scan(vertices, points) for name in ("s0", "s1")}
    measured = measure_now(packed, scans, tmp_path / "now", {lines[0]: "occluded"})
    assert [row["image"] for row in measured.rows] == [lines[0], lines[3]]
    assert measured.rows[0]["subset"] == "occluded" and measured.rows[0]["now_median"] < 1e-5
    assert [len(measured.errors[name]) for name in ("all", "occluded", "unoccluded")] == [2, 1, 0]
    assert list(measured.left_out) == lines[1:3] and "no landmarks" in measured.left_out[lines[2]]
