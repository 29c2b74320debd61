"""The encoders of R, a file each: `make(outputs, size, width)` returns a module whose last layer is called `fc`."""
