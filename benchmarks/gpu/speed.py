"""What R and S steps cost on a device, in each way of computing them, and how far that is from its floor.

The floor of a step is the larger of two times: the networks' counted arithmetic over the measured rate of a large
matrix product in that precision, and the bytes that must move at least once (weights, gradients, optimiser state, the
batch) over the measured bandwidth of a large copy.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import rendering as renderers
from benchmarks import training
from benchmarks.steps import Setup, set_up
from focus.errors import FocusError
from focus.networks import Engine
from focus.settings import Profile

Work = Callable[[], object]


@dataclass(frozen=True)
class Way:
    """One way of computing the networks; renderer and losses stay float32."""

    name: str
    bfloat16: bool = False
    tf32: bool = False
    channels_last: bool = False
    compiled: bool = False


WAYS = (
    Way("float32"),
    Way("tf32", tf32=True),
    Way("bfloat16", bfloat16=True, tf32=True),
    Way("bfloat16, channels last", bfloat16=True, tf32=True, channels_last=True),
    Way("bfloat16, compiled", bfloat16=True, tf32=True, compiled=True),
)
KINDS = ("reconstruction", "segmentation")
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
"""Calls by which the host waits for the device, as the profiler names them."""


def prepared(profile: Profile, batch: int, device: torch.device, way: Way) -> Setup:
    """Build the profile's networks for one way of computing."""
    setup = set_up(profile, batch, device)
    for network in (setup.autoencoder.encoder, setup.segmentation, setup.perception.recogniser):
        assert isinstance(network, Engine)
        network.run_with(bfloat16=way.bfloat16, compiled=way.compiled)
        if way.channels_last:
            network.to(memory_format=torch.channels_last)
    return setup


def training_step(setup: Setup, kind: str) -> Work:
    """Return a whole step of one kind with its optimiser (Adadelta, as released)."""
    network: nn.Module = setup.autoencoder.encoder if kind == "reconstruction" else setup.segmentation
    objective = setup.reconstruction() if kind == "reconstruction" else setup.segmenting()
    other = setup.segmentation if kind == "reconstruction" else setup.autoencoder.encoder
    other.eval().requires_grad_(False)
    network.train().requires_grad_(True)
    optimiser = torch.optim.Adadelta(network.parameters(), lr=1e-6)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        loss, _ = objective(0)
        loss.backward()
        optimiser.step()

    return step


def step_times(profile: Profile, batch: int, device: torch.device, way: Way, budget: float) -> dict[str, Any]:
    """Return images per second, seconds, peak memory and host waits of both kinds of step in one way."""
    found: dict[str, Any] = {}
    with products(way):
        for kind in KINDS:
            _reset_memory(device)
            step = training_step(prepared(profile, batch, device, way), kind)
            seconds = median_seconds(step, device, budget / len(KINDS))
            found[kind] = {
                "images_per_s": round(batch / seconds, 1),
                "s": round(seconds, 5),
                "peak_memory_mib": _peak_memory(device),
                "host_waits": host_waits(step, device),
            }
    return found


def arithmetic(profile: Profile, batch: int, device: torch.device) -> dict[str, float]:
    """Return the networks' multiplications and additions of both kinds of step, 10^12."""
    found = {}
    for kind in KINDS:
        step = training_step(prepared(profile, batch, device, WAYS[0]), kind)
        with FlopCounterMode(display=False) as counter:
            step()
        found[kind] = round(counter.get_total_flops() / 1e12, 5)
    return found


def shares(profile: Profile, batch: int, device: torch.device, way: Way, repeats: int) -> dict[str, Any]:
    """Return what networks, rendering, losses and loading take of a step (benchmarks/training.py), seconds."""
    with products(way):
        return training.measure(profile, batch, repeats, device)["seconds"]


@contextmanager
def products(way: Way) -> Iterator[None]:
    """Allow or forbid TF32 in float32 products for a while."""
    kept = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if way.tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = way.tf32
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(kept[0])
        torch.backends.cudnn.allow_tf32 = kept[1]


def median_seconds(step: Work, device: torch.device, budget: float) -> float:
    """Return the median seconds of a step within a budget of seconds, after two to warm up; three runs at least."""
    step()
    step()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < budget and len(times) < 200):
        _wait(device)
        began = time.perf_counter()
        step()
        _wait(device)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def host_waits(step: Work, device: torch.device) -> int | None:
    """Return how often the host waits for the device in one step; None on a CPU, where it never does."""
    if device.type != "cuda":
        return None
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        step()
    return sum(event.count for event in seen.key_averages() if event.key in WAITS)


def ceilings(device: torch.device, side: int = 8192, mib: int = 1024) -> dict[str, float]:
    """Return the measured rates of the device: matrix products in TFLOP/s, by precision, and a copy in GB/s."""
    found: dict[str, float] = {}
    for way, kind in ((WAYS[0], torch.float32), (WAYS[1], torch.float32), (WAYS[2], torch.bfloat16)):
        a, b = (torch.randn(side, side, device=device).to(kind) for _ in range(2))
        with products(way):
            seconds = median_seconds(partial(torch.mm, a, b), device, 1.0)
        found[f"{way.name}_tflop_per_s"] = float(f"{2 * side**3 / seconds / 1e12:.4g}")
    source = torch.randn(mib << 18, device=device)
    target = torch.empty_like(source)
    seconds = median_seconds(partial(target.copy_, source), device, 0.5)
    found["copy_gb_per_s"] = float(f"{2 * (mib << 20) / seconds / 1e9:.4g}")
    return found


def floor_seconds(profile: Profile, batch: int, kind: str, tflop: float, rates: dict[str, float], way: Way) -> float:
    """Return the least seconds that a step can take by its arithmetic and by the bytes that must move once."""
    precision = "bfloat16" if way.bfloat16 else way.name
    setup = set_up(profile, 1, torch.device("cpu"))
    trained = setup.autoencoder.encoder if kind == "reconstruction" else setup.segmentation
    weights = sum(weight.numel() for weight in trained.parameters())
    # Weights and two states of the optimiser are read and written, the gradient is written and read: 8 x float32.
    moved = 4 * (8 * weights + 3 * batch * profile.image.side**2)
    return max(tflop / rates[f"{precision}_tflop_per_s"], moved / rates["copy_gb_per_s"] / 1e9)


def backends(device: torch.device, budget: float) -> list[dict[str, Any]]:
    """Return the renderers' times on the device (benchmarks/rendering.py), pytorch3d's where it is importable, ms."""
    found = []
    for backend in renderers.BACKENDS:
        try:
            renderers.BACKENDS[backend]()
        except FocusError as error:
            found.append({"backend": backend, "skipped": str(error)})
            continue
        for size in renderers.SIZES[2:]:
            where = {"backend": backend, "workload": size.name, "vertices": size.vertices, "batch": size.batch}
            found.append(where | renderers.measure(backend, size, device, budget))
    return found


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _reset_memory(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _peak_memory(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated(device) >> 20 if device.type == "cuda" else None
