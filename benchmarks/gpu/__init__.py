"""What scripts/gpu_check.py measures on a GPU: parity with the CPU, speed, and a run of profile `medium`."""
