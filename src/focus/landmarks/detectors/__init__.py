"""The landmark detectors, a file each: `make(plan, split, device)` returns the `Detector` for the images of a split."""
