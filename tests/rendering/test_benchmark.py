from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from focus.rendering import Renderer


@pytest.fixture
def benchmark() -> Iterator[ModuleType]:
    path = Path(__file__).parents[2] / "benchmarks" / "rendering.py"
    spec = importlib.util.spec_from_file_location("benchmarks_rendering", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    threads = torch.get_num_threads()
    yield module
    torch.set_num_threads(threads)
    del sys.modules[spec.name]


def test_times_are_of_a_visible_face(benchmark: ModuleType) -> None:
    """The benchmark would time an empty image."""
    size = benchmark.Size("tiny", 300, 24, 2)
    triangles, inputs = benchmark.scene(size, torch.device("cpu"))
    assert 0.3 < Renderer(triangles, 24)(*inputs).mask.mean() < 0.8


def test_json(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`python -m benchmarks.rendering --json FILE` would fail, or leave a time out."""
    file = tmp_path / "times.json"
    monkeypatch.setattr(benchmark, "SIZES", (benchmark.Size("tiny", 300, 24, 2),))
    monkeypatch.setattr(sys, "argv", ["rendering", "--json", str(file), "--budget", "0"])
    benchmark.main()
    rows = json.loads(file.read_text())["milliseconds"]
    assert {"torch"} <= {row["backend"] for row in rows}
    for row in rows:
        assert all(row[name] > 0 for name in ("draw_forward", "draw_both", "render_forward", "render_both"))
