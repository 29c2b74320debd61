"""Which instruction set the libraries compute with: AVX2 on every x86-64 machine, so that all compute the same bits.

Each library chooses its kernels by the CPU that it finds, and sums in another order with wider vectors. The variables
below hold them to AVX2. Libraries read them as they load, so `pin` must come before the first import of NumPy or torch:
it is the first thing that happens in `python -m focus.stages.NAME` (focus/stages/__init__.py).
"""

from __future__ import annotations

import logging
import os
import platform
from pathlib import Path

logger = logging.getLogger(__name__)

CPUINFO = Path("/proc/cpuinfo")
NEEDED = {"avx2", "fma"}  # with both, glibc's libm takes the same path on every CPU as well

VARIABLES: dict[str, str | None] = {
    # torch's own kernels, and the SLEEF in them (exp, log, sin, …).
    "ATEN_CPU_CAPABILITY": "avx2",
    # oneDNN: torch's convolutions.
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    # MKL: torch's matrix products, LAPACK and FFT. Its AVX2 path is one on Intel's CPUs and another one on AMD's;
    # COMPATIBLE is the only one that gives the same bits on both.
    "MKL_CBWR": "COMPATIBLE",
    # OpenBLAS, of which NumPy and SciPy have a copy each.
    "OPENBLAS_CORETYPE": "Haswell",
    # Its sums would be cut by the number of cores; torch's threads are `compute.threads`.
    "OPENBLAS_NUM_THREADS": "1",
    # NumPy: the only dispatched path that stays on, and so wider ones that a later NumPy may have are off. (One that
    # does not know the name runs its baseline, which is no wider.) It refuses to load with the other variable beside.
    "NPY_ENABLE_CPU_FEATURES": "X86_V3",
    "NPY_DISABLE_CPU_FEATURES": None,
    # OpenCV and Numba: loaded by the detector face-alignment alone.
    "OPENCV_CPU_DISABLE": "AVX512-COMMON,AVX512-SKX,AVX512-CNL,AVX512-CLX,AVX512-ICL",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "",
}
"""What holds each library to AVX2, whatever the environment says; None: the variable must not be set."""


def pin(isa: str) -> None:
    """Hold the libraries that this process loads from now on to `isa`: "avx2", or "native" for what the CPU offers.

    Where the CPU has no AVX2 one line says so, and "native" it is.
    """
    if isa == "native":
        return
    lacks = lacking()
    if lacks:
        logger.warning("compute.isa: found %s, expected an x86-64 CPU with AVX2: native, other bits", lacks)
        return
    for name, value in VARIABLES.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def lacking() -> str:
    """Return in words why this machine cannot compute with AVX2; "" where it can."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return platform.machine()
    flags = cpu_flags()
    return "" if flags >= NEEDED else f"no {' or '.join(sorted(NEEDED - flags))}"


def cpu_flags() -> set[str]:
    """Return the features that Linux names for the CPU."""
    lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    found = [line.partition(":")[2].split() for line in lines if line.startswith("flags")]
    return set(found[0]) if found else set()
