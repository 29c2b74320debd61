"""Against pytorch3d: its stored results (tests/fixtures/pytorch3d), and its adapter."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from focus.errors import FocusError
from focus.rendering import Renderer, Topology, interpolate, rasterize

FIXTURES = Path(__file__).parents[1] / "fixtures" / "pytorch3d"
CASES = ["face_2500_64_affine", "face_2500_64_persp", "face_5000_112_persp"]
HALF_PIXEL = torch.tensor([0.5, 0.5, 0.0])
ADAPTER = "focus.rendering.pytorch3d_backend"


def load(case: str) -> dict[str, Tensor]:
    with np.load(FIXTURES / f"{case}.npz", allow_pickle=False) as arrays:
        golden = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    return golden | {"points": golden["vertices_px"] - HALF_PIXEL, "pix_to_face": golden["pix_to_face"].long()}


def relative(mine: Tensor, golden: Tensor) -> float:
    return float((mine - golden).norm() / golden.norm())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("case", CASES)
def test_agrees_with_pytorch3d(case: str, dtype: torch.dtype) -> None:
    """Pixels, colours or gradients would differ from those of the field's reference rasterizer."""
    golden = load(case)
    points = golden["points"].to(dtype).requires_grad_()
    colours = golden["colours"].to(dtype).requires_grad_()
    topology = Topology(golden["faces"])
    seen = rasterize(points, topology, *golden["pix_to_face"].shape[1:])
    assert torch.equal(seen, golden["pix_to_face"])
    image = interpolate(points, colours, topology, seen, perspective="persp" in case)
    assert torch.allclose(image, golden["image"].to(dtype), rtol=0, atol=2e-3)
    gradients = torch.autograd.grad(image, (points, colours), golden["grad_image"].to(dtype))
    assert relative(gradients[0], golden["grad_vertices"]) < 1e-2
    assert relative(gradients[1], golden["grad_colours"]) < 1e-2


