"""`dvc --wait-for-lock repro --single-item STAGE`, with the rewriting of dvc.lock made quicker.

After each stage DVC reads the whole of dvc.lock in a way that keeps comments, in pure Python, while it holds its lock:
about 2 s for the 13,000 lines of this pipeline, one stage after the other. dvc.lock has no comments, so the plain
reader does, which takes a tenth of that (libyaml), and DVC writes the same bytes (tests/workflow/test_run_stage.py).
"""

from __future__ import annotations

import sys

import dvc.utils.serialize._yaml as dvc_yaml
from dvc.cli import main


def read_the_lock_plainly() -> None:
    """Let DVC read the files that it updates as plain YAML."""
    dvc_yaml.parse_yaml_for_update = dvc_yaml.parse_yaml


if __name__ == "__main__":
    read_the_lock_plainly()
    sys.exit(main(["--wait-for-lock", "repro", "--single-item", *sys.argv[1:]]))
