"""Face model, pose, light and picture against the authors' renderer on the same mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from focus.face_model import FaceModel
from focus.rendering import Renderer
from focus.rendering.camera import rotation_matrix, to_camera_frame
from focus.rendering.light import released_directions, shade
from focus.rendering.renderer import Rendering
from focus.rendering.topology import vertex_normals
from golden_set import GoldenSet, normal, smooth, uniform

DEVIATION = {"shape": 3.0, "expression": 2.0, "albedo": 0.04}
CENTRE = torch.tensor([0.0, 0.0, 100.0])  # mm, subtracted from the mean shape
AMBIENT = 0.7 * 2 * np.pi


@dataclass(frozen=True)
class Scene:
    """The rules' face model and parameters."""

    model: FaceModel
    parameters: dict[str, Tensor]
    probe: Tensor


@pytest.fixture(scope="module")
def figures(golden: GoldenSet) -> dict[str, np.ndarray]:
    """The authors' figures."""
    return golden.arrays("renderer")


@pytest.fixture(scope="module")
def scene(golden: GoldenSet, figures: dict[str, np.ndarray]) -> Scene:
    """What they were computed from."""
    name, faces = golden.name, len(figures["pose"])
    rows, columns = golden.numbers(r"grid mesh of (\d+), (\d+)", 50, 48)
    nodes = golden.numbers(r'normal\(f"\{SET\}/3dmm/\{name\}", k, 3, (\d+), (\d+)\)', 7, 7)
    counts = {part: figures[f"grad_{part}"].shape[1] for part in DEVIATION}

    def basis(part: str) -> Tensor:
        count = counts[part]
        field = smooth(normal(f"{name}/3dmm/{part}", count, 3, *nodes), rows, columns).reshape(count, 3, rows * columns)
        variance = (DEVIATION[part] ** 2 / (1 + np.arange(count))).astype(np.float32)
        return torch.from_numpy(field.transpose(2, 1, 0).reshape(-1, count).astype(np.float32) * np.sqrt(variance))

    def mean(key: str) -> Tensor:
        return torch.from_numpy(figures[key]).view(-1, 3)

    landmarks = torch.from_numpy(figures["landmark_ids"].astype(np.int64))
    model = FaceModel(
        shape_mean=mean("mean_shape") - CENTRE,
        shape_basis=basis("shape"),
        expression_mean=mean("mean_expression"),
        expression_basis=basis("expression"),
        albedo_mean=mean("mean_colour"),
        albedo_basis=basis("albedo"),
        triangles=torch.from_numpy(figures["cells"].astype(np.int64)),
        landmarks68=landmarks,
        landmarks_now=landmarks[:7],
        name="a grid",
        licence="made by a rule",
    )
    parameters = {
        part: torch.from_numpy((0.8 * normal(f"{name}/3dmm/coef_{part}", faces, count)).astype(np.float32))
        for part, count in counts.items()
    }
    parameters["light"] = torch.from_numpy((0.3 * normal(f"{name}/3dmm/light", faces, 27)).astype(np.float32))
    parameters["pose"] = torch.from_numpy(figures["pose"])
    size = figures["image_stride4"].shape[-1] * 4
    probe = torch.from_numpy(uniform(f"{name}/3dmm/probe", faces, 3, size, size).astype(np.float32))
    return Scene(model, {part: value.requires_grad_() for part, value in parameters.items()}, probe)


@pytest.fixture(scope="module")
def drawn(scene: Scene) -> Rendering:
    """The scene in the released form."""
    renderer = Renderer(scene.model.triangles, scene.probe.shape[-1], normals="released")
    given = scene.parameters
    vertices, albedo = geometry(scene), scene.model.albedo(given["albedo"])
    return renderer(vertices, albedo, given["light"], given["pose"])


def geometry(scene: Scene) -> Tensor:
    return scene.model.geometry(scene.parameters["shape"], scene.parameters["expression"])


def assert_rows(found: Tensor, expected: np.ndarray, stride: int, atol: float) -> None:
    """Compare every `stride`th row of (B,V,3) with (B,3,V)."""
    np.testing.assert_allclose(found.detach()[:, ::stride].transpose(1, 2).numpy(), expected, rtol=0, atol=atol)


