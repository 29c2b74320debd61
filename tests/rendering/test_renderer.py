from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from focus.errors import FocusError
from focus.rendering import Renderer

Inputs = tuple[Tensor, Tensor, Tensor, Tensor]


@pytest.fixture
def make_inputs(make_face: Callable, generator: torch.Generator) -> Callable[..., tuple[Tensor, Inputs]]:
    """Triangles and (vertices, albedo, light, pose) of a batch of different faces, poses and lights."""

    def make(side: int, batch: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Inputs]:
        def random(*shape: int) -> Tensor:
            return torch.randn(*shape, dtype=dtype, generator=generator)

        vertices, triangles = make_face(side, dtype)
        pose = random(batch, 6) * torch.tensor([0.2, 0.2, 0.2, 5, 5, 20], dtype=dtype)
        inputs = (vertices + random(batch, side**2, 3), random(batch, side**2, 3).abs(), random(batch, 27) / 5, pose)
        return triangles, tuple(value.requires_grad_() for value in inputs)

    return make


@pytest.fixture
def restore_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [1, 3])
def test_shapes_and_types(make_inputs: Callable, batch: int, dtype: torch.dtype) -> None:
    """Networks and losses would get images in another layout than (B, 3, S, S)."""
    triangles, inputs = make_inputs(6, batch, dtype)
    rendering = Renderer(triangles, 20)(*inputs)
    assert rendering.image.shape == (batch, 3, 20, 20) and rendering.image.dtype == dtype
    assert rendering.mask.shape == (batch, 1, 20, 20) and rendering.mask.dtype == dtype
    assert rendering.points.shape == (batch, 36, 3)
    assert rendering.image.is_contiguous()
    assert not rendering.mask.requires_grad
    assert set(rendering.mask.unique().tolist()) == {0, 1}
    assert (rendering.image * (1 - rendering.mask) == 0).all()


@pytest.mark.parametrize("interpolation", ["affine", "perspective"])
def test_gradients(make_inputs: Callable, interpolation: str) -> None:
    """Some parameter would be trained with a wrong gradient."""
    triangles, inputs = make_inputs(3, 1, torch.float64)
    renderer = Renderer(triangles, 8, interpolation)

    def render(*inputs: Tensor) -> Tensor:
        return renderer(*inputs).image

    assert renderer(*inputs).mask.sum() > 15
    assert torch.autograd.gradcheck(render, inputs, eps=1e-6, atol=1e-5)


