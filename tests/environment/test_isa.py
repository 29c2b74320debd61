"""compute.isa: a stage computes with AVX2, whatever the CPU and the environment offer, and gets the committed bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from focus import settings
from focus.environment import isa
from focus.environment.roots import use_exact_roots
from projects import ROOT

WIDE = {**os.environ, "ATEN_CPU_CAPABILITY": "default", "NPY_DISABLE_CPU_FEATURES": "X86_V3", "PYTHONPATH": "src"}
FOUND = """
import json, sys
from focus.environment import isa
isa.pin("avx2")
import numpy, torch, scipy.linalg
from numpy._core import _multiarray_umath as umath
from threadpoolctl import threadpool_info
torch.ones(99, 99) @ torch.ones(99, 99)
torch.nn.functional.conv2d(torch.ones(9, 16, 9, 9), torch.ones(16, 16, 3, 3))
blas = [each for each in threadpool_info() if each["internal_api"] == "openblas"]
print(json.dumps({
    "torch": torch.backends.cpu.get_cpu_capability(),
    "numpy": [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]],
    "openblas": [[each["architecture"], each["num_threads"]] for each in blas],
}))
"""
with_avx2 = pytest.mark.skipif(bool(isa.lacking()), reason="this CPU has no AVX2")


def held(code: str, **further: str) -> str:
    """Return what a Python prints that holds its libraries to AVX2 in an environment that asks for other paths."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**WIDE, **further}, capture_output=True, text=True, check=True
    )
    return done.stdout


@with_avx2
def test_no_library_computes_with_more_than_avx2():
    """A library's wider path would stay on, as with a NumPy that names them otherwise: other bits with AVX-512."""
    *lines, found = held(FOUND, MKL_VERBOSE="1", ONEDNN_VERBOSE="all").strip().splitlines()
    expected = {"torch": "AVX2", "numpy": ["X86_V3"], "openblas": [["Haswell", 1], ["Haswell", 1]]}
    assert json.loads(found) == expected
    products = [line for line in lines if line.startswith("MKL_VERBOSE SGEMM")]
    assert products and all("CNR:COMPATIBLE" in line for line in products)
    onednn = [line for line in lines if "onednn_verbose" in line and "isa:" in line]
    assert onednn and all("AVX2" in line and "AVX512" not in line.upper().replace("-", "") for line in onednn)


@with_avx2
def test_opencv_computes_with_no_more_than_avx2():
    """The detector face-alignment would resize by AVX-512."""
    pytest.importorskip("cv2")
    line = held("from focus.environment import isa; isa.pin('avx2'); import cv2; print(cv2.getCPUFeaturesLine())")
    on = [name for name in line.split() if not name.endswith("?")]
    assert "*AVX2" in on and not [name for name in on if "512" in name]


@with_avx2
def test_a_stage_computes_with_avx2(tmp_path: Path):
    """A stage would set its variables after torch has read them, and compute what the CPU or the shell chooses."""
    for name in ("profiles", "src", "workflow"):
        (tmp_path / name).symlink_to(ROOT / name)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({**params, "profile": "smoke"}))
    done = subprocess.run(
        [sys.executable, "-m", "focus.stages.face_model"], cwd=tmp_path, env=WIDE, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "logs/cost/face_model.json").read_text())["cpu_capability"] == "AVX2"


@with_avx2
def test_operations_have_the_committed_bits():
    """A library would compute other bits on this CPU than where the results were made; the group says which.

    After another version of a library: tests/fixtures/bits/README.md.
    """
    done = subprocess.run(
        [sys.executable, "tests/support/operations.py"], cwd=ROOT, env=WIDE, capture_output=True, text=True, check=True
    )
    found = {name: digest for digest, name in (line.split(" ", 1) for line in done.stdout.splitlines())}
    assert found == json.loads((ROOT / "tests/fixtures/bits/operations.json").read_text())


def test_every_profile_says_avx2():
    """A profile would quietly have bits of its own on each machine (medium is for a GPU: none compares its bits)."""
    names = {path.stem for path in (ROOT / "profiles").glob("*.yaml")} - {"medium"}
    assert names and {settings.read_profile(name, ROOT).compute.isa for name in names} == {"avx2"}


@pytest.mark.parametrize(
    ("machine", "flags", "line"),
    [
        ("aarch64", "fp asimd", "compute.isa: found aarch64, expected an x86-64 CPU with AVX2: native, other bits"),
        (
            "x86_64",
            "sse2 avx",
            "compute.isa: found no avx2 or fma, expected an x86-64 CPU with AVX2: native, other bits",
        ),
    ],
)
def test_without_avx2_one_line_says_so(machine, flags, line, tmp_path, monkeypatch, caplog):
    """The stage would die of an illegal instruction, or differ without a word."""
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(isa, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr("platform.machine", lambda: machine)
    before = dict(os.environ)
    isa.pin("avx2")
    assert caplog.messages == [line] and dict(os.environ) == before


def test_native_leaves_everything_as_it_is():
    """`native` would still hold the libraries to AVX2."""
    before = dict(os.environ)
    isa.pin("native")
    assert dict(os.environ) == before


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_roots_are_correctly_rounded(dtype):
    """Adam's steps would differ between AMD's and Intel's CPUs."""
    use_exact_roots()
    x = torch.rand(2003, 3, dtype=dtype) + 0.01
    expected = np.sqrt(x.numpy())
    into = torch.empty(0, dtype=dtype)
    torch.sqrt(x, out=into)
    for found in (x.sqrt(), x.clone().sqrt_(), into, torch._foreach_sqrt([x])[0], x.t().sqrt().t()):
        assert found.dtype == dtype and np.array_equal(found.numpy(), expected)


def test_roots_have_gradients_and_edges():
    """A loss with a root would not train, or -1, 0 and whole numbers have other roots than torch's."""
    use_exact_roots()
    assert torch.autograd.gradcheck(torch.sqrt, torch.rand(5, dtype=torch.float64).add(0.1).requires_grad_())
    edges = torch.tensor([-1.0, 0.0, float("inf")]).sqrt()
    assert edges.isnan().tolist() == [True, False, False] and edges[1:].tolist() == [0, float("inf")]
    assert torch.tensor(9).sqrt().item() == 3 and torch.tensor(4.0, dtype=torch.bfloat16).sqrt().dtype == torch.bfloat16
