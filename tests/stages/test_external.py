"""Emulated predictions of another method, from params.yaml to rows and claims."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import tiny
from focus.datasets.images import write_png
from focus.datasets.meshes import write_obj
from focus.datasets.packed import pack
from focus.datasets.sample import Sample
from focus.errors import FocusError
from focus.files import read_json, write_text
from focus.settings import Params
from focus.stages import external, paths, subsets
from focus.stages.common import results
from focus.stages.tables import server_values

LINES = [f"s/{challenge}/IMG_000{k}.jpg" for k, challenge in enumerate(("selfie", "multiview_occlusions"))]


@pytest.fixture
def packed(project):
    """Four CelebA images in two subsets, one AR image, two NoW images of a person whose scan is the mean face."""
    faces = tiny.packed_faces(project / "faces", 4)
    pack(paths.PACKED / "celeba_test", [faces[i] for i in range(4)])
    ar = faces[0]
    pack(paths.PACKED / "ar", [Sample("m-001-21.raw", ar.image, ar.visible_face, ar.landmarks, "m-001", "glasses")])
    now = [
        Sample(line, faces[i].image, None, faces[i].landmarks, "s", "", {"challenge": line.split("/")[1]})
        for i, line in enumerate(LINES)
    ]
    pack(paths.PACKED / "now", now)
    model = tiny.face_model()
    vertices = model.shape_mean.double().numpy()
    seven = vertices[model.landmarks_now.numpy()]
    np.savez(paths.PACKED / "now" / "scans.npz", **{"s/vertices": vertices, "s/landmarks": seven})
    lists = {"celeba_unoccluded": "0.png\n1.png\n", "celeba_occluded": "2.png\n", "now_unoccluded": LINES[0] + "\n"}
    for name, text in {**lists, "now_occluded": LINES[1] + "\n"}.items():
        write_text(paths.LISTS / f"{name}.txt", text)
    return faces


@pytest.fixture
def given(packed, project) -> SimpleNamespace:
    """Emulated predictions: every image reconstructed exactly, half of it rendered; NoW: the scan itself."""
    alpha = np.zeros((packed.size, packed.size), np.uint8)
    alpha[packed.size // 2 :] = 255
    for place in ("CelebA/0.png", "CelebA/1.png", "CelebA/2.png", "AR/m-001-21.png"):
        target = packed.images[int(place[7]) if place.startswith("CelebA") else 0]
        write_png(project / "theirs/images" / place, np.dstack([target, alpha]))
        write_png(project / "theirs/masks" / place, alpha)
    model = tiny.face_model()
    vertices = model.shape_mean.double().numpy()
    for line in LINES:
        stem = (project / "theirs/now" / line).with_suffix("")
        write_obj(stem.with_suffix(".obj"), vertices, model.triangles.numpy())
        np.save(stem.with_suffix(".npy"), vertices[model.landmarks_now.numpy()])
    theirs = {key: f"theirs/{key}" for key in ("now", "images", "masks")}
    test = {"median_mm": 1.1, "mean_mm": 1.4, "std_mm": 1.2}
    return external_settings(project, {"Deep3D": {**theirs, "now_test": test}, "RingNet": {"now_test": test}})


def external_settings(project, value: dict) -> SimpleNamespace:
    import yaml

    content = yaml.safe_load((project / "params.yaml").read_text())
    return SimpleNamespace(external=Params.model_validate({**content, "external": value}).external)


def test_a_method_gets_its_rows(given):
    """Another method's predictions would miss a table, or stand in it as the run's own."""
    external.work(given)
    found = results([], given.external)
    assert found.methods("external") == ["Deep3D"]
    celeba = found.rows("external", "Deep3D", "CelebA")
    assert list(zip(celeba["image"], celeba["subset"], strict=True)) == [
        ("0.png", "unoccluded"), ("1.png", "unoccluded"), ("2.png", "occluded")
    ]  # fmt: skip
    assert (celeba["rmse"] == 0).all() and celeba["f1"].notna().all()
    assert list(found.rows("external", "Deep3D", "AR")["subset"]) == ["glasses"]
    pooled = found.pooled["external", "Deep3D"]
    assert {name: figures["images"] for name, figures in pooled.items()} == {"all": 2, "unoccluded": 1, "occluded": 1}
    assert pooled["all"]["median"] < 1e-5
    assert server_values(given) == {key: {"median": 1.1, "mean": 1.4, "std": 1.2} for key in ("Deep3D", "RingNet")}


def test_what_is_missing_is_counted(given, project, caplog):
    """A method would win by leaving out hard images, unseen."""
    (project / "theirs/images/CelebA/1.png").unlink()
    external.work(given)
    report = read_json(paths.EXTERNAL / "methods.json")["Deep3D"]["CelebA"]
    assert report["measured"] == 2 and list(report["left_out"]) == ["1.png"]
    assert "Deep3D: CelebA: 1 images left out, the first: 1.png" in caplog.text


def test_no_method_leaves_a_file(packed):
    """DVC and git would have no out to keep, and run the stage again in every clone."""
    external.work(SimpleNamespace(external={}))
    assert read_json(paths.EXTERNAL / "methods.json") == {}


def test_a_folder_without_test_sets(given, project):
    """A mistyped path would give a method without rows, and no word."""
    wrong = external_settings(project, {"Other": {"images": "theirs"}})
    with pytest.raises(FocusError, match="theirs: found neither CelebA nor AR in it"):
        external.work(wrong)
    assert not paths.EXTERNAL.exists()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"X": {"masks": "m"}}, "masks without images"),
        ({"X": {}}, "found nothing"),
        ({"FOCUS": {"now": "n"}}, "'FOCUS', a method of this run"),
        ({"X": {"now": "n", "pictures": "p"}}, "pictures"),
    ],
)
def test_settings_that_cannot_be(project, value, reason):
    """A wrong entry would be found only by its missing rows."""
    with pytest.raises(ValueError, match=reason):
        external_settings(project, value)


def test_a_users_lists_replace_the_rules(packed, project, monkeypatch):
    """A given list would not reach results/lists, or an image count in two subsets."""
    monkeypatch.setattr(subsets.build, "face_model", tiny.face_model)
    write_text(project / "mine.txt", "3.png\n")
    lists = dict.fromkeys(("celeba_unoccluded", "celeba_occluded", "now_unoccluded", "now_occluded"))
    settings = SimpleNamespace(
        evaluation=SimpleNamespace(celeba_unoccluded=2, celeba_occluded=2, now_pairs=1),
        lists={**lists, "celeba_unoccluded": project / "mine.txt", "celeba_occluded": project / "other.txt"},
    )
    write_text(project / "other.txt", "0.png\n2.png\n")
    subsets.work(settings)
    assert (paths.LISTS / "celeba_unoccluded.txt").read_text() == "3.png\n"
    assert (paths.LISTS / "celeba_occluded.txt").read_text() == "0.png\n2.png\n"
    write_text(project / "other.txt", "3.png\n")
    with pytest.raises(FocusError, match=r"lists: found 1 images in both celeba lists, such as 3.png"):
        subsets.work(settings)
