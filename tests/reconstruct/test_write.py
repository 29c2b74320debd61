"""Everything a face's folder holds, opened by others' programs."""

import io
import json
from dataclasses import replace

import igl
import numpy as np
import pytest
import trimesh
from PIL import Image

import bundles
from focus.reconstruct.layout import uv_layout
from focus.reconstruct.overlay import GREEN, RED, Window, overlay
from focus.reconstruct.photo_view import Drawing
from focus.reconstruct.write import FILES, FaceWriter, png


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    image, points = bundles.photo()
    r = bundles.reconstructor()
    face = r(image, landmarks=points, fit=60)
    out = tmp_path_factory.mktemp("faces") / "face"
    FaceWriter(r.bundle).write(out, image, face)
    return out, image, face


def picture(folder, name: str) -> np.ndarray:
    return np.asarray(Image.open(folder / name))


def test_files(folder):
    """A file that the README names would be missing."""
    meshes = {f"{name}.{kind}" for name in ("mesh", "neutral") for kind in ("obj", "mtl", "png", "glb", "ply")}
    pictures = {"mask.png", "outliers.png", "overlay.png", "rendered.png"}
    assert {file.name for file in folder[0].iterdir()} == meshes | pictures | {"landmarks.csv", "parameters.json"}
    assert {file.name for file in folder[0].iterdir()} == FILES


@pytest.mark.parametrize("name", ["mesh", "neutral"])
@pytest.mark.parametrize("kind", ["obj", "glb"])
def test_textured_meshes_open(folder, name, kind):
    """A viewer would show a grey mesh, or a mesh of another size."""
    mesh = trimesh.load(folder[0] / f"{name}.{kind}", force="mesh", process=False)
    wanted = getattr(folder[2], {"mesh": "vertices", "neutral": "neutral"}[name])
    unit = 1000 if kind == "glb" else 1
    assert mesh.vertices.shape == wanted.shape and np.allclose(mesh.vertices * unit, wanted, atol=1e-3)
    material = mesh.visual.material
    texture = material.baseColorTexture if kind == "glb" else material.image
    assert texture.size == (512, 512) and np.asarray(texture.convert("RGB")).std() > 5
    assert mesh.visual.uv.shape == (len(wanted), 2)


def test_a_second_time_gives_the_same_bytes(folder, tmp_path):
    """A photograph's results would differ from run to run."""
    FaceWriter(bundles.bundle()).write(tmp_path / "again", *folder[1:])
    for file in folder[0].iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes(), file.name


@pytest.mark.parametrize("name", ["mesh", "neutral"])
def test_one_texture(folder, name):
    """The .glb would show another texture than the .obj, or encode it anew, which costs most of the writing."""
    assert picture(folder[0], f"{name}.png").shape == (512, 512, 3)
    assert (folder[0] / f"{name}.png").read_bytes() in (folder[0] / f"{name}.glb").read_bytes()


@pytest.mark.parametrize("name", ["mesh", "neutral"])
def test_vertex_colours(folder, name):
    """The .ply would be grey."""
    mesh = trimesh.load(folder[0] / f"{name}.ply", process=False)
    assert mesh.visual.kind == "vertex" and len(np.unique(mesh.visual.vertex_colors, axis=0)) > 50


def test_pictures_are_in_the_photographs_pixels(folder):
    """The mask would not lie on the face."""
    out, image, face = folder
    drawn = picture(out, "rendered.png")[..., 3] > 0
    mask, outliers = picture(out, "mask.png") > 0, picture(out, "outliers.png") > 0
    assert drawn.shape == mask.shape == image.shape[:2]
    assert np.array_equal(drawn, mask | outliers) and not (mask & outliers).any()
    inside = face.landmarks[27:].round().astype(int)  # all but the jaw
    assert drawn[inside[:, 1], inside[:, 0]].mean() > 0.95


