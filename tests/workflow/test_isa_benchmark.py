"""`python -m benchmarks.isa`."""

import pytest
from benchmarks.isa import apart, compared

from focus.environment import isa


def test_the_best_of_the_rounds_counts():
    """The ratio would be of what else the machine did."""
    rounds = [
        {"avx2": {"kernels": "AVX2", "segmentation": 0.3}, "native": {"kernels": "AVX512", "segmentation": 0.25}},
        {"avx2": {"kernels": "AVX2", "segmentation": 0.4}, "native": {"kernels": "AVX512", "segmentation": 0.2}},
    ]
    assert compared(rounds) == {"segmentation": {"avx2": 0.3, "native": 0.2, "ratio": 1.5}}


@pytest.mark.skipif(bool(isa.lacking()), reason="no AVX2 here")
def test_a_measurement_is_held_to_its_instruction_set():
    """Both columns would be of the same kernels, this process's own: avx2 would seem to cost nothing."""
    found = apart("avx2", "smoke")
    assert found.pop("kernels") == "AVX2"
    assert set(found) == {"initialise", "pretrain", "reconstruction_masked", "segmentation"}
    assert all(value > 0 for value in found.values())
