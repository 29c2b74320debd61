"""Speed and memory against the peers; each module is one command: `python -m benchmarks.<name> --json [FILE]`."""