def test_missing_pytorch3d_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person without pytorch3d would get a traceback instead of what to install."""
    monkeypatch.setitem(sys.modules, "pytorch3d", None)
    monkeypatch.setitem(sys.modules, "pytorch3d.ops", None)
    monkeypatch.delitem(sys.modules, ADAPTER, raising=False)
    with pytest.raises(FocusError, match="pytorch3d") as caught:
        Renderer(torch.tensor([[0, 1, 2]]), 16, backend="pytorch3d")
    assert "\n" not in str(caught.value)


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The adapter over a stand-in for pytorch3d's three names; `adapter.calls` records how they were called."""

    class Meshes:
        def __init__(self, verts: Tensor, faces: Tensor) -> None:
            self.verts, self.faces = verts, faces

        def faces_packed(self) -> Tensor:
            first = torch.arange(len(self.verts)).view(-1, 1, 1) * self.verts.shape[1]
            return (self.faces + first).reshape(-1, 3)

    def rasterize_meshes(meshes: Meshes, **options: object) -> tuple[Tensor, ...]:
        """Pixels by our rasterizer from pytorch3d's coordinates, and its packed face numbers."""
        height, width = options["image_size"]
        x = (width - meshes.verts[..., 0] * min(height, width)) / 2 - 0.5
        y = (height - meshes.verts[..., 1] * min(height, width)) / 2 - 0.5
        points, topology = torch.stack([x, y, meshes.verts[..., 2]], dim=-1), Topology(meshes.faces[0])
        seen = rasterize(points, topology, height, width)
        corners = torch.eye(3).repeat(meshes.verts.shape[1] // 3, 1).expand(len(points), -1, -1)
        weights = interpolate(points, corners, topology, seen, bool(options["perspective_correct"]))
        packed = torch.where(seen >= 0, seen + torch.arange(len(seen)).view(-1, 1, 1) * len(meshes.faces[0]), -1)
        module.calls.append(options)
        return packed.unsqueeze(-1), points, weights.unsqueeze(-2), points

    def interpolate_face_attributes(packed: Tensor, weights: Tensor, corners: Tensor) -> Tensor:
        values = (weights.unsqueeze(-1) * corners[packed.clamp(min=0)]).sum(-2)
        return values * (packed >= 0).unsqueeze(-1)

    names = {"pytorch3d.ops": interpolate_face_attributes, "pytorch3d.structures": Meshes}
    names["pytorch3d.renderer.mesh.rasterize_meshes"] = rasterize_meshes
    for path in ("pytorch3d", "pytorch3d.renderer", "pytorch3d.renderer.mesh", *names):
        monkeypatch.setitem(sys.modules, path, ModuleType(path))
    for path, value in names.items():
        setattr(sys.modules[path], value.__name__, value)
    monkeypatch.delitem(sys.modules, ADAPTER, raising=False)
    module = importlib.import_module(ADAPTER)
    module.calls = []
    yield module
    sys.modules.pop(ADAPTER, None)


def test_adapter_coordinates_by_hand(adapter: ModuleType) -> None:
    """Images would be shifted by half a pixel, mirrored or upside down."""
    points = torch.tensor([[[-0.5, -0.5, 9.0], [63.5, 63.5, 9.0], [31.5, 31.5, 9.0]]])
    assert adapter.to_ndc(points, 64, 64).tolist() == [[[1.0, 1.0, 9.0], [-1.0, -1.0, 9.0], [0.0, 0.0, 9.0]]]
    corner = torch.tensor([[[127.5, 63.5, 9.0]]])
    assert adapter.to_ndc(corner, 64, 128).tolist() == [[[-2.0, -1.0, 9.0]]]


@pytest.mark.parametrize("perspective", [False, True])
def test_adapter_unpacks_faces_and_sets_every_option(
    adapter: ModuleType, generator: torch.Generator, perspective: bool
) -> None:
    """Faces of the second image would be numbered past the mesh, or pytorch3d's defaults (blur, clipping) apply."""
    # Loose triangles with corners 3k, 3k + 1, 3k + 2, so that the stand-in can read barycentric coordinates off.
    points = torch.rand(3, 60, 3, generator=generator) * torch.tensor([16.0, 16.0, 3.0]) + torch.tensor([0.0, 0.0, 1.0])
    topology, colours = Topology(torch.arange(60).view(-1, 3)), torch.rand(3, 60, 3, generator=generator)
    image, seen = adapter.draw(points, colours, topology, 16, perspective)
    assert torch.equal(seen, rasterize(points, topology, 16, 16)) and seen.unique().numel() > 5
    assert torch.allclose(image, interpolate(points, colours, topology, seen, perspective), atol=1e-4)
    expected = {"image_size": (16, 16), "blur_radius": 0.0, "faces_per_pixel": 1, "perspective_correct": perspective}
    assert adapter.calls == [expected | {"clip_barycentric_coords": False, "cull_backfaces": True}]


def test_adapter_refuses_double_precision(adapter: ModuleType) -> None:
    """pytorch3d knows float32 only, and would answer with a traceback."""
    points = torch.ones(1, 3, 3, dtype=torch.float64)
    with pytest.raises(FocusError, match=r"pytorch3d: points of torch.float64, expected torch.float32"):
        adapter.draw(points, points, Topology(torch.tensor([[0, 1, 2]])), 4, False)


@pytest.mark.parametrize("interpolation", ["affine", "perspective"])
def test_backends_agree_where_pytorch3d_is_installed(make_face: Callable, interpolation: str) -> None:
    """The two backends would train different networks."""
    pytest.importorskip("pytorch3d")
    vertices, triangles = make_face(15)
    inputs = (vertices[None], torch.rand_like(vertices)[None], torch.zeros(1, 27), torch.full((1, 6), 0.1))
    ours, theirs = (Renderer(triangles, 48, interpolation, backend)(*inputs) for backend in ("torch", "pytorch3d"))
    assert torch.equal(ours.mask, theirs.mask)
    assert torch.allclose(ours.image, theirs.image, atol=2e-3)


@pytest.fixture
def deterministic() -> Iterator[None]:
    """The mode that every stage sets: operations that are not repeatable raise."""
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("error")
    yield
    torch.set_deterministic_debug_mode(before)


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("case", CASES)
def test_adapter_repeats_the_stored_results_where_pytorch3d_is_installed(case: str) -> None:
    """A mistake in the adapter, which its stand-in shares, would go unseen; or a stage would stop in its mode."""
    pytest.importorskip("pytorch3d")
    golden, draw = load(case), importlib.import_module(ADAPTER).draw
    size, topology = golden["pix_to_face"].shape[1], Topology(golden["faces"])

    def run() -> list[Tensor]:
        points, colours = (golden[name].clone().requires_grad_() for name in ("points", "colours"))
        image, seen = draw(points, colours, topology, size, "persp" in case)
        return [seen, image.detach(), *torch.autograd.grad(image, (points, colours), golden["grad_image"])]

    seen, image, *gradients = first = run()
    assert all(map(torch.equal, first, run()))
    assert torch.equal(seen, golden["pix_to_face"])
    assert torch.allclose(image, golden["image"], rtol=0, atol=1e-5)
    assert relative(gradients[0], golden["grad_vertices"]) < 1e-4
    assert relative(gradients[1], golden["grad_colours"]) < 1e-4