def test_identical_on_repeat_and_with_two_threads(make_inputs: Callable, restore_threads: None) -> None:
    """Two runs of the same training would differ, and stored results could not be checked exactly."""
    triangles, inputs = make_inputs(50, 6)
    renderer = Renderer(triangles, 64)
    weight = torch.randn(6, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    results = []
    for threads in (1, 1, 2, 2, 2):
        torch.set_num_threads(threads)
        rendering = renderer(*inputs)
        results.append([rendering.image, rendering.mask, *torch.autograd.grad(rendering.image, inputs, weight)])
    for result in results[1:]:
        assert all(torch.equal(mine, first) for mine, first in zip(result, results[0], strict=True))


def test_images_of_a_batch_are_independent(make_inputs: Callable) -> None:
    """Faces of one image would leak into another."""
    triangles, inputs = make_inputs(12, 4)
    renderer = Renderer(triangles, 32)
    together = renderer(*inputs)
    for k in range(4):
        alone = renderer(*(value[k : k + 1] for value in inputs))
        assert torch.equal(alone.mask[0], together.mask[k])
        assert torch.allclose(alone.image[0], together.image[k], atol=1e-4)


def upright(make_face: Callable, light: Tensor, colour_by_height: bool = False) -> tuple[Tensor, Tensor]:
    vertices, triangles = make_face(21)
    albedo = torch.full_like(vertices, 0.5)
    if colour_by_height:
        albedo = torch.stack([vertices[:, 1] > 0, vertices[:, 1] < 0, vertices[:, 0] > 0], dim=1).float()
    rendering = Renderer(triangles, 64)(vertices[None], albedo[None], light, torch.zeros(1, 6))
    return rendering.image[0], rendering.mask[0, 0]


def test_up_and_right_in_the_model_are_up_and_right_in_the_image(make_face: Callable) -> None:
    """The mean face would stand on its head or be mirrored."""
    image, mask = upright(make_face, torch.zeros(1, 27), colour_by_height=True)
    red, green, blue = image
    assert red[16, 32] > 1 and green[16, 32] == 0
    assert red[48, 32] == 0 and green[48, 32] > 1
    assert blue[32, 42] > 1 and blue[32, 21] == 0
    assert mask[32, 32] == 1 and mask[0, 0] == 0
    # 95 mm up and 1000 mm away: 95 sin(0.45 pi) f / z at 64 px, about 27 rows above and below the centre.
    rows = mask.any(dim=1).nonzero().squeeze(1)
    assert 24 <= 31.5 - rows.min() <= 28 and 24 <= rows.max() - 31.5 <= 28


def test_light_from_above_brightens_the_top(make_face: Callable) -> None:
    """Normals would be in the wrong frame, or point inwards."""
    light = torch.zeros(1, 27)
    light[0, [1, 10, 19]] = 1.0  # -0.48860 ny; up is negative y in the camera frame
    image, _ = upright(make_face, light)
    assert (image[:, 10, 32] > image[:, 32, 32] + 0.1).all()
    assert (image[:, 53, 32] < image[:, 32, 32] - 0.1).all()


def test_light_from_the_camera_brightens_the_middle(make_face: Callable) -> None:
    """Normals of the visible side would point away from the camera."""
    light = torch.zeros(1, 27)
    light[0, [2, 11, 20]] = -1.0  # 0.48860 nz; towards the camera is negative z
    image, _ = upright(make_face, light)
    assert (image[:, 32, 32] > image[:, 10, 32] + 0.03).all()


def test_untrained_face_is_the_albedo_times_the_ambient_light(make_face: Callable) -> None:
    """The mean face would start with another brightness than the released code's."""
    image, mask = upright(make_face, torch.zeros(1, 27))
    assert torch.allclose(image, mask * 0.5 * 0.7 * 2 * torch.pi * 0.2820948, atol=1e-5)


def test_face_out_of_sight_is_an_empty_image(make_inputs: Callable) -> None:
    """A diverged pose would crash the step."""
    triangles, (vertices, albedo, light, pose) = make_inputs(5, 2)
    away = pose.detach() + torch.tensor([0, 0, 0, 1e5, 0, 0])
    rendering = Renderer(triangles, 16)(vertices, albedo, light, away.requires_grad_())
    assert rendering.mask.sum() == 0
    assert all((g == 0).all() for g in torch.autograd.grad(rendering.image.sum(), (vertices, albedo, light)))


def test_exceptions(make_inputs: Callable) -> None:
    """A mistyped setting or a wrong shape would surface far from its cause."""
    triangles, (vertices, albedo, light, pose) = make_inputs(5, 2)
    with pytest.raises(FocusError, match=r"backend: 'opengl', expected one of torch, pytorch3d"):
        Renderer(triangles, 16, backend="opengl")
    with pytest.raises(FocusError, match="interpolation: 'cubic'"):
        Renderer(triangles, 16, interpolation="cubic")
    with pytest.raises(FocusError, match="albedo"):
        Renderer(triangles, 16)(vertices, albedo[:1], light, pose)
    with pytest.raises(FocusError, match="light"):
        Renderer(triangles, 16)(vertices, albedo, light[:, :9], pose)
    with pytest.raises(FocusError, match="pose"):
        Renderer(triangles, 16)(vertices, albedo, light, pose[:, :3])
    with pytest.raises(FocusError, match="at least 25"):
        Renderer(triangles, 16)(vertices[:, :20], albedo[:, :20], light, pose)
