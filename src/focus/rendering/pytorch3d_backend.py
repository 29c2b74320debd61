"""pytorch3d's rasterizer as an optional backend, for CUDA and for cross-checks (conda-forge; not on PyPI).

pytorch3d's coordinates are +x left and +y up, the short side spans [-1, 1] and pixel centres lie at i + 0.5; ours are x
right, y down, centres at integers. Tried with pytorch3d 0.7.9 on a CPU, it differs from the torch backend as follows.

- A pixel centre exactly on an edge belongs to no triangle there: a crack, where ours has none. All others agreed.
- float32 only. It adds 1e-8 to each triangle's area, so affine interpolation is off by more the smaller the triangles
  are: up to 3e-3 in the image and 8e-3 of the vertex gradients for 28,000 vertices at 224 px; perspective far less.
- On a CPU it takes a hundred to a thousand times as long. The deterministic mode that every stage sets holds there, and
  a repeat gives the same bits. On CUDA both backward passes raise a RuntimeError in that mode (so its source; not
  tried): train with the torch backend, which runs on CUDA too, or outside the stages with the mode at "warn".
"""

from __future__ import annotations

import torch
from torch import Tensor

from focus.errors import FocusError
from focus.rendering.topology import Topology

try:
    from pytorch3d.ops import interpolate_face_attributes
    from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
    from pytorch3d.structures import Meshes
except ImportError as error:
    raise FocusError(f"rendering backend pytorch3d: not importable ({error}); expected pytorch3d, or 'torch'") from None


def to_ndc(points: Tensor, height: int, width: int) -> Tensor:
    """Turn (B, V, 3) pixels with centres at integers into pytorch3d's normalised device coordinates."""
    x, y, depth = points.unbind(-1)
    short = min(height, width)
    return torch.stack([(width - 2 * (x + 0.5)) / short, (height - 2 * (y + 0.5)) / short, depth], dim=-1)


def draw(points: Tensor, colours: Tensor, topology: Topology, size: int, perspective: bool) -> tuple[Tensor, Tensor]:
    """Rasterize and interpolate with pytorch3d; see focus.rendering.renderer.Backend for the shapes.

    Raises:
        FocusError: when `points` is not float32.
    """
    if points.dtype != torch.float32:
        raise FocusError(f"rendering backend pytorch3d: points of {points.dtype}, expected torch.float32, or 'torch'")
    batch = len(points)
    meshes = Meshes(verts=to_ndc(points, size, size), faces=topology.triangles.expand(batch, -1, -1))
    packed, _, barycentric, _ = rasterize_meshes(
        meshes,
        image_size=(size, size),
        blur_radius=0.0,
        faces_per_pixel=1,
        perspective_correct=perspective,
        clip_barycentric_coords=False,
        cull_backfaces=True,
    )
    corners = colours.flatten(0, 1).index_select(0, meshes.faces_packed().reshape(-1))
    image = interpolate_face_attributes(packed, barycentric, corners.view(-1, 3, colours.shape[-1]))[..., 0, :]
    # Faces are numbered through the whole batch there, from 0 in each image here.
    first = (torch.arange(batch, device=points.device) * len(topology.triangles)).view(-1, 1, 1)
    packed = packed[..., 0]
    return image, torch.where(packed >= 0, packed - first, packed)
