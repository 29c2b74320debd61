"""Time the NoW error of one scan: `python -m benchmarks.now [--json FILE]`.

Seconds (best of the repeats), CPU seconds, and peak memory of the whole process, for three sizes; each size runs in a
process of its own, so that its peak is its own. Inputs are the reference pair of tests/fixtures/now, with the triangles
split at their edges' middles for the large ones. The public code took 3.1 s (4.9 CPU s) for a 60k-vertex scan against a
58k-vertex mesh on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from focus.evaluation.now import now_errors
from focus.files import write_json

FIXTURE = Path(__file__).parents[1] / "tests" / "fixtures" / "now" / "reference.npz"


@dataclass(frozen=True)
class Size:
    """How often each triangle is split in four, and which share of the scan's vertices is kept (every n-th)."""

    scan_splits: int
    keep_every: int
    mesh_splits: int
    repeats: int


SIZES = {
    "pipeline": Size(scan_splits=0, keep_every=4, mesh_splits=0, repeats=20),
    "60k scan": Size(scan_splits=1, keep_every=1, mesh_splits=2, repeats=5),
    "120k scan": Size(scan_splits=2, keep_every=2, mesh_splits=2, repeats=3),
}


def split(vertices: np.ndarray, triangles: np.ndarray, times: int) -> tuple[np.ndarray, np.ndarray]:
    """Split every triangle in four at its edges' middles, `times` times; (V, 3) float64 and (F, 3) int64."""
    for _ in range(times):
        edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        unique, place = np.unique(edges, axis=0, return_inverse=True)
        middle = len(vertices) + place.reshape(-1, 3)
        a, b, c = triangles.T
        ab, bc, ca = middle.T
        corners = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        vertices = np.concatenate([vertices, vertices[unique].mean(1)])
        triangles = np.concatenate([np.stack(triple, axis=1) for triple in corners])
    return vertices, triangles


def measure(name: str) -> dict[str, float | int | str]:
    """Time one size in this process."""
    size = SIZES[name]
    with np.load(FIXTURE) as arrays:
        scan, _ = split(arrays["scan_vertices"].astype(float), arrays["scan_triangles"].astype(int), size.scan_splits)
        mesh = arrays["c01/prediction_vertices"].astype(float), arrays["prediction_triangles"].astype(int)
        landmarks = arrays["scan_landmarks"], arrays["c01/prediction_landmarks"]
    scan, mesh = scan[:: size.keep_every], split(*mesh, size.mesh_splits)
    times = []
    for _ in range(size.repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        result = now_errors(scan, landmarks[0], *mesh, landmarks[1])
        times.append((time.perf_counter() - start, time.process_time() - start_cpu))
    seconds, cpu = min(times)
    return {
        "size": name,
        "scan_vertices": len(scan),
        "in_crop": len(result.errors),
        "mesh_vertices": len(mesh[0]),
        "seconds": round(seconds, 4),
        "cpu_seconds": round(cpu, 4),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "median_mm": round(float(np.median(result.errors)), 4),
    }


def main() -> None:
    """Measure the three sizes, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--size", choices=SIZES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.size:
        print(json.dumps(measure(arguments.size)))
        return
    rows = []
    for name in SIZES:
        command = [sys.executable, "-m", "benchmarks.now", "--size", name]
        rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        print("  ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    if arguments.json:
        machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
        machine["load_average"] = round(os.getloadavg()[0], 2)  # wall times on a busy machine say little
        write_json(arguments.json, {"machine": machine, "sizes": rows})


if __name__ == "__main__":
    main()