def test_face_model(scene, figures):
    """Coefficients would be in another unit, or a mean be left out."""
    assert_rows(geometry(scene), figures["vertices"], 5, 1e-4)
    assert_rows(scene.model.albedo(scene.parameters["albedo"]), figures["albedo"], 5, 1e-5)


def test_pose(scene, figures, drawn):
    """Faces would be turned about other axes, or stand elsewhere in the picture."""
    pose = scene.parameters["pose"].detach()
    np.testing.assert_allclose(rotation_matrix(pose[:, :3]).numpy(), figures["rotation"], atol=1e-6)
    translation = pose[:, 3:] + torch.tensor([0.0, 0.0, 1000.0])
    np.testing.assert_allclose(translation.numpy(), figures["translation"][..., 0], rtol=1e-6)
    assert_rows(drawn.points, figures["projected"], 2, 1e-3)
    landmarks = drawn.points.index_select(1, scene.model.landmarks68)[..., :2]
    assert_rows(landmarks, figures["landmarks"], 1, 1e-3)


def test_light(scene, figures):
    """A face would be lit from another side, or its shading differ by the length of the normals."""
    given = {part: value.detach() for part, value in scene.parameters.items()}
    offset = torch.zeros(3, 9)
    offset[:, 0] = AMBIENT
    np.testing.assert_allclose((given["light"] + offset.flatten()).numpy(), figures["light"], rtol=1e-5)
    vertices = geometry(scene).detach()
    topology = Renderer(scene.model.triangles, 8).topology
    assert_rows(vertex_normals(vertices, topology, unit=False), figures["normals"], 2, 1e-5)
    normals = vertex_normals(to_camera_frame(vertices, given["pose"]), topology, unit=False)
    colours = scene.model.albedo(given["albedo"]) * shade(released_directions(normals), given["light"])
    assert_rows(colours, figures["shaded"], 5, 1e-4)


def test_picture(scene, figures, drawn):
    """The renderer would draw another picture than the authors' of the same mesh.

    Colours agree to 4e-5, single pixels to 1e-4, as theirs rounds. Masks may differ by single pixels at the edges, and
    where theirs leaves out a tile (`left_out`).
    """
    mask = drawn.mask.numpy().astype(bool)[:, 0]
    theirs = np.unpackbits(figures["mask_bits"]).astype(bool)[: mask.size].reshape(mask.shape)
    assert theirs.sum((1, 2)).tolist() == figures["mask_pixels"].tolist()
    differ = (mask != theirs) & ~left_out(mask)
    assert (differ.sum((1, 2)) <= 9).all()
    both = (mask & theirs)[:, None]
    found = drawn.image.detach().double().numpy() * both
    errors = np.abs(found[..., ::4, ::4] - figures["image_stride4"] * both[..., ::4, ::4])
    assert (
        errors.max() <= 1e-4 and np.quantile(errors[np.broadcast_to(both[..., ::4, ::4], errors.shape)], 0.999) <= 4e-5
    )
    np.testing.assert_allclose(found.sum((1, 2, 3)), figures["image_sum"], rtol=1e-3)


def left_out(mask: np.ndarray) -> np.ndarray:
    """Return the rows and columns (B,S,S) of 32 px tiles that start exactly at the mesh's largest whole x or y.

    The authors' rasteriser draws nothing there.
    """
    places = np.arange(mask.shape[1])
    found = np.zeros_like(mask)
    for picture, drawn in zip(found, mask, strict=True):
        bottom, right = (places[drawn.any(axis)].max() for axis in (1, 0))
        picture[bottom:] |= bottom % 32 == 0
        picture[:, right:] |= right % 32 == 0
    return found


def test_gradients(scene, figures, drawn):
    """R would be steered otherwise than the authors' by the same error of a picture."""
    theirs = np.unpackbits(figures["mask_bits"])[: drawn.mask.numel()].reshape(drawn.mask.shape)
    weighed = drawn.image * scene.probe * torch.from_numpy(theirs)
    gradients = torch.autograd.grad(weighed.sum(), list(scene.parameters.values()))
    for part, gradient in zip(scene.parameters, gradients, strict=True):
        expected = figures[f"grad_{part}"]
        np.testing.assert_allclose(gradient.numpy(), expected, rtol=0, atol=2e-4 * np.abs(expected).max(), err_msg=part)
