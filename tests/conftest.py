"""All tests compute with the instruction set that the stages do, whatever the CPU: the same bits on every machine."""

from focus import isa

isa.pin("avx2")  # before any test imports NumPy or torch
