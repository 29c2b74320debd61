"""Time the renderer: `python -m benchmarks.rendering --json [FILE]`.

Every importable backend on one CPU thread, and on CUDA where there is one, forward and forward + backward, at four
sizes. "draw" is rasterization and interpolation alone (the part in which backends differ); "render" is the
whole renderer with camera, normals and light. Times are the best of the repeats, in milliseconds: CPU time, which other
work on the machine hardly changes, or a GPU's.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.spatial import Delaunay
from torch import Tensor

from focus.errors import FocusError
from focus.files import write_json
from focus.rendering import Renderer, Topology
from focus.rendering.renderer import BACKENDS
from focus.seeds import torch_generator


@dataclass(frozen=True)
class Size:
    """One workload: vertices of the mesh, side of the image in pixels, images in a batch."""

    name: str
    vertices: int
    pixels: int
    batch: int


SIZES = (
    Size("demo", 2_200, 64, 32),
    Size("small", 5_000, 112, 12),
    Size("face crop, one photo", 28_000, 224, 1),
    Size("full BFM", 53_000, 224, 12),
)
WARM_UP = Size("warm-up", 300, 24, 2)
# pytorch3d's CPU kernel tries every triangle at every pixel: beyond so many vertices x pixels (15 s) it is skipped.
SLOW_BACKEND_WORK = 28_000 * 224**2


def head_mesh(vertices: int) -> tuple[Tensor, Tensor]:
    """Return a face-like open surface: (V, 3) float32 in mm, model frame, and (F, 3) int64 counter-clockwise."""
    index = np.arange(vertices) + 0.5
    radius, turn = np.sqrt(index / vertices), np.pi * (1 + math.sqrt(5)) * index
    flat = np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
    triangles = Delaunay(flat).simplices.astype(np.int64)
    polar = radius * math.radians(105)  # ears and neck bend backwards, out of sight
    sphere = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], axis=1)
    nose = 0.25 * np.exp(-((sphere[:, 0] / 0.18) ** 2) - ((sphere[:, 1] + 0.1) / 0.3) ** 2) * (sphere[:, 2] > 0)
    ripple = 0.02 * np.sin(7 * sphere[:, 0]) * np.cos(9 * sphere[:, 1])
    surface = sphere * (1 + nose + ripple)[:, None] * np.array([80.0, 100.0, 90.0])
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    clockwise = (b - a)[:, 0] * (c - a)[:, 1] < (b - a)[:, 1] * (c - a)[:, 0]
    triangles[clockwise] = triangles[clockwise][:, [0, 2, 1]]
    return torch.from_numpy(surface.astype(np.float32)), torch.from_numpy(triangles)


def scene(size: Size, device: torch.device) -> tuple[Tensor, list[Tensor]]:
    """Return triangles and the renderer's four inputs (vertices, albedo, light, pose), leaves with gradients."""
    generator = torch_generator(0, "benchmarks", "rendering", size.name)
    vertices, triangles = head_mesh(size.vertices)
    scale = 1 + 0.03 * torch.randn(size.batch, 1, 3, generator=generator)
    spread = torch.tensor([0.25, 0.5, 0.2, 10.0, 10.0, 20.0])
    inputs = [
        vertices * scale,
        torch.rand(size.batch, size.vertices, 3, generator=generator),
        0.1 * torch.randn(size.batch, 27, generator=generator),
        spread * (2 * torch.rand(size.batch, 6, generator=generator) - 1),
    ]
    return triangles.to(device), [value.to(device).requires_grad_() for value in inputs]


def milliseconds(action: Callable[[], object], device: torch.device, budget: float) -> float:
    """Return the best time of `action` in ms, over as many repeats as fit `budget` seconds (at least one)."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    times: list[float] = []
    while not times or sum(times) < budget:
        start = clock()
        action()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(clock() - start)
    return 1000 * min(times)


def measure(backend: str, size: Size, device: torch.device, budget: float) -> dict[str, float]:
    """Return the four times of one backend at one size, ms: draw and render, forward and forward + backward."""
    triangles, inputs = scene(size, device)
    renderer = Renderer(triangles, size.pixels, backend=backend)
    draw, topology = BACKENDS[backend](), Topology(triangles)
    points = renderer.camera.project(inputs[0], inputs[3]).detach().requires_grad_()
    colours = inputs[1].detach().requires_grad_()
    weight = torch.randn(size.batch, size.pixels, size.pixels, 3, device=device)

    def render() -> Tensor:
        return renderer(*inputs).image.permute(0, 2, 3, 1)

    def draw_only() -> Tensor:
        return draw(points, colours, topology, size.pixels, False)[0]

    def both(forward: Callable[[], Tensor], leaves: list[Tensor]) -> None:
        torch.autograd.grad(forward(), leaves, weight)

    actions = {
        "draw_forward": torch.no_grad()(draw_only),
        "draw_both": lambda: both(draw_only, [points, colours]),
        "render_forward": torch.no_grad()(render),
        "render_both": lambda: both(render, inputs),
    }
    return {name: round(milliseconds(action, device, budget), 2) for name, action in actions.items()}


def rows(budget: float) -> Iterator[dict[str, object]]:
    """Measure every importable backend at every size on every device, one row each."""
    devices = [torch.device("cpu")] + [torch.device("cuda")] * torch.cuda.is_available()
    for backend in BACKENDS:
        try:
            BACKENDS[backend]()
        except FocusError as error:
            print(f"skipped: {error}", file=sys.stderr)
            continue
        for device in devices:
            measure(backend, WARM_UP, device, 0)  # a process's first calls take up to half a second more
            for size in SIZES:
                slow = backend == "pytorch3d" and device.type == "cpu"
                if slow and size.vertices * size.batch * size.pixels**2 > SLOW_BACKEND_WORK:
                    continue
                where = {"backend": backend, "device": device.type, "size": size.name, "vertices": size.vertices}
                yield where | {"pixels": size.pixels, "batch": size.batch} | measure(backend, size, device, budget)


def main() -> None:
    """Print a table, or JSON with --json, to a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="JSON, to FILE or to standard output")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds spent on each time (default 1)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = list(rows(arguments.budget))
    machine = {"torch": torch.__version__, "processor": platform.processor() or platform.machine(), "threads": 1}
    if arguments.json is None:
        for row in results:
            print("  ".join(f"{key} {value}" for key, value in row.items()))
    elif arguments.json == "-":
        print(json.dumps({"machine": machine, "milliseconds": results}, indent=2))
    else:
        write_json(Path(arguments.json), {"machine": machine, "milliseconds": results})


if __name__ == "__main__":
    main()