def test_overlay_is_the_faces_part(folder):
    """The overlay would show another part of the photograph than parameters.json says."""
    out, image, face = folder
    place = json.loads((out / "parameters.json").read_text())["overlay"]
    left, top, width, height = (place[f"{name}_px"] for name in ("left", "top", "width", "height"))
    shown = picture(out, "overlay.png")
    assert shown.shape == (height, width, 3) and place["photograph_px_per_overlay_px"] == 1
    drawn = picture(out, "rendered.png")[..., 3][top : top + height, left : left + width] > 0
    dots = (np.abs(shown.astype(int) - GREEN).max(2) == 0) | (np.abs(shown.astype(int) - RED).max(2) == 0)
    outside = ~drawn & ~dots
    assert outside.mean() > 0.2
    assert np.array_equal(shown[outside], image[top : top + height, left : left + width][outside])
    for points in (face.landmarks, face.model_landmarks):
        assert (points > (left, top)).all() and (points < (left + width, top + height)).all()


def test_overlay_of_a_large_photograph_is_small(folder):
    """An overlay of 12 megapixels of noise would take 30 MB, which nobody can send."""
    face = folder[2]
    scale = 20.0
    noise = np.random.default_rng(0).integers(0, 256, (3200, 4000, 3), np.uint8)
    mapped = replace(face.transform, original=(4000, 3200))
    large = replace(
        face, landmarks=face.landmarks * scale, model_landmarks=face.model_landmarks * scale, transform=mapped
    )
    window = Window.around(large, noise.shape)
    drawing = Drawing(np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), bool), (2000, 1600))
    content = png(overlay(noise, large, drawing))
    assert len(content) < 3e6 and max(Image.open(io.BytesIO(content)).size) == 960
    middle = np.array([[window.left + window.width / 2 - 0.5, window.top + window.height / 2 - 0.5]])
    assert np.allclose(window.to_overlay(middle), [(side - 1) / 2 for side in window.size])


def test_parameters(folder):
    """A latent without unit, or a camera that projects elsewhere, would be of no use."""
    out, _, face = folder
    values = json.loads((out / "parameters.json").read_text())
    assert set(values["latents"]) == {"shape", "expression", "albedo", "light", "pose"}
    assert all(entry["unit"] and entry["values"] for entry in values["latents"].values())
    assert values["model"]["face_model_sha256"] == bundles.bundle().face_model.content_hash()
    assert set(values["outlier_fraction_by_region"]) == {
        "left eye", "right eye", "nose", "mouth", "forehead", "cheeks", "chin",
    }  # fmt: skip
    assert set(values["occlusion_score_parts"]) == {"nose", "cheeks", "forehead", "mouth", "chin"}
    assert isinstance(values["occluded"], bool) and values["occluded_from"]["threshold"] == 0.3
    camera = values["camera"]
    seen = face.posed @ np.array(camera["rotation"]).T + camera["translation_mm"]
    pixels = seen @ np.array(camera["matrix_px"]).T
    ids = bundles.bundle().face_model.landmarks68.numpy()
    assert np.allclose((pixels[:, :2] / pixels[:, 2:])[ids], face.model_landmarks, atol=0.05)


def test_landmark_file(folder):
    """Points would be in another order or frame than documented."""
    rows = np.loadtxt(folder[0] / "landmarks.csv", delimiter=",", skiprows=1)
    assert rows.shape == (68, 5) and np.allclose(rows[:, 1:3], folder[2].landmarks, atol=0.01)
    assert np.allclose(rows[:, 3:], folder[2].model_landmarks, atol=0.01)


def test_layout_has_no_overlaps():
    """Two parts of the face would share a place in the texture."""
    model = bundles.bundle().face_model
    uv = uv_layout(model.shape_mean.numpy(), model.triangles.numpy())
    a, b, c = (uv[model.triangles[:, i].numpy()] for i in range(3))
    areas = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]
    flat = areas < 1e-9  # what hangs on the rest by two vertices
    assert areas.min() > -1e-12 and flat.mean() < 0.005 and uv.min() > 0 and uv.max() < 1
    parts = igl.vertex_components(model.triangles.numpy()).max() + 1
    assert 1 < parts <= 5
    corners = (parts - 1) * np.pi * (0.44 * 2 * 0.085) ** 2  # eyes and the like, in corners of their own
    assert areas.sum() / 2 == pytest.approx(np.pi * 0.49**2 + corners, rel=0.02)
    chin, brow = uv[model.landmarks68[8]], uv[model.landmarks68[27]]
    assert brow[1] > chin[1] + 0.2  # upright
